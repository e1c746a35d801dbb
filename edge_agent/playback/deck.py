"""What the audio thread does, one small step at a time, without a thread and without waiting.

A step writes at most one block, so that nothing that is asked meanwhile waits longer than that. Only about
``QUEUE_S`` of sound is ever queued in the device: what was handed over cannot be taken back without a click, so a
pre-emption is heard when that has been played and faded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from edge_agent.clock import Clock
from edge_agent.playback.device import LOW_WATER_S, Device
from edge_agent.playback.errors import BadAudio, SinkLost
from edge_agent.playback.events import Cut, Drained, Failed, NearEnd, PlayerEvent, Reached, Started, Underrun
from edge_agent.playback.sink import PCM, Sink
from edge_agent.playback.track import BLOCK_S, Track
from edge_agent.playback.utterance import Utterance

QUEUE_S = 0.08
CUT_WITHIN_S = 0.12
ACK_WITHIN_S = 1.0
"""How long the end of an utterance waits for its acknowledgement: longer than a slow disk or a busy processor takes, because
after a crash an end that nobody took note of is spoken again."""


class Deck:
    """Plays utterances one after the other. Not thread-safe; :class:`~edge_agent.playback.player.Player` is."""

    def __init__(
        self,
        sink_factory: Callable[[], Sink],
        on_event: Callable[[PlayerEvent], None],
        clock: Clock,
        *,
        wake: Callable[[], None],
        lead_in_s: float,
        idle_close_s: float,
        fade_s: float,
    ) -> None:
        """``wake`` may be called from any thread: something changed, so another :meth:`step` is due."""
        self._device = Device(sink_factory, on_event, clock, lead_in_s=lead_in_s, idle_close_s=idle_close_s)
        self._on_event = on_event
        self._clock = clock
        self._wake = wake
        self._fade_s = fade_s
        self._volume = 1.0
        self._waiting: deque[Utterance] = deque()
        self._track: Track | None = None
        self._silence_due = 0.0
        self._delay_s = 0.0

    # ---- what is asked of it

    def open(self) -> None:
        """Open the device ahead of need, so that one that is missing is known at once."""
        self._guarded(self._device.acquire)

    def play(self, utterance: Utterance) -> None:
        utterance.listen(self._wake)
        self._waiting.append(utterance)

    def preempt(self, id: str | None) -> None:
        """Cut the utterance, or everything that plays or waits when ``id`` is None."""
        if self._track is not None and id in (None, self._track.id):
            self._guarded(self._cut)
        for utterance in [waiting for waiting in self._waiting if id in (None, waiting.id)]:
            self._waiting.remove(utterance)
            self._end(utterance, Cut(utterance.id, utterance.segment_after(0), 0.0))

    def set_volume(self, volume: float) -> None:
        self._volume = volume

    def step(self) -> float | None:
        """Do what is due; returns after how many seconds to step again, None for not before something changes."""
        return self._guarded(self._step)

    def abandon(self, error: Exception) -> None:
        """Give up the current utterance, or the next where there is none, and the device after a defect; others start afresh."""
        if self._track is not None:
            self._finish(Failed(self._track.id, error))
        elif self._waiting:
            utterance = self._waiting.popleft()
            self._end(utterance, Failed(utterance.id, error))
        self._device.close()

    def close(self) -> None:
        """Cut what plays, wait until it is silent, give the device back."""
        self.preempt(None)
        self._guarded(self._settle)
        self._interrupted()
        self._device.close()

    # ---- inside

    def _guarded(self, action: Callable[[], float | None]) -> float | None:
        """Run what uses the device, and take note when it is lost meanwhile."""
        try:
            return action()
        except SinkLost as error:
            self._device.lose(error)
            if self._track is not None and not self._track.started:
                self._waiting.appendleft(self._track.taken_back())  # nothing was heard: it simply starts later
                self._track = None
            return 0.0

    def _step(self) -> float | None:
        if self._device.lost:
            wait_s = self._device.retry()
            if wait_s > 0:
                return wait_s
            self._interrupted()
        if self._track is None and not self._waiting:
            return self._device.rest()
        self._device.acquire()
        if self._track is None:
            self._track = Track(self._waiting.popleft(), self._device.sample_rate)
        return self._advance(self._track)

    def _advance(self, track: Track) -> float | None:
        stream = track.utterance.state()
        if stream.cancelled and not track.spent:
            return self._cut()
        if (stream.error is not None and not track.spent) or (stream.finished and not stream.n_put):
            return self._fail(track, stream.error or BadAudio(f"utterance {track.id} has no audio"))
        self._delay_s = self._device.delay_s()
        self._report_progress(track)
        if track.spent:
            return self._drain(track)
        room_s = QUEUE_S - BLOCK_S - self._delay_s
        if room_s < 0:
            return -room_s
        if self._device.lead_in(BLOCK_S):
            return 0.0
        if not track.started and track.short(stream):
            # The guard may be all there is, and "started" has to be known before "near its end" is.
            self._device.write_silence(BLOCK_S)
            self._report_start(track, self._delay_s)
        if track.started and track.ack_deadline is None and track.near_end(stream):
            self._report_near_end(track)
        block = track.render(self._volume, self._clock.monotonic())
        if len(block):
            return self._hand_over(track, block)
        return 0.0 if track.spent else self._starve(track)

    def _hand_over(self, track: Track, block: PCM) -> float:
        if track.gap_s is not None:
            block = track.fade_in(block, self._fade_s)
            self._on_event(Underrun(track.id, track.gap_s, "synthesis"))
            track.gap_s = None
        delay_s = self._delay_s
        gap_s = self._write(block)
        if not track.started:
            self._report_start(track, delay_s)
        elif gap_s is not None:
            self._on_event(Underrun(track.id, gap_s, "device"))
        return 0.0

    def _starve(self, track: Track) -> float | None:
        """Nothing may be handed over yet: keep the device fed with silence, entered by a fade."""
        if not self._device.running:
            return None
        if self._delay_s > LOW_WATER_S:
            return self._delay_s - LOW_WATER_S
        now = self._clock.monotonic()
        if track.started and track.gap_s is None:
            track.gap_s = 0.0
            self._write(track.fade_out(self._fade_s, self._volume))
        elif now < self._silence_due:
            return self._silence_due - now
        self._device.write_silence(BLOCK_S)
        self._silence_due = max(self._silence_due, now - LOW_WATER_S) + BLOCK_S
        if track.gap_s is not None:
            track.gap_s += BLOCK_S
        return 0.0

    def _drain(self, track: Track) -> float:
        if self._delay_s > LOW_WATER_S:
            return self._delay_s - LOW_WATER_S
        self._complete(track)
        return 0.0

    def _cut(self) -> float:
        """End the current utterance now; one that was handed over whole is left to its natural end."""
        track = self._track
        if track is not None and (self._device.lost or not track.spent):
            segment, audio_s = track.heard(unheard_s=self._silence(track))
            self._finish(Cut(track.id, segment, audio_s))
        return 0.0

    def _fail(self, track: Track, error: Exception) -> float:
        self._silence(track)
        self._finish(Failed(track.id, error))
        return 0.0

    def _silence(self, track: Track) -> float:
        """Fade out what is sounding; returns the seconds that were handed over but will not be heard."""
        if self._device.lost:
            return self._delay_s
        if not track.started or track.gap_s is not None:
            return 0.0
        delay_s = self._device.delay_s()
        if delay_s + self._fade_s > CUT_WITHIN_S:  # a device that queues more than it should: late is worse than a click
            self._device.drop()
            return delay_s
        self._write(track.fade_out(self._fade_s, self._volume))
        return 0.0

    def _interrupted(self) -> None:
        """The device went away under the current utterance."""
        if self._track is not None:
            segment, audio_s = self._track.heard(unheard_s=self._delay_s)
            self._finish(Cut(self._track.id, segment, audio_s))

    def _settle(self) -> None:
        if self._track is not None:
            self._complete(self._track)
        elif self._device.running:
            self._device.drain()

    def _complete(self, track: Track) -> None:
        self._device.drain()
        self._finish(Drained(track.id, self._clock.now(), track.rendered_s))

    def _write(self, block: PCM) -> float | None:
        if not len(block):
            return None
        gap_s = self._device.write(block)
        self._delay_s += len(block) / self._device.sample_rate
        return gap_s

    def _report_start(self, track: Track, delay_s: float) -> None:
        track.start()
        self._on_event(Started(track.id, self._clock.now(), delay_s))

    def _report_progress(self, track: Track) -> None:
        if not track.started or track.ack_deadline is not None:
            return  # what is near its end will not be resumed
        segment, _ = track.heard(unheard_s=self._delay_s)
        if segment > track.segment:
            track.segment = segment
            self._on_event(Reached(track.id, segment))

    def _report_near_end(self, track: Track) -> None:
        def acknowledge() -> None:
            track.acknowledged = True
            self._wake()

        track.ack_deadline = self._clock.monotonic() + ACK_WITHIN_S
        self._on_event(NearEnd(track.id, acknowledge))

    def _finish(self, event: Cut | Drained | Failed) -> None:
        assert self._track is not None
        utterance, self._track = self._track.utterance, None
        self._end(utterance, event)

    def _end(self, utterance: Utterance, event: Cut | Drained | Failed) -> None:
        utterance.listen(None)
        utterance.cancel()  # releases a synthesis that is still putting
        self._on_event(event)
