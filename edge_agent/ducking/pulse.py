"""Other programs' streams in PulseAudio, or in PipeWire's stand-in for it, by pulsectl (libpulse)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.ducking.mixer import Memory, MixerError

_RESTORE_ID = "module-stream-restore.id"
"""Under this name the server remembers a program's volume for its next stream."""
_SAME = 2 / 65_536
"""Volumes are whole numbers of 65536ths there."""

Volume = tuple[float, ...]


@dataclass(slots=True)
class _Stream:
    """A stream we lowered: ``own`` is what it had, ``set`` what we gave it last; None once a person has changed it."""

    index: int
    identity: str
    restore_id: str | None
    own: Volume
    set: Volume | None


class PulseMixer:
    """See :class:`edge_agent.ducking.Mixer`.

    Args:
        server: its address; None to find it as every client does.
        memory: where others' own volumes are kept while they are lowered.
        own_pid: the process whose streams are speech.
    """

    def __init__(self, server: str | None, memory: Path, *, own_pid: int | None = None) -> None:
        self._server = server
        self._memory = Memory(memory)
        self._own_pid = str(os.getpid() if own_pid is None else own_pid)
        self._pulse: Any = None
        self._lowered: dict[int, _Stream] = {}
        self._gone: dict[str, _Stream] = {}

    @property
    def lowered(self) -> bool:
        return bool(self._lowered or self._gone)

    def recover(self) -> None:
        kept = self._memory.recall()
        if kept is None:
            return
        streams = [_load(one) for one in kept.get("streams", [])]
        with self._talking() as pulse:
            by_id = {stream.restore_id: stream for stream in streams if stream.restore_id}
            for found in self._others(pulse):
                left = next((s for s in streams if (s.index, s.identity) == (found.index, _identity(found))), None)
                left = left or by_id.get(found.proplist.get(_RESTORE_ID))
                if left is not None and _below(_volume(found), left.own):
                    _set(pulse, found, left.own)
            self._mend_remembered(pulse, list(by_id.values()), any_lower=True)
        self._memory.forget()

    def set(self, part: float) -> None:
        with self._talking() as pulse:
            found = {one.index: one for one in self._others(pulse)}
            self._notice_gone(found)
            newcomers = [self._remember(one) for index, one in found.items() if index not in self._lowered]
            if newcomers:
                self._keep([*self._lowered.values(), *newcomers, *self._gone.values()])
                self._lowered.update((one.index, one) for one in newcomers)
            for index, stream in self._lowered.items():
                if stream.set is None:
                    continue
                if not _same(_volume(found[index]), stream.set):
                    stream.set = None  # a person has changed it: it is theirs
                    continue
                lowered = tuple(value * part for value in stream.own)
                if not _same(lowered, stream.set):
                    _set(pulse, found[index], lowered)
                    stream.set = lowered

    def restore(self) -> None:
        with self._talking() as pulse:
            found = {one.index: one for one in self._others(pulse)}
            self._notice_gone(found)
            for index, stream in self._lowered.items():
                if stream.set is not None and _same(_volume(found[index]), stream.set):
                    _set(pulse, found[index], stream.own)
            self._mend_remembered(pulse, list(self._gone.values()))
        self._lowered.clear()
        self._gone.clear()
        self._memory.forget()

    def close(self) -> None:
        if self._pulse is not None:
            self._pulse.close()
            self._pulse = None

    # ---- streams

    def _others(self, pulse: Any) -> list[Any]:
        return [one for one in pulse.sink_input_list() if one.proplist.get("application.process.id") != self._own_pid]

    def _remember(self, found: Any) -> _Stream:
        now, restore_id = _volume(found), found.proplist.get(_RESTORE_ID)
        before = self._gone.get(restore_id) if restore_id else None
        # The server gives a program's next stream the volume of its last one: ours, if that ended while it was lowered.
        own = before.own if before is not None and before.set is not None and _same(now, before.set) else now
        return _Stream(found.index, _identity(found), restore_id, own, now)

    def _notice_gone(self, found: dict[int, Any]) -> None:
        for stream in list(self._lowered.values()):
            # A server that was started anew counts from the beginning.
            if stream.index in found and _identity(found[stream.index]) == stream.identity:
                continue
            del self._lowered[stream.index]
            if stream.restore_id:
                self._gone[stream.restore_id] = stream

    def _mend_remembered(self, pulse: Any, streams: list[_Stream], *, any_lower: bool = False) -> None:
        """Have the server remember programs' own volumes, not what we had lowered them to when their streams ended."""
        ours = {stream.restore_id: stream for stream in streams if stream.set is not None or any_lower}
        if not ours or not pulse.stream_restore_test():
            return
        for entry in pulse.stream_restore_list():
            stream = ours.get(entry.name)
            if stream is None or len(entry.volume.values) != len(stream.own):
                continue
            kept = tuple(entry.volume.values)
            if _below(kept, stream.own) if any_lower else stream.set is not None and _same(kept, stream.set):
                entry.volume.values = list(stream.own)
                pulse.stream_restore_write(entry, mode="replace")

    def _keep(self, streams: list[_Stream]) -> None:
        self._memory.keep(
            {"streams": [{"index": s.index, "identity": s.identity, "restore_id": s.restore_id, "own": list(s.own)} for s in streams]}
        )

    # ---- the server

    @contextmanager
    def _talking(self) -> Iterator[Any]:
        pulsectl = _load_library()
        try:
            if self._pulse is None:
                pulse = pulsectl.Pulse("edge-agent ducking", server=self._server, connect=False)
                pulse.connect(autospawn=False)  # given a timeout, it takes all of it
                self._pulse = pulse
            yield self._pulse
        except pulsectl.PulseError as error:
            self.close()
            raise MixerError(f"the sound server {self._server or ''} cannot be asked: {error}") from error


def _load_library() -> Any:
    try:
        import pulsectl
    except ImportError as error:
        raise MixerError("pulsectl is not installed; after: pip install pulsectl") from error
    except OSError as error:
        raise MixerError("libpulse is not installed: install the Debian package libpulse0") from error
    return pulsectl


def _load(kept: dict[str, Any]) -> _Stream:
    return _Stream(int(kept["index"]), str(kept["identity"]), kept["restore_id"], tuple(map(float, kept["own"])), None)


def _identity(found: Any) -> str:
    return "/".join(str(found.proplist.get(key, "")) for key in ("application.name", "application.process.id", "media.name"))


def _volume(found: Any) -> Volume:
    return tuple(found.volume.values)


def _set(pulse: Any, found: Any, volume: Volume) -> None:
    found.volume.values = list(volume)
    with suppress(_load_library().PulseOperationFailed):  # it has ended since it was listed
        pulse.volume_set(found, found.volume)


def _same(one: Volume, other: Volume) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= _SAME for a, b in zip(one, other, strict=True))


def _below(one: Volume, other: Volume) -> bool:
    return len(one) == len(other) and all(a <= b + _SAME for a, b in zip(one, other, strict=True))
