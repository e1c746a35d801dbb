"""What may be said, how often and when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from edge_agent.config.section import Section
from edge_agent.policy.config import PolicyConfig, PolicyError
from edge_agent.policy.quiet import QuietWindow, QuietWindowError


class PolicySection(Section):
    """What may be said, how often and when. Everything is allowed unless said otherwise."""

    blocked_words: tuple[str, ...] = Field(default=(), examples=[["casino", "赌场"]])
    """Announcements that contain one of these are rejected, emergencies too."""
    name_blocked_word: bool = False
    """Tell the sender which word it was."""
    rate_per_minute: Annotated[float, Field(gt=0, le=60_000)] | None = Field(default=None, examples=[30])
    """Announcements a minute that one source may send, on average: an MQTT topic, a ZeroMQ client, or all programs on this computer."""
    rate_burst: Annotated[int, Field(ge=1, le=10_000)] = 5
    """Announcements that a source may send at once when it has been silent for long."""
    daily_quota: Annotated[int, Field(ge=1)] | None = Field(default=None, examples=[2000])
    """Announcements a day that one source may send."""
    limit_emergencies: bool = False
    """Count emergencies against these limits as well; set it where a stranger can publish."""
    quiet_hours: tuple[str, ...] = Field(default=(), examples=[["22:00-07:00", "sat,sun 13:00-15:00"]])
    """Times without announcements, emergencies excepted."""
    quiet_behaviour: Literal["reject", "defer"] = "reject"
    """What happens in quiet hours: reject at once, or defer until they end if the announcement lives that long."""
    time_zone: str | None = Field(default=None, examples=["Asia/Shanghai"])
    """The zone of quiet hours and of the day a quota counts; the device's own unless set."""

    def build(self) -> PolicyConfig:
        """What the policy takes.

        Raises:
            PolicyError, QuietWindowError: naming the setting or the text at fault.
        """
        windows = tuple(QuietWindow.parse(window) for window in self.quiet_hours)
        given = {key: getattr(self, key) for key in PolicySection.model_fields if key != "quiet_hours"}
        return PolicyConfig(**given, quiet_hours=windows)

    def problems(self) -> Iterable[tuple[str, str]]:
        for window in self.quiet_hours:
            try:
                QuietWindow.parse(window)
            except QuietWindowError as error:
                yield "quiet_hours", f'holds "{error.text}", which {error.problem}'
        for key in ("blocked_words", "time_zone"):
            try:
                PolicyConfig(**{key: getattr(self, key)})
            except PolicyError as error:
                yield error.setting, str(error).removeprefix(f"policy setting {error.setting} ")
