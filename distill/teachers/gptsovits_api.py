"""A GPT-SoVITS server (its ``api_v2.py``) as a teacher: text goes out over HTTP, audio comes back, all else is measured."""

from __future__ import annotations

import http.client
import io
import json
import math
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from distill.teachers.audio_only import SAMPLE_RATE, utterance
from distill.teachers.base import TeacherError, Utterance
from distill.teachers.heard import ErrorRate, check_heard
from edge_agent.errors import EdgeAgentError

MAX_REPLY_BYTES = 64 << 20
LANGUAGES = ("zh", "en")


class ServerLost(EdgeAgentError):
    """The server cannot be reached any more: no fault of the sentence it was asked for."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """``[teacher.api]`` of a recipe.

    ``model`` names the weights the server was started with, which it does not tell itself: part of the corpus' identity.
    ``reference_audio`` is a path on the server's machine to 3 to 10 s of the voice, ``reference_text`` what is said there.
    A sentence is asked for ``takes`` times at most, each with another seed, until one is accepted. ``whisper`` is the folder of a
    recogniser; with it a take that says something else is refused, too.
    """

    model: str = ""
    licence: str = ""
    reference_audio: str = ""
    reference_text: str = ""
    reference_lang: str = "zh"
    url: str = "http://127.0.0.1:9880"
    seed: int = 1
    takes: int = 3
    whisper: str = ""
    timeout_s: float = 60.0
    patience_s: float = 120.0

    def faults(self) -> list[str]:
        """What is wrong with it, a sentence each."""
        found = [f"{name} is missing" for name in ("model", "licence", "reference_audio", "reference_text") if not getattr(self, name)]
        if self.reference_lang not in LANGUAGES:
            found.append(f"reference_lang = {self.reference_lang!r} is not one of {', '.join(LANGUAGES)}")
        if not _is_http(self.url):
            found.append(f"url = {self.url!r} is not an http address")
        if self.takes < 1:
            found.append(f"takes = {self.takes} is not at least 1")
        found += [
            f"{name} = {getattr(self, name)} is not above 0 s"
            for name in ("timeout_s", "patience_s")
            if not 0 < getattr(self, name) < math.inf
        ]
        return found


class GptSovitsApi:
    """A running server behind the teacher's port. It gives audio only: :mod:`distill.align` finds the durations.

    Args:
        settings: where it is and what to ask for.
        error_rate: rejects takes that are misheard, if given.
        sleep: waits between attempts while the server cannot be reached.
        clock: seconds that pass; an attempt that hangs is waiting, too.
    """

    sample_rate = SAMPLE_RATE

    def __init__(
        self,
        settings: ApiSettings,
        *,
        error_rate: ErrorRate | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._error_rate, self._sleep, self._clock = settings, error_rate, sleep, clock
        # the server is in one's own network: a proxy from the environment has no business there
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())

    def speak(self, phonemes: str, text: str = "") -> Utterance:
        """See :class:`distill.teachers.base.Teacher`; durations are None.

        Raises:
            ServerLost: the server stayed away for ``patience_s``.
            TeacherError: it refused the sentence, sent something else than audio, or no take was accepted.
        """
        if not text:
            raise TeacherError(f"GPT-SoVITS reads text, and there is none beside {phonemes!r}")
        fault: TeacherError | None = None
        for take in range(self._settings.takes):
            wave, sample_rate = self._ask(text, self._settings.seed + take)
            try:
                return check_heard(utterance(phonemes, wave, sample_rate), text, self._error_rate)
            except TeacherError as error:
                fault = error
        raise TeacherError(f"none of {self._settings.takes} takes is usable: {fault}") from fault

    def describe(self) -> dict[str, str]:
        settings = self._settings
        return {
            "name": f"GPT-SoVITS over HTTP, {settings.model}",
            "reference": f"{settings.reference_audio}: {settings.reference_text}",
            "seed": str(settings.seed),
            "licence": settings.licence,
        }

    def _ask(self, text: str, seed: int) -> tuple[NDArray[np.float32], int]:
        settings = self._settings
        body = {
            "text": text,
            "text_lang": "en" if text.isascii() else "zh",  # there, zh reads English words in English
            "ref_audio_path": settings.reference_audio,
            "prompt_text": settings.reference_text,
            "prompt_lang": settings.reference_lang,
            "seed": seed,
            "media_type": "wav",
            "streaming_mode": False,
            "text_split_method": "cut0",
            "batch_size": 1,
        }
        since, pause_s = self._clock(), 0.5
        while True:
            try:
                return _decode(self._post(body))
            except _Away as error:
                waited_s = self._clock() - since
                if waited_s >= settings.patience_s:
                    raise ServerLost(f"{settings.url} gave no answer for {waited_s:.0f} s: {error}") from error
            self._sleep(pause_s)
            pause_s = min(2 * pause_s, 15.0)

    def _post(self, body: dict[str, Any]) -> bytes:
        url = f"{self._settings.url.rstrip('/')}/tts"
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - ApiSettings.faults
        try:
            with self._opener.open(request, timeout=self._settings.timeout_s) as reply:
                content = reply.read(MAX_REPLY_BYTES + 1)
                missing = reply.length
        except urllib.error.HTTPError as error:
            reason = _beginning(error)
            if error.code in (429, 502, 503, 504):
                raise _Away(f"HTTP {error.code}: {reason}") from error
            raise TeacherError(f"{url} refused {body['text']!r} with HTTP {error.code}: {reason}") from error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            raise _Away(str(error)) from error
        if len(content) > MAX_REPLY_BYTES:
            raise TeacherError(f"{url} answered {body['text']!r} with more than {MAX_REPLY_BYTES >> 20} MiB")
        if missing:
            raise _Away(f"the answer was cut off {missing} bytes before its end")
        return content


class _Away(Exception):
    """No answer this time."""


def _is_http(url: str) -> bool:
    try:
        address = urllib.parse.urlsplit(url)
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:  # brackets that do not close, a port that is none
        return False


def _beginning(error: urllib.error.HTTPError) -> str:
    """Of the explanation a server sends with a refusal.

    Raises:
        _Away: it stopped in the middle of it.
    """
    try:
        with error:
            return error.read(2000).decode("utf-8", "replace")
    except (http.client.HTTPException, OSError) as fault:
        raise _Away(f"HTTP {error.code}: {fault}") from fault


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def _decode(content: bytes) -> tuple[NDArray[np.float32], int]:
    """A WAV file's samples, float32 [samples], channels averaged, and their rate."""
    try:
        wave, sample_rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, ValueError, RuntimeError) as error:
        raise TeacherError(f"the server's answer is no WAV file ({error}): {content[:60]!r}") from error
    return wave.mean(-1), int(sample_rate)
