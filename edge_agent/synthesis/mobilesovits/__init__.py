"""The default engine: a distilled MobileSoVITS student in ONNX."""

from edge_agent.synthesis.mobilesovits.engine import MobileSoVITSEngine

__all__ = ["MobileSoVITSEngine"]
