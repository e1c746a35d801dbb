"""The last stage of synthesis, as one kernel on a GPU and as its twin in NumPy."""

from edge_agent.synthesis.mobilesovits.tail.cuda_tail import CudaTail, Gpu
from edge_agent.synthesis.mobilesovits.tail.finish import FULL_SCALE, Finish, Frames, Samples, Tail
from edge_agent.synthesis.mobilesovits.tail.numpy_tail import NumpyTail, PlainTail

__all__ = ["FULL_SCALE", "CudaTail", "Finish", "Frames", "Gpu", "NumpyTail", "PlainTail", "Samples", "Tail"]
