"""Engines: phonemes in, PCM out."""

from edge_agent.synthesis.engine import PCM, SILENCE, Chunk, Engine, SynthesisError, as_float, peak_of
from edge_agent.synthesis.loader import load_engine
from edge_agent.synthesis.runtime import Runtime

__all__ = ["PCM", "SILENCE", "Chunk", "Engine", "Runtime", "SynthesisError", "as_float", "load_engine", "peak_of"]
