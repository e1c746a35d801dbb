"""Text to PCM with a user's own voice, in chunks, while the sentence is still being made up."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.synthesis.engine import PCM, SILENCE, SynthesisError, peak_of
from edge_agent.synthesis.gptsovits.card import BERT, PROMPT, VOCABULARY, VoiceCard, read_prompt
from edge_agent.synthesis.gptsovits.guards import Derailed, check_ended, check_running, most_tokens
from edge_agent.synthesis.gptsovits.readings import Reading, read
from edge_agent.synthesis.gptsovits.sampling import Chooser, Sampling
from edge_agent.synthesis.gptsovits.sessions import CPU, cpu_session
from edge_agent.synthesis.gptsovits.stream import Stage2, Stream
from edge_agent.synthesis.gptsovits.symbols import encode
from edge_agent.synthesis.gptsovits.textmodel import WIDTH, TextModel
from edge_agent.synthesis.gptsovits.transformer import Transformer
from edge_agent.synthesis.runtime import Runtime
from edge_agent.text import Speech

log = logging.getLogger(__name__)

MAX_PHONES = 512
CHUNKS = (18, 25, 40, 60)
"""Tokens (1/25 s) that are awaited for the first chunk, the second and so on: small ones are soon there, large ones cost less."""
ATTEMPTS = 2
MIN_AGREEMENT = 0.9
"""Share of the golden phrase's tokens that must be the likeliest here too; eight bits rounded another way move some."""


