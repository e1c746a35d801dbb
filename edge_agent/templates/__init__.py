"""Sentences with gaps: ``请{ticket}号到{window}号窗口``.

An announcement that fits a template is spoken part by part. The fixed parts are the same every time and a slot's value
comes back often, so nearly all of a counter's day is played from the phrase cache.

In a pattern ``{name}`` takes any text within a sentence and ``{name:kind}`` only one of :data:`KINDS`; ``{{`` and
``}}`` stand for braces. Between two slots there must be fixed text. Matching takes time in proportion to the length of text
times pattern, whatever the text: it never backtracks.
"""

from edge_agent.templates.errors import TemplateError, TemplateListError
from edge_agent.templates.parts import KINDS, Fixed, Part, Slot
from edge_agent.templates.pieces import Piece
from edge_agent.templates.several import Templates
from edge_agent.templates.template import Match, Template

__all__ = ["KINDS", "Fixed", "Match", "Part", "Piece", "Slot", "Template", "TemplateError", "TemplateListError", "Templates"]
