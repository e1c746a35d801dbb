"""Workstation side: from a trained student (or a user's checkpoint) to INT8 ONNX, with gates that prove nothing was lost."""
