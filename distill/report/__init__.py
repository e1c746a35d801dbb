"""One self-contained HTML page about a voice: what it scores, what it sounds like, how it was trained."""

from distill.report.page import render

__all__ = ["render"]
