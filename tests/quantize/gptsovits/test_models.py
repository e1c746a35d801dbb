"""The modules against slower, plainer ways to say the same, at sizes that nobody assumed."""

from __future__ import annotations

import pytest
import torch

from edge_agent.synthesis.gptsovits import Sampling
from quantize.gptsovits.attention import gather, spread
from quantize.gptsovits.bake import BakedSovits, Prompt, bake
from quantize.gptsovits.sampling import generate, penalise, probabilities
from quantize.gptsovits.t2s import Cache, positions, prefix_mask


@pytest.mark.parametrize("length", [1, 2, 3, 9, 20])
def test_relative_positions(length):
    window = 4
    near = torch.randn(2, length, 2 * window + 1)
    placed = torch.zeros(2, length, length)
    for row in range(length):
        for column in range(length):
            if abs(column - row) <= window:
                placed[:, row, column] = near[:, row, column - row + window]
    torch.testing.assert_close(spread(near, window), placed)
    inside = torch.tensor([[0 <= row + place - window < length for place in range(2 * window + 1)] for row in range(length)])
    torch.testing.assert_close(gather(placed, window), near * inside)


def test_positions_count_on():
    torch.testing.assert_close(positions(0, 9, 8)[4:], positions(4, 5, 8))
    torch.testing.assert_close(positions(0, 1, 4), torch.tensor([[0.0, 1.0, 0.0, 1.0]]))


def test_text_sees_text_and_tokens_see_what_was_before_them():
    assert prefix_mask(2, 2).tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]


class TestSteps:
    def test_are_what_a_prefill_of_everything_gives(self, models):
        model = models.t2s
        phones, features, tokens = torch.arange(7), torch.randn(1024, 7), torch.randint(0, 1024, (12,))
        with torch.inference_mode():
            text = model.embed_text(phones, features)
            cache = Cache.of(model.config, 30)
            logits = model.prefill(text, tokens[:5], cache)
            for place in range(5, 12):
                whole = model.prefill(text, tokens[:place], Cache.of(model.config, 30))
                torch.testing.assert_close(logits, whole, rtol=1e-4, atol=1e-4)
                logits = model.step(tokens[place, None], place, cache)

    def test_the_same_seed_gives_the_same_tokens(self, models):
        given = (models.t2s, torch.arange(9), torch.zeros(1024, 9), torch.arange(4), Sampling(top_k=50))
        said = [generate(*given, early_stop=30, seed=seed).y.tolist() for seed in (3, 3, 4)]
        assert said[0] == said[1] != said[2]

    def test_the_end_cannot_come_before_eleven_tokens(self, models):
        eos = models.t2s.config.eos
        said = generate(
            models.t2s, torch.arange(9), torch.zeros(1024, 9), torch.arange(4), Sampling(),
            choose=lambda p: eos if len(p) > eos else 5,
        )  # fmt: skip
        assert (len(said.y), said.idx, said.ended) == (4 + 11, 11, True)

    @pytest.mark.parametrize("prompt", [0, 4])
    def test_an_early_stop(self, models, prompt):
        said = generate(
            models.t2s, torch.arange(9), torch.zeros(1024, 9), torch.arange(prompt), Sampling(), early_stop=6, choose=lambda _: 5
        )
        assert len(said.y) == prompt + 7
        assert not said.ended
        assert len(said.semantic) == (6 if prompt else 7)  # the original's loss of one token with a prompt


class TestSampling:
    def test_a_token_is_penalised_once(self):
        logits = torch.tensor([2.0, -2.0, 1.0])
        assert penalise(logits, torch.tensor([0, 0, 1, 7]), 2.0).tolist() == [1.0, -4.0, 1.0]
        assert logits.tolist() == [2.0, -2.0, 1.0]

    def test_top_p_keeps_the_first_and_only_what_fits_below(self):
        logits = torch.tensor([0.5, 0.3, 0.2]).log()
        assert (probabilities(logits, Sampling(3, 0.4)) > 0).tolist() == [True, False, False]
        assert (probabilities(logits, Sampling(3, 0.81)) > 0).tolist() == [True, True, False]
        assert (probabilities(logits, Sampling(3, 0.79)) > 0).tolist() == [True, False, False]

    def test_draws_follow_the_probabilities(self, models):
        counts = torch.zeros(3)
        from quantize.gptsovits.sampling import _drawer

        draw = _drawer(5)
        for _ in range(3000):
            counts[draw(torch.tensor([0.6, 0.3, 0.1]))] += 1
        torch.testing.assert_close(counts / 3000, torch.tensor([0.6, 0.3, 0.1]), atol=0.04, rtol=0)

    @pytest.mark.parametrize("wrong", [{"top_k": 0}, {"top_p": 0}, {"top_p": 1.1}, {"temperature": 0}, {"repetition_penalty": -1}])
    def test_settings_out_of_range(self, wrong):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Sampling(**wrong)


def test_one_voice_baked_is_the_model_told_that_voice(models):
    model = models.sovits
    with torch.inference_mode():
        speaker = model.speaker([torch.rand(1025, 30)], [torch.randn(20480)] if model.config.pro else [])
        tokens, phones = torch.randint(0, 1024, (8,)), torch.arange(5)
        noise = torch.randn(model.config.latent, 16)
        told = model(tokens, phones, speaker, noise=noise)
        baked = BakedSovits(model, speaker)(tokens, phones, noise=noise)
        assert told.wave.std() > 1e-3
        torch.testing.assert_close(baked.wave, told.wave, rtol=0, atol=1e-5)
        assert len(told.wave) == 8 * model.config.samples_per_token
        faster = model(tokens, phones, speaker, speed=1.5)
        assert len(faster.wave) == (int(16 / 1.5) + 1) * model.config.hop


def test_a_baked_voice_keeps_the_reference_as_rows(models):
    phones, features = torch.arange(6), torch.randn(1024, 6)
    with torch.inference_mode():
        speaker = models.sovits.speaker([torch.rand(1025, 30)], [torch.randn(20480)] if models.sovits.config.pro else [])
        voice = bake(models, Prompt(torch.arange(10), phones, features, speaker))
        whole = models.t2s.embed_text(torch.cat([phones, phones]), torch.cat([features, features], 1))
    torch.testing.assert_close(voice.reference_rows, whole[:6])
    assert not any(parameter.requires_grad for parameter in voice.sovits.parameters())
    assert not hasattr(voice.sovits.prior, "ssl_proj")
