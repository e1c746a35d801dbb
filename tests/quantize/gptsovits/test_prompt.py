"""What a voice keeps of its reference, with random models of the right form in place of the real listeners."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edge_agent.synthesis.gptsovits.readings import read as read_text
from quantize.gptsovits import filterbank, prompt, verification
from quantize.gptsovits.checkpoint import load
from quantize.gptsovits.errors import CheckpointRefused, ReferenceRefused
from quantize.gptsovits.listening import TextReader, speech_features
from quantize.gptsovits.prompt import Listeners
from tests.rigs.gptsovits import save, write_s1, write_s2

CHINESE = "欢迎光临，请进。"


def test_a_whole_prompt(models, recording, listeners):
    made = prompt.make(models, recording, CHINESE, listeners)
    # 3 s of speech and 0.6 s of silence at 25 tokens a second
    assert len(made.tokens) == pytest.approx(3.6 * 25, abs=1)
    assert made.features.shape == (1024, len(made.phones))
    assert made.features.abs().sum(0).min() > 0
    assert made.speaker.ge.shape == (models.sovits.config.speaker,)
    assert made.speaker.ge512.shape == (512,)
    again = prompt.make(models, recording, CHINESE, listeners)
    assert torch.equal(made.tokens, again.tokens)
    assert torch.equal(made.features, again.features)


def test_without_hubert_only_the_sound_is_kept(models, recording, listeners):
    made = prompt.make(models, recording, CHINESE, Listeners(speaker_net=listeners.speaker_net))
    assert (len(made.tokens), len(made.phones), made.features.shape) == (0, 0, (1024, 0))
    whole = prompt.make(models, recording, CHINESE, listeners)
    torch.testing.assert_close(made.speaker.ge, whole.speaker.ge)


def test_english_needs_no_text_model(models, recording, listeners):
    made = prompt.make(models, recording, "Please come in", Listeners(listeners.hubert, None, listeners.speaker_net))
    assert len(made.phones) > 6
    assert not made.features.any()


class TestRefused:
    def test_chinese_without_a_text_model(self, models, recording, listeners):
        with pytest.raises(ReferenceRefused, match="give --bert DIR"):
            prompt.make(models, recording, CHINESE, Listeners(listeners.hubert, None, listeners.speaker_net))

    def test_pro_without_the_network_for_speakers(self, tmp_path, recording, listeners):
        models = load(write_s1(tmp_path / "s1.ckpt"), write_s2(tmp_path / "s2.pth", "v2Pro"))
        with pytest.raises(ReferenceRefused, match="a v2Pro voice needs the network for speakers: give --sv"):
            prompt.make(models, recording, CHINESE, Listeners(listeners.hubert, listeners.bert))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "is empty"),
            ("  ", "is empty"),
            ("こんにちは", "Japanese"),
            ("...", "cannot be read"),
            ("long " * 200, "phonemes, which no 10 s"),
        ],
    )
    def test_a_text_that_cannot_be_its(self, models, recording, listeners, text, message):
        with pytest.raises(ReferenceRefused, match=message):
            prompt.make(models, recording, text, listeners)

    def test_folders_that_hold_something_else(self, tmp_path, recording, listeners):
        wave = recording.at(16_000)
        with pytest.raises(ReferenceRefused, match=r"holds no config\.json"):
            speech_features(tmp_path, wave)
        with pytest.raises(ReferenceRefused, match=r"tensors of HubertModel are missing|no HubertModel"):
            speech_features(listeners.bert, wave)
        with pytest.raises(ReferenceRefused, match=r"vocab\.txt cannot be read"):
            TextReader(listeners.hubert)
        (tmp_path / "config.json").write_text("{")
        with pytest.raises(ReferenceRefused, match="no HubertModel that can be loaded"):
            speech_features(tmp_path, wave)

    @pytest.mark.parametrize("values", [np.ones(7, np.float32), np.full(20480, np.nan, np.float32), np.array(["x"] * 20480)])
    def test_a_speaker_vector_that_is_none(self, tmp_path, values):
        np.save(tmp_path / "v.npy", values)
        with pytest.raises(ReferenceRefused, match=r"v\.npy"):
            verification.vector(tmp_path / "v.npy", torch.zeros(16_000))

    def test_another_network_for_speakers(self, tmp_path):
        with pytest.raises(CheckpointRefused, match="is no ERes2NetV2"):
            verification.load(save(tmp_path / "net.ckpt", {"conv1.weight": torch.ones(1)}))


def test_features_stand_at_the_phonemes_of_their_characters(listeners):
    reading = read_text("欢迎 come in, 请进。")
    found = TextReader(listeners.bert).features(reading)
    counts = [(unit.kind, len(unit.phones)) for unit in reading.units]
    place = 0
    for kind, count in counts:
        columns = found[:, place : place + count]
        assert (columns == columns[:, :1]).all()  # all phonemes of a character have the same
        assert bool(columns.any()) == (kind != "english") or kind == "mark"
        place += count


def test_the_network_for_speakers_has_the_size_of_the_published_one():
    with torch.device("meta"):
        net = verification.SpeakerNet()
    assert sum(each.numel() for each in net.parameters()) == 45_649_120
    assert net.layer4[0].convs[0].weight.shape == (192, 192, 3, 3)


def test_the_network_for_speakers_reads_its_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(verification, "CHANNELS", 16)
    monkeypatch.setattr(verification, "BLOCKS", (1, 2, 2, 1))
    torch.manual_seed(2)
    net = verification.SpeakerNet().eval()
    stored = {**net.state_dict(), "seg_1.weight": torch.ones(2, 2)}
    wave = torch.randn(16_000) * 0.1
    with torch.inference_mode():
        expected = net(filterbank.features(wave))
    found = verification.vector(save(tmp_path / "net.ckpt", stored), wave)
    assert found.shape == (16 * 8 * 4 * 10,)
    torch.testing.assert_close(found, expected)
    stored["fuse34.local_att.0.bias"] = torch.full_like(stored["fuse34.local_att.0.bias"], torch.nan)
    with pytest.raises(CheckpointRefused, match=r"fuse34\.local_att\.0\.bias is no finite tensor"):
        verification.load(save(tmp_path / "net.ckpt", stored))


def test_filterbank_is_kaldis():
    """A chirp; the figures are those of kaldi-native-fbank 1.23 without dither, every tenth band of three frames."""
    t = torch.arange(16_000) / 16_000
    found = filterbank.features(torch.sin(2 * torch.pi * (100 + 3000 * t) * t) * 0.5)
    assert found.shape == (98, 80)
    expected = torch.tensor(
        [
            [-4.5893, -3.3971, -13.5573, -15.9424, -15.9424, -15.9424, -15.9424, -15.9424],
            [-10.9849, -15.7730, -15.9424, -13.5116, -9.6655, 2.0806, -12.4888, -11.6971],
            [-15.4814, -15.6500, -15.9424, -13.0675, -10.5883, -10.8596, -7.8491, 1.4343],
        ]
    )
    torch.testing.assert_close(found[[0, 40, 97]][:, ::10], expected, rtol=0, atol=0.02)
