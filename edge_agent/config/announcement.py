"""What a request gets that does not say, and how many may wait."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from edge_agent.announcement import OnInterrupt, Priority
from edge_agent.config.section import Section
from edge_agent.parse import Defaults
from edge_agent.queue import MAX_WAITING
from edge_agent.templates import TemplateListError, Templates

_NAME = r"^[A-Za-z0-9._-]{1,64}$"


class AnnouncementSection(Section):
    """What a request gets that does not say otherwise, and how many may wait."""

    lang: Literal["auto", "zh", "en"] = "auto"
    """The language; auto goes by script, sentence by sentence."""
    priority: Literal["emergency", "important", "normal", "info", "progress"] = "normal"
    """Who goes first."""
    ttl_s: Annotated[float, Field(ge=0.1, le=604_800)] = 300.0
    """An announcement older than this is never spoken."""
    on_interrupt: Literal["resume", "restart", "drop"] = "restart"
    """What happens to an announcement that a more important one, or a crash, has cut."""
    chime: Annotated[str, Field(pattern=_NAME)] | None = Field(default=None, examples=["dingdong"])
    """A chime to play first."""
    speed: Annotated[float, Field(ge=0.5, le=2)] = 1.0
    """How fast to speak; 1 is the voice's own speed."""
    volume: Annotated[float, Field(ge=0, le=1)] = 1.0
    """How loud, from 0 to 1."""
    max_waiting: Annotated[int, Field(ge=1, le=10_000)] = MAX_WAITING
    """Announcements that may wait; beyond it the least important are dropped, each with an event."""
    templates: tuple[str, ...] = Field(default=(), examples=[["请{ticket:code}号到{window:number}号窗口"]])
    """Sentences with slots, whose fixed parts and slot values are kept apart in the phrase cache."""

    def build(self) -> Defaults:
        """What the parser takes."""
        return Defaults(
            lang=self.lang,
            priority=Priority[self.priority.upper()],
            ttl_s=self.ttl_s,
            on_interrupt=OnInterrupt(self.on_interrupt),
            chime=self.chime,
            speed=self.speed,
            volume=self.volume,
        )

    def problems(self) -> Iterable[tuple[str, str]]:
        try:
            Templates.parse(self.templates)
        except TemplateListError as error:
            return [("templates", str(each)) for each in error.errors]
        return ()
