"""A user's own GPT-SoVITS voice, numerically the model they trained."""

from edge_agent.synthesis.gptsovits.engine import GPTSoVITSEngine
from edge_agent.synthesis.gptsovits.sampling import Sampling

__all__ = ["GPTSoVITSEngine", "Sampling"]
