"""Features on the frame grid are those of training."""

from __future__ import annotations

import numpy as np
import torch

from distill.student.prosody import ENERGY_SCALE
from distill.student.text import expand as trained_expand
from edge_agent.synthesis.mobilesovits import frames


def test_expansion():
    random = np.random.default_rng(0)
    features, counts = random.standard_normal((5, 8)).astype(np.float32), np.array([2, 1, 7, 4, 30])
    trained_on = trained_expand(torch.from_numpy(features), torch.from_numpy(counts)).numpy()
    np.testing.assert_allclose(frames.expand(features, counts), trained_on, atol=1e-6)


def test_f0_is_zero_where_unvoiced():
    prosody = np.array([[0.0, 0.0, 1.0], [0.1, 0.0, -1.0]], np.float32)
    np.testing.assert_allclose(frames.f0_hz(prosody), [np.exp(5.3), 0], rtol=1e-6)


def test_decoder_input(student):
    random = np.random.default_rng(0)
    expanded = random.standard_normal((4, student.model.config.text_dim + 2)).astype(np.float32)
    f0, energy = np.array([0, 35, 120, 300], np.float32), random.standard_normal(4).astype(np.float32)
    trained_on = student.model.decoder_input(torch.from_numpy(expanded), torch.from_numpy(f0), torch.from_numpy(energy) * ENERGY_SCALE)
    np.testing.assert_allclose(frames.decoder_input(expanded, f0, energy), trained_on.numpy(), atol=1e-5)
