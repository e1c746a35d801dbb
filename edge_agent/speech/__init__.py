"""Text to sound: a script of segments, each from the phrase cache or from an engine."""

from edge_agent.speech.engines import Engines
from edge_agent.speech.repertoire import Repertoire, Repertoires
from edge_agent.speech.script import Script, write_script
from edge_agent.speech.speaker import Piece, Speaker

__all__ = ["Engines", "Piece", "Repertoire", "Repertoires", "Script", "Speaker", "write_script"]
