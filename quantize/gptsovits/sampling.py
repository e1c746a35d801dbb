"""How the next token is chosen, and when a sentence ends: exactly as the original does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from edge_agent.synthesis.gptsovits import Sampling
from quantize.gptsovits.t2s import Cache, TextToSemantic

MIN_TOKENS = 11
"""The end token cannot be drawn before so many."""

MAX_STEPS = 1500
"""A minute of sound."""


@dataclass(frozen=True, slots=True)
class Generated:
    """``y`` int64 [prompt + n], the end token taken off; ``idx`` the step count the original reports, 0 without a prompt.

    ``logits`` float32 [steps, vocab], before penalty and masks, are kept on request only.
    """

    y: Tensor
    idx: int
    ended: bool
    logits: Tensor = field(default_factory=lambda: torch.empty(0))

    @property
    def semantic(self) -> Tensor:
        """What is handed to the second stage. After an early stop this lacks the first token, as the original does."""
        return self.y[-self.idx :] if self.idx else self.y


def penalise(logits: Tensor, previous: Tensor, penalty: float) -> Tensor:
    """Make every distinct token of ``previous`` int64 [n] less likely, once; ``logits`` [vocab] stay as they are."""
    if penalty == 1.0 or not len(previous):
        return logits
    seen = previous[previous < len(logits)].unique()
    scores = logits[seen]
    return logits.index_put((seen,), torch.where(scores < 0, scores * penalty, scores / penalty))


def probabilities(penalised: Tensor, how: Sampling) -> Tensor:
    """Penalised logits [vocab] to probabilities: top-p of the untempered ones, then temperature, then top-k.

    Top-p keeps a token only while the sum up to and with it is at most ``top_p``, and always the first.
    """
    logits = penalised
    if how.top_p < 1:
        ordered, order = logits.sort(descending=True)
        beyond = ordered.softmax(-1).cumsum(-1) > how.top_p
        beyond[0] = False
        logits = logits.index_fill(0, order[beyond], -torch.inf)
    logits = logits / max(how.temperature, 1e-5)
    least = logits.topk(min(how.top_k, len(logits))).values[-1]
    return logits.masked_fill(logits < least, -torch.inf).softmax(-1)


def generate(
    model: TextToSemantic,
    phones: Tensor,
    features: Tensor,
    prompt: Tensor,
    how: Sampling,
    *,
    early_stop: int | None = None,
    seed: int = 0,
    keep_logits: bool = False,
    choose: Callable[[Tensor], int] | None = None,
) -> Generated:
    """Speak: tokens until the end token is drawn or is the likeliest, or too many came.

    Args:
        phones: int64 [n], of the reference's text and then the new one (only the new one without a prompt).
        features: float32 [1024, n].
        prompt: int64 [p] tokens of the reference, or empty.
        early_stop: more tokens than this end it; the model's own limit by default.
        choose: probabilities [vocab] to a token, instead of drawing with ``seed``.
    """
    config = model.config
    early_stop = config.early_stop if early_stop is None else early_stop
    draw = choose or _drawer(seed)
    eos, kept = config.eos, []
    y, n_prompt = prompt, len(prompt)
    with torch.inference_mode():
        cache = Cache.of(config, len(phones) + n_prompt + min(early_stop + 1, MAX_STEPS))
        logits = model.prefill(model.embed_text(phones, features), prompt, cache)
        step, ended = 0, False
        while True:
            if keep_logits:
                kept.append(logits)
            allowed = logits[:eos] if step < MIN_TOKENS else logits
            penalised = penalise(allowed, y, how.repetition_penalty)
            token = draw(probabilities(penalised, how))
            if eos in (token, int(penalised.argmax())):
                ended = True
                break
            y = torch.cat([y, torch.tensor([token])])
            if len(y) - n_prompt > early_stop or step == MAX_STEPS - 1:
                break
            logits = model.step(y[-1:], len(y) - 1, cache)
            step += 1
    return Generated(y, step if n_prompt else 0, ended, torch.stack(kept) if kept else torch.empty(0))


def _drawer(seed: int) -> Callable[[Tensor], int]:
    """Draws by the exponential race: argmax of p / Exp(1), which is a draw from p."""
    noise = torch.Generator().manual_seed(seed)

    def draw(p: Tensor) -> int:
        return int((p / torch.empty_like(p).exponential_(1, generator=noise)).argmax())

    return draw
