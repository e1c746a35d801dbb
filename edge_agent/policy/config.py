"""What a deployment allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge_agent.errors import EdgeAgentError
from edge_agent.policy.quiet import QuietWindow
from edge_agent.policy.words import is_blockable


class PolicyError(EdgeAgentError):
    """A setting that cannot be; ``setting`` is its name."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"policy setting {setting} {problem}")
        self.setting = setting


@dataclass(frozen=True, slots=True)
class PolicyConfig:
    """Everything is allowed unless said otherwise.

    Emergencies ignore quiet hours, and limits too unless ``limit_emergencies``: where a stranger can publish, set
    that or let the broker's access list decide who may call an emergency. Blocked words hold for all.

    ``quiet_behaviour`` ``defer`` holds an announcement until quiet ends if it lives that long, and else rejects it.
    ``time_zone`` is an IANA name, the device's own zone if None; days of the quota are days there.

    Raises:
        PolicyError: naming the setting.
    """

    blocked_words: tuple[str, ...] = ()
    name_blocked_word: bool = False
    rate_per_minute: float | None = None
    rate_burst: int = 5
    daily_quota: int | None = None
    limit_emergencies: bool = False
    quiet_hours: tuple[QuietWindow, ...] = ()
    quiet_behaviour: Literal["reject", "defer"] = "reject"
    time_zone: str | None = None

    def __post_init__(self) -> None:
        for word in self.blocked_words:
            if not is_blockable(word):
                raise PolicyError("blocked_words", f'holds "{word}", which has no letter or digit to match')
        if self.rate_per_minute is not None and not 0 < self.rate_per_minute <= 60_000:
            raise PolicyError("rate_per_minute", f"is {self.rate_per_minute}; allowed: above 0, up to 60000, or none")
        if self.rate_burst < 1:
            raise PolicyError("rate_burst", f"is {self.rate_burst}; allowed: 1 or more")
        if self.daily_quota is not None and self.daily_quota < 1:
            raise PolicyError("daily_quota", f"is {self.daily_quota}; allowed: 1 or more, or none")
        if self.quiet_behaviour not in ("reject", "defer"):
            raise PolicyError("quiet_behaviour", f'is "{self.quiet_behaviour}"; allowed: reject or defer')
        self.zone()

    def zone(self) -> ZoneInfo | None:
        """The time zone to reckon in, None for the device's own."""
        if self.time_zone is None:
            return None
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise PolicyError("time_zone", f'is "{self.time_zone}", which this system does not know') from None
