"""Workstation side: shrink a teacher voice to a MobileSoVITS student (torch lives here and in ``quantize``, never on the device)."""

import edge_agent  # noqa: F401 (keeps ONNX Runtime from reporting to its makers)
