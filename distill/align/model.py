"""Soft alignment of frames and phonemes, trained without any durations.

After One TTS Alignment To Rule Them All (Badlani et al., 2021): phonemes and mel frames become vectors of one space,
their distance is the score, and the sum over all monotonic paths is the likelihood (CTC computes it).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.teachers.audio_only import N_MELS
from edge_agent.text.symbols import N_IDS

BLANK_LOGIT = -1.0
PADDED = -1e4  # not minus infinity, whose gradient through the likelihood is NaN
PRIOR_SPREAD = 0.1
"""Standard deviation, as a share of the utterance, of where a phoneme is expected: about the diagonal."""


class Aligner(nn.Module):
    """Phoneme ids and log-mel frames to log-probabilities of phonemes for each frame."""

    def __init__(self, dim: int = 64, hidden: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Embedding(N_IDS, hidden)
        self.keys = nn.Sequential(nn.Conv1d(hidden, hidden, 3, padding=1), nn.GELU(), nn.Conv1d(hidden, dim, 1))
        self.queries = nn.Sequential(
            nn.Conv1d(N_MELS, hidden, 5, padding=2), nn.GELU(), nn.Conv1d(hidden, hidden, 3, padding=1), nn.GELU(),
            nn.Conv1d(hidden, dim, 1),
        )

    def forward(self, ids: Tensor, mel: Tensor, tokens: Tensor, frames: Tensor) -> Tensor:
        """``ids`` int64 [batch, tokens], ``mel`` float [batch, frames, 80], their lengths int64 [batch] ->
        log-probabilities [batch, frames, tokens], far below all others on padded tokens."""
        keys = self.keys(self.embedding(ids).transpose(1, 2))
        queries = self.queries(mel.transpose(1, 2))
        distance = queries.square().sum(1)[:, :, None] + keys.square().sum(1)[:, None] - 2 * queries.transpose(1, 2) @ keys
        padded = torch.arange(ids.shape[1], device=ids.device) >= tokens[:, None]
        return torch.log_softmax((-distance / 2).masked_fill(padded[:, None], PADDED).float(), -1)


def prior(shape: torch.Size, tokens: Tensor, frames: Tensor) -> Tensor:
    """Log of a band about the diagonal, [batch, frames, tokens]: where to look before anything is learned."""
    _, n_frames, n_tokens = shape
    place = (torch.arange(n_frames, device=frames.device) + 0.5) / frames[:, None]
    expected = (torch.arange(n_tokens, device=tokens.device) + 0.5) / tokens[:, None]
    return -((place[:, :, None] - expected[:, None]) / PRIOR_SPREAD).square() / 2


def forward_sum_loss(score: Tensor, tokens: Tensor, frames: Tensor) -> Tensor:
    """Negative log-likelihood of all monotonic paths, a frame. ``score`` as from :class:`Aligner`, a prior may be added."""
    log_probability = torch.log_softmax(F.pad(score, (1, 0), value=BLANK_LOGIT), -1).transpose(0, 1)
    targets = torch.arange(1, score.shape[2] + 1, device=tokens.device).expand(len(tokens), -1)
    losses = F.ctc_loss(log_probability, targets, frames, tokens, reduction="none", zero_infinity=True)
    return (losses / frames).mean()
