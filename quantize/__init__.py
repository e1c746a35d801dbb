"""Workstation side: from a trained student (or a user's checkpoint) to INT8 ONNX, with gates that prove nothing was lost."""

import edge_agent  # noqa: F401 (keeps ONNX Runtime from reporting to its makers)
