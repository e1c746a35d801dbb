"""What a check has to say."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass, field
from typing import Any


class Verdict(str, enum.Enum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` was found by the check ``name``; ``fix`` tells in one sentence what to do unless all is well."""

    name: str
    verdict: Verdict
    what: str
    fix: str | None = None
    data: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def ok(cls, name: str, what: str, **data: Any) -> Finding:
        return cls(name, Verdict.OK, what, None, data)

    @classmethod
    def warn(cls, name: str, what: str, fix: str, **data: Any) -> Finding:
        """Announcements are spoken, but not as well as they could be."""
        return cls(name, Verdict.WARN, what, fix, data)

    @classmethod
    def fail(cls, name: str, what: str, fix: str, **data: Any) -> Finding:
        """Announcements, or some of them, cannot be spoken."""
        return cls(name, Verdict.FAIL, what, fix, data)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict.value}
