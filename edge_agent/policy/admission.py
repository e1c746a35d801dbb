"""Deciding whether an announcement may be kept, and when it may be spoken."""

from __future__ import annotations

import dataclasses
import enum
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edge_agent.announcement import Announcement, Priority
from edge_agent.clock import Clock
from edge_agent.policy.config import PolicyConfig
from edge_agent.policy.limits import DailyQuota, RateLimit, whole_seconds
from edge_agent.policy.quiet import quiet_until
from edge_agent.policy.words import BlockedWords


class PolicyName(str, enum.Enum):
    BLOCKED_WORDS = "blocked_words"
    RATE_LIMIT = "rate_limit"
    DAILY_QUOTA = "daily_quota"
    QUIET_HOURS = "quiet_hours"


@dataclasses.dataclass(frozen=True, slots=True)
class Rejection:
    """Which policy refused, why in one sentence, and after how long it would not (None if never)."""

    policy: PolicyName
    reason: str
    retry_after_s: float | None = None

    def detail(self) -> dict[str, Any]:
        """The fields a ``rejected`` event carries beside its id."""
        detail: dict[str, Any] = {"reason": self.reason, "policy": self.policy.value}
        if self.retry_after_s is not None:
            detail["retry_after_s"] = whole_seconds(self.retry_after_s)
        return detail


class Policy:
    """Applies one :class:`PolicyConfig`; daily counts are kept at ``quota_path`` over restarts, or else in memory.

    Use it from one thread. Ask only about announcements the journal does not know yet: a redelivery is not a new
    request.
    """

    def __init__(self, config: PolicyConfig, *, clock: Clock, quota_path: Path | None = None) -> None:
        self._config = config
        self._clock = clock
        self._quota_path = quota_path
        self._zone = config.zone()
        self._words = BlockedWords(config.blocked_words)
        self._rate = _rate_limit(config)
        self._quota = DailyQuota(config.daily_quota, quota_path) if config.daily_quota else None

    def change(self, config: PolicyConfig) -> None:
        """Apply another configuration from now on. What was counted today stays counted.

        Raises:
            DatabaseError: a quota that is new cannot be kept; then nothing has changed.
        """
        if not config.daily_quota:
            self.close()
            self._quota = None
        elif self._quota is None:
            self._quota = DailyQuota(config.daily_quota, self._quota_path)
        else:
            self._quota.limit = config.daily_quota
        if (config.rate_per_minute, config.rate_burst) != (self._config.rate_per_minute, self._config.rate_burst):
            self._rate = _rate_limit(config)
        self._config, self._zone, self._words = config, config.zone(), BlockedWords(config.blocked_words)

    def check(self, announcement: Announcement) -> Announcement | Rejection:
        """Admit an announcement (perhaps with a later ``not_before``) and count it for its source, or say why not."""
        if rejection := self._blocked(announcement):
            return rejection
        admitted = self._outside_quiet(announcement)
        if isinstance(admitted, Rejection):
            return admitted
        return self._limited(announcement) or admitted

    def quiet_until(self, at: float, priority: Priority) -> float | None:
        """When an announcement of a priority may be spoken again, if it may not at a time; both since the epoch."""
        if priority == Priority.EMERGENCY:
            return None
        return quiet_until(self._config.quiet_hours, at, self._zone)

    def close(self) -> None:
        if self._quota:
            self._quota.close()

    def _blocked(self, announcement: Announcement) -> Rejection | None:
        word = self._words.find(announcement.text)
        if word is None:
            return None
        which = f'the blocked word "{word}"' if self._config.name_blocked_word else "a blocked word"
        return Rejection(PolicyName.BLOCKED_WORDS, f"the text contains {which}")

    def _outside_quiet(self, announcement: Announcement) -> Announcement | Rejection:
        now = self._clock.now()
        end = self.quiet_until(max(now, announcement.not_before or now), announcement.priority)
        if end is None:
            return announcement
        until = datetime.fromtimestamp(end, self._zone).strftime("%Y-%m-%d %H:%M")
        if self._config.quiet_behaviour == "reject":
            return Rejection(PolicyName.QUIET_HOURS, f"quiet hours until {until}", end - now)
        if end >= announcement.expires_at:
            return Rejection(
                PolicyName.QUIET_HOURS, f"quiet hours until {until}, and it does not live so long", end - now
            )
        return dataclasses.replace(announcement, not_before=end)

    def _limited(self, announcement: Announcement) -> Rejection | None:
        """Refuse what is over a limit; count what is not, and only that."""
        source, monotonic = announcement.source, self._clock.monotonic()
        today = datetime.fromtimestamp(self._clock.now(), self._zone).date()
        if announcement.priority != Priority.EMERGENCY or self._config.limit_emergencies:
            if self._rate and (wait_s := self._rate.wait_s(source, monotonic)):
                limit = f"{self._config.rate_per_minute:g} announcements a minute"
                return Rejection(PolicyName.RATE_LIMIT, f"more than {limit} from {source}", wait_s)
            if self._quota and self._quota.is_spent(source, today.isoformat()):
                limit = f"{self._config.daily_quota} announcements a day"
                return Rejection(PolicyName.DAILY_QUOTA, f"more than {limit} from {source}", self._until_tomorrow_s())
        if self._rate:
            self._rate.spend(source, monotonic)
        if self._quota:
            self._quota.spend(source, today.isoformat())
        return None

    def _until_tomorrow_s(self) -> float:
        now = self._clock.now()
        tomorrow = datetime.fromtimestamp(now, self._zone).date() + timedelta(days=1)
        midnight = datetime.combine(tomorrow, datetime.min.time(), tzinfo=self._zone)
        return midnight.timestamp() - now


def _rate_limit(config: PolicyConfig) -> RateLimit | None:
    return RateLimit(config.rate_per_minute, config.rate_burst) if config.rate_per_minute else None
