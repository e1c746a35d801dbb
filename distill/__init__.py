"""Workstation side: shrink a teacher voice to a MobileSoVITS student (torch lives here and in ``quantize``, never on the device)."""