class GPTSoVITSEngine:
    """A loaded voice; see :class:`edge_agent.synthesis.engine.Engine`. It speaks one sentence at a time.

    Args:
        folder: the voice's files, checked against the digests in its card.
        runtime: says how many threads there are. The graphs run on the processor: their caches are appended in place and their
            weights have eight bits, which ONNX Runtime's GPU providers do not know.

    Raises:
        VoiceError: the folder is damaged.
        SynthesisError: the graphs cannot be run.
    """

    def __init__(self, folder: Path, runtime: Runtime) -> None:
        card = VoiceCard.load(folder)
        self._card = card
        self.voice_id, self.pack_digest, self.loudness_lufs = card.voice_id, card.digest, card.loudness_lufs
        self.sample_rate, self.provider = card.sample_rate, CPU
        self.sampling: Sampling = card.sampling
        """How tokens are drawn; may be changed between sentences."""
        if runtime.on_gpu:
            runtime.degraded, runtime.why, runtime.provider = True, "GPT-SoVITS voices are computed on the processor", CPU
        self._prompt = read_prompt(folder / PROMPT, card)
        sessions = {
            name: cpu_session(folder / file, runtime.threads, shared_weights=card.shared_weights and name in ("prefill", "step"))
            for name, file in card.graphs.items()
            if name != BERT
        }
        self._transformer: Transformer | None = Transformer(
            sessions.pop("prefill"), sessions.pop("step"),
            len(self._prompt.reference) + len(self._prompt.tokens) + MAX_PHONES + most_tokens(MAX_PHONES),
        )  # fmt: skip
        self._stage2 = Stage2(sessions, card.hop)
        self._text_model = TextModel(folder / card.graphs[BERT], folder / VOCABULARY, runtime.threads) if BERT in card.graphs else None
        self._sentence = 0

    def synthesize(self, segment: Speech, *, speed: float = 1.0) -> Iterator[PCM]:
        """See :class:`edge_agent.synthesis.engine.Engine`. Phonemes count only where there is no text: a voice has its own.

        Raises:
            SynthesisError: the model failed, or twice said something that cannot be the sentence.
            TextError: the voice cannot read the text.
        """
        if not segment.text and segment.phonemes == self._card.golden.phonemes:
            return iter([self._golden(segment)])
        return self._heard(self._spoken(self._read(segment), speed * segment.rate))

    def check(self) -> None:
        """Speak the voice's golden phrase and compare.

        Raises:
            SynthesisError: the processor computes something else than what the voice was made with.
        """
        golden = self._card.golden
        pcm = self._golden(Speech("", "mixed", golden.phonemes))
        if not golden.matches(pcm, self.sample_rate):
            off_db = golden.difference_db(pcm, self.sample_rate)
            raise SynthesisError(f"voice {self.voice_id} sounds wrong on {self.provider}: off by {off_db:.1f} dB")

    def close(self) -> None:
        """Release the sessions."""
        self._transformer = None
        self._stage2 = Stage2({}, self._card.hop)
        self._sentence += 1

    def _read(self, segment: Speech) -> Reading:
        return read(segment.text or f"{{{segment.phonemes}}}")

    def _begin(self, reading: Reading) -> tuple[list[int], NDArray[np.float32]]:
        """Ids of the phonemes, and the transformer's first logits."""
        ids = encode(reading.phones, self._card.family)
        if len(ids) > MAX_PHONES:
            raise SynthesisError(f"{len(ids)} phonemes at once; at most {MAX_PHONES}")
        features = self._text_model.features(reading) if self._text_model else np.zeros((len(ids), WIDTH), np.float32)
        prompt = self._prompt
        return ids, self._open().start(prompt.reference, np.array(ids, np.int64), features, prompt.tokens)

    def _spoken(self, reading: Reading, speed: float) -> Iterator[PCM]:
        sentence = self._sentence = self._sentence + 1
        phones, logits = self._begin(reading)
        stream = Stream(self._stage2, phones, speed, np.random.default_rng([self._card.seed, 0]))
        tokens: list[int] = []
        n_given, n_chunks, attempt = 0, 0, 1
        chooser = self._chooser(attempt, tokens)
        while True:
            try:
                token = chooser.choose(logits)
                if token is None:
                    check_ended(tokens, len(phones))
                    break
                tokens.append(token)
                check_running(tokens, len(phones))
            except Derailed as error:
                if attempt == ATTEMPTS:
                    raise SynthesisError(f"voice {self.voice_id} failed {ATTEMPTS} times to say it: {error}") from error
                attempt += 1
                log.warning("voice derailed voice=%s tokens=%d kept=%d why=%r", self.voice_id, len(tokens), n_given, str(error))
                del tokens[n_given:]  # what is heard already cannot be unsaid
                chooser, logits = self._chooser(attempt, tokens), self._open().rewind(tokens)
                continue
            if len(tokens) - n_given >= CHUNKS[min(n_chunks, len(CHUNKS) - 1)]:
                n_given, n_chunks = len(tokens), n_chunks + 1
                yield stream.add(tokens, final=False)
                self._still(sentence)
            logits = self._open().step(token)
        yield stream.add(tokens, final=True)

    def _heard(self, chunks: Iterator[PCM]) -> Iterator[PCM]:
        peak = 0.0
        for chunk in chunks:
            if len(chunk):
                peak = max(peak, peak_of(chunk))
                yield chunk
        if peak < SILENCE:
            raise SynthesisError(f"voice {self.voice_id} produced silence")

    def _chooser(self, attempt: int, tokens: Sequence[int]) -> Chooser:
        said = np.concatenate([self._prompt.tokens, np.array(tokens, np.int64)])
        return Chooser(self.sampling, self._card.n_codes, said, [self._card.seed, attempt], steps=len(tokens))

    def _golden(self, segment: Speech) -> PCM:
        """The golden phrase, said with the tokens it was recorded with: drawn anew, they could be others wherever the last bit is.
        That the transformer would say them is checked by itself."""
        self._sentence += 1
        tokens = self._card.golden_tokens
        phones, logits = self._begin(self._read(segment))
        likeliest = []
        for token in tokens:
            likeliest.append(int(logits[: self._card.n_codes].argmax()))
            logits = self._open().step(token)
        agreement = np.mean(np.equal(likeliest, self._card.golden_likeliest))
        if agreement < MIN_AGREEMENT:
            raise SynthesisError(f"voice {self.voice_id} goes wrong on {self.provider}: {100 * agreement:.0f} % of the golden tokens agree")
        return self._stage2.whole(tokens, phones)

    def _open(self) -> Transformer:
        if self._transformer is None:
            raise SynthesisError(f"voice {self.voice_id} was closed")
        return self._transformer

    def _still(self, sentence: int) -> None:
        if self._sentence != sentence:
            self._open()
            raise SynthesisError(f"voice {self.voice_id} was asked for another sentence meanwhile")
