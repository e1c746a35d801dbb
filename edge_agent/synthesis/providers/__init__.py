"""What computes a voice: TensorRT, CUDA or the processor, tried for real on this machine and never changed in silence."""

from edge_agent.synthesis.providers.attempt import Stopped, explain
from edge_agent.synthesis.providers.choice import PROCESSOR, Candidate, Choice, Trial
from edge_agent.synthesis.providers.chooser import Chooser
from edge_agent.synthesis.providers.fingerprint import fingerprint
from edge_agent.synthesis.providers.names import BY_NAME, CPU, CUDA, TENSORRT, in_words, short
from edge_agent.synthesis.providers.options import GPU_MEMORY_BYTES

__all__ = [
    "BY_NAME",
    "CPU",
    "CUDA",
    "GPU_MEMORY_BYTES",
    "PROCESSOR",
    "TENSORRT",
    "Candidate",
    "Choice",
    "Chooser",
    "Stopped",
    "Trial",
    "explain",
    "fingerprint",
    "in_words",
    "short",
]
