"""What a command's exit status means. Scripts rely on these numbers: they never change their meaning."""

from __future__ import annotations

import enum

from edge_agent.announcement import Outcome


class ExitCode(enum.IntEnum):
    OK = 0
    """Done; for ``say``: played, or accepted with --no-wait."""
    FAILED = 1
    """The command could not do its work, or a check found a fault."""
    USAGE = 2
    """The command line is wrong."""
    REJECTED = 3
    EXPIRED = 4
    SUPERSEDED = 5
    CANCELLED = 6
    DROPPED = 7
    NOT_PLAYED = 8
    """``say``: the announcement ended as ``failed``."""
    NO_ANSWER = 9
    """The broker, or the daemon's socket, was there, but no daemon answered in time; for ``say`` also: it went away for long."""
    UNREACHABLE = 10
    """Neither the broker nor a daemon on this computer can be reached, or the broker refuses us."""
    DEGRADED = 11
    """``status``: the daemon speaks, but something is wrong."""
    OFFLINE = 12
    """``status``: the daemon is offline, or never was online."""
    CONFIG = 78
    """The configuration is wrong (EX_CONFIG of sysexits.h); starting again cannot help."""
    INTERRUPTED = 130
    """Ctrl-C."""


OUTCOMES = {
    Outcome.PLAYED: ExitCode.OK,
    Outcome.REJECTED: ExitCode.REJECTED,
    Outcome.EXPIRED: ExitCode.EXPIRED,
    Outcome.SUPERSEDED: ExitCode.SUPERSEDED,
    Outcome.CANCELLED: ExitCode.CANCELLED,
    Outcome.DROPPED: ExitCode.DROPPED,
    Outcome.FAILED: ExitCode.NOT_PLAYED,
}
