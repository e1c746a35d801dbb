"""What is built for the device: graphs in eight bits, the text model, a folder that is whole or not there."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import torch
from onnx import TensorProto, numpy_helper

from edge_agent.synthesis import Runtime
from edge_agent.synthesis.gptsovits import GPTSoVITSEngine
from edge_agent.synthesis.gptsovits.readings import read
from edge_agent.synthesis.gptsovits.stream import Stage2, Stream
from edge_agent.synthesis.gptsovits.textmodel import TextModel
from quantize.errors import QuantizeError
from quantize.gptsovits import bert_graph, int8, linear, sizes
from quantize.gptsovits.builder import Builder
from quantize.gptsovits.export import FLOAT32, first_stage
from quantize.gptsovits.folder import TooLarge, write_voice
from quantize.gptsovits.onnx_runtime import OnnxFirst, OnnxSecond, sessions
from tests.rigs.gptsovits_voice import ABOUT, random_voice

PHONES, TOKENS = [5, 9, 31, 100, 205, 7, 3], [(37 * n) % 1024 for n in range(60)]


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    return random_voice(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="module")
def stage(voice) -> Stage2:
    return OnnxSecond(voice.sovits).stage


@pytest.fixture(scope="module")
def eight_bits(voice, stage):
    mean, _ = stage.prior(TOKENS, stage.text(PHONES))
    return int8.form(int8.calibrate(voice.sovits, [stage.flow(mean)]))


class TestEightBits:
    def test_transformer_stays_close(self, voice, eight_bits):
        given = torch.randint(0, 300, (9,)), torch.zeros(1024, 9), voice.prompt, torch.tensor(TOKENS)
        exact, rounded = (OnnxFirst(voice.t2s, form).forced(*given).numpy() for form in (FLOAT32, eight_bits))
        assert 0 < np.abs(exact - rounded).max() < 0.5
        assert np.mean(exact.argmax(-1) == rounded.argmax(-1)) > 0.8  # the model is so small that little averages out

    @pytest.mark.parametrize(
        ("name", "block"), [("self_attn.in_proj_", 256), ("self_attn.out_proj.", 64), ("linear1.", 256), ("linear2.", 256)]
    )
    def test_fewest_inputs_are_rounded_together_where_heads_meet(self, eight_bits, name, block):
        graph = Builder("one")
        eight_bits.linears["step"](graph, graph.input("x", TensorProto.FLOAT, [1, 512]), f"h.layers.3.{name}weight", np.ones((4, 512)))
        (node,) = graph.model().graph.node
        assert {each.name: each.i for each in node.attribute}["block_size"] == block

    def test_last_layer_stays_exact(self, voice, eight_bits):
        exact, rounded = (
            {each.name: numpy_helper.to_array(each) for each in first_stage(voice.t2s, form)["step"].graph.initializer}
            for form in (FLOAT32, eight_bits)
        )
        np.testing.assert_array_equal(exact["ar_predict_layer.weight"], rounded["ar_predict_layer.weight"])

    def test_sound_stays_close(self, voice, stage, eight_bits):
        exact, rounded = stage.whole(TOKENS, PHONES), OnnxSecond(voice.sovits, eight_bits).stage.whole(TOKENS, PHONES)
        noise_db = 10 * np.log10(np.mean((exact - rounded) ** 2) / np.mean(exact**2))
        assert -120 < noise_db < -20

    def test_weights_are_restored(self):
        weight = np.random.default_rng(0).standard_normal((6, 64)).astype(np.float32)
        values, scales = linear.blocks(weight, 32)
        restored = ((values.astype(np.float32) - 128) * scales[..., None]).reshape(weight.shape)
        np.testing.assert_allclose(restored, weight, atol=np.abs(weight).max() / 250)
        assert linear.blocks(np.zeros((2, 32), np.float32), 32)[1].all()

    def test_ranges_hold_everything_that_was_seen(self, voice, stage):
        mean, _ = stage.prior(TOKENS, stage.text(PHONES))
        z = stage.flow(mean)
        ranges = int8.calibrate(voice.sovits, [z, 2 * z])
        assert all(low <= 0 <= high for low, high in ranges.values())
        assert not any(name.startswith(int8.IN_FLOAT32) for name in ranges)
        wider = sum(ranges[name][1] > high for name, (_, high) in int8.calibrate(voice.sovits, [z]).items())
        assert wider > len(ranges) / 2


class TestStream:
    def test_cut_anyhow_it_is_the_same_sentence(self, stage):
        whole = Stream(stage, PHONES, 1.0, np.random.default_rng(0)).add(TOKENS, final=True)
        stream = Stream(stage, PHONES, 1.0, np.random.default_rng(0))
        pieces = [stream.add(TOKENS[:n], final=n == 60) for n in (18, 40, 60)]
        joined = np.concatenate(pieces)
        assert len(joined) == len(whole) == 60 * 2 * stage.hop
        assert [len(piece) // stage.hop for piece in pieces] == [36 - 11, 44, 51]
        tail = slice(-20 * stage.hop, None)  # known to both in full
        np.testing.assert_allclose(joined[tail], whole[tail], atol=1e-3)

    def test_pieces_join_without_a_step(self, stage):
        stream = Stream(stage, PHONES, 1.0, np.random.default_rng(0))
        first, second = stream.add(TOKENS[:18], final=False), stream.add(TOKENS[:40], final=False)
        steps = np.abs(np.diff(np.concatenate([first, second])))
        assert steps[len(first) - 1] <= np.quantile(steps, 0.999)

    def test_one_round_is_the_whole_decoding(self, stage):
        noise = np.random.default_rng(0).standard_normal((2 * len(TOKENS), 16), np.float32).T
        said = Stream(stage, PHONES, 1.0, np.random.default_rng(0)).add(TOKENS, final=True)
        np.testing.assert_allclose(said, stage.whole(TOKENS, PHONES, noise=noise), atol=1e-6)

    @pytest.mark.parametrize("speed", [0.5, 1.3, 2.0])
    def test_speed(self, stage, speed):
        stream = Stream(stage, PHONES, speed, np.random.default_rng(0))
        n_samples = sum(len(stream.add(TOKENS[:n], final=n == 60)) for n in (18, 40, 60))
        assert n_samples == (int(120 / speed) + 1) * stage.hop


def text_model(n_layers: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    shapes = {
        "embeddings.word_embeddings": (40, 1024),
        "embeddings.position_embeddings": (32, 1024),
        "embeddings.token_type_embeddings": (2, 1024),
    }
    found = {f"bert.{name}.weight": random.standard_normal(shape) for name, shape in shapes.items()}
    for layer in range(n_layers):
        place = f"bert.encoder.layer.{layer}."
        for name, (outputs, inputs) in {
            "attention.self.query": (1024, 1024), "attention.self.key": (1024, 1024), "attention.self.value": (1024, 1024),
            "attention.output.dense": (1024, 1024), "intermediate.dense": (64, 1024), "output.dense": (1024, 64),
        }.items():  # fmt: skip
            found[f"{place}{name}.weight"] = random.standard_normal((outputs, inputs)) * inputs**-0.5
            found[f"{place}{name}.bias"] = random.standard_normal(outputs) * 0.1
    for place in [
        "bert.embeddings",
        *(f"bert.encoder.layer.{layer}.{part}output" for layer in range(n_layers) for part in ("attention.", "")),
    ]:
        found[f"{place}.LayerNorm.weight"], found[f"{place}.LayerNorm.bias"] = np.ones(1024), np.zeros(1024)
    return {name: value.astype(np.float32) for name, value in found.items()}


def publish(folder, tensors):
    """As a hub's folder."""
    header, data = {}, b""
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    encoded = json.dumps(header).encode()
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)
    (folder / "config.json").write_text(json.dumps({"num_hidden_layers": 3, "num_attention_heads": 16, "hidden_size": 1024}))
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"你好，,车站请到"]), "utf-8")
    return folder


class TestTextModel:
    def test_features_are_those_of_the_layer_before_the_last_two(self, tmp_path):
        tensors = text_model()
        weights = bert_graph.read(publish(tmp_path / "bert", tensors))
        session = sessions({"bert": bert_graph.build(weights, linear.float32)})["bert"]
        ids = np.array([2, 4, 5, 7, 3])
        np.testing.assert_allclose(session.run(None, {"characters": ids})[0], by_hand(tensors, ids)[1:-1], atol=0.06)
        rounded = sessions({"bert": bert_graph.build(weights, linear.int8)})["bert"].run(None, {"characters": ids})[0]
        assert np.corrcoef(rounded.ravel(), by_hand(tensors, ids)[1:-1].ravel())[0, 1] > 0.999

    def test_a_voice_has_features_for_its_chinese_only(self, voice, tmp_path):
        weights = bert_graph.read(publish(tmp_path / "bert", text_model()))
        built = write_voice(voice, tmp_path / "voice", ABOUT, text_model=weights)
        assert built.parts["bert"] > 0
        model = TextModel(tmp_path / "voice" / "bert.onnx", tmp_path / "voice" / "vocab.txt", 1)
        reading = read("你好，hello车站")
        rows = model.features(reading)
        assert rows.shape == (len(reading.phones), 1024)
        assert rows[:5].any(1).all()
        np.testing.assert_array_equal(rows[0], rows[1])  # an initial and its final
        english = slice(5, 9)
        assert not rows[english].any()
        GPTSoVITSEngine(tmp_path / "voice", Runtime("cpu", 1)).close()

    @pytest.mark.parametrize("spoil", ["vocab.txt", "config.json", "model.safetensors"])
    def test_a_folder_that_is_none(self, tmp_path, spoil):
        folder = publish(tmp_path / "bert", text_model(1))
        (folder / spoil).unlink()
        with pytest.raises(QuantizeError, match="bert"):
            bert_graph.read(folder)

    def test_a_file_cut_short(self, tmp_path):
        folder = publish(tmp_path / "bert", text_model(1))
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + b"{}")
        with pytest.raises(QuantizeError, match="cut short"):
            bert_graph.read(folder)


class TestFolder:
    def test_a_gigabyte_is_too_much_and_nothing_is_left_behind(self, voice, tmp_path, monkeypatch):
        monkeypatch.setattr(sizes, "peak_resident", lambda folder: sizes.LIMIT_BYTES)
        with pytest.raises(TooLarge, match="1000 MB peak resident, which must stay below 1000 MB") as caught:
            write_voice(voice, tmp_path / "voice", ABOUT, precision="float32")
        assert caught.value.parts["peak resident"] == sizes.LIMIT_BYTES
        assert not list(tmp_path.iterdir())

    def test_gates(self):
        assert [gate.passed for gate in sizes.gates({"on disk": 999_999_999, "peak resident": 10**9})] == [True, False]

    def test_float32_and_eight_bits_have_one_copy_of_every_weight(self, voice, tmp_path, monkeypatch):
        monkeypatch.setattr(sizes, "peak_resident", lambda folder: 1)
        built = write_voice(voice, tmp_path / "voice", ABOUT, precision="float32")
        assert built.parts["step"] < built.parts["prefill"] / 10
        assert "on disk" in sizes.table(built.parts)
        engine = GPTSoVITSEngine(tmp_path / "voice", Runtime("cpu", 1))
        engine.check()
        engine.close()
        with pytest.raises(QuantizeError, match="--replace"):
            write_voice(voice, tmp_path / "voice", ABOUT)


def by_hand(tensors: dict[str, np.ndarray], ids: np.ndarray) -> np.ndarray:
    """The first layer's output, by torch."""

    def get(name: str) -> torch.Tensor:
        return torch.from_numpy(tensors[f"bert.{name}"])

    def dense(x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ get(f"{name}.weight").T + get(f"{name}.bias")

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        return torch.nn.functional.layer_norm(x, (1024,), get(f"{name}.LayerNorm.weight"), get(f"{name}.LayerNorm.bias"), 1e-12)

    embedded = get("embeddings.word_embeddings.weight")[ids] + get("embeddings.token_type_embeddings.weight")[0]
    x = norm(embedded + get("embeddings.position_embeddings.weight")[: len(ids)], "embeddings")
    layer = "encoder.layer.0"
    q, k, v = (dense(x, f"{layer}.attention.self.{name}").reshape(len(ids), 16, 64).transpose(0, 1) for name in ("query", "key", "value"))
    mixed = torch.nn.functional.scaled_dot_product_attention(q[None], k[None], v[None])[0].transpose(0, 1).flatten(1)
    x = norm(x + dense(mixed, f"{layer}.attention.output.dense"), f"{layer}.attention.output")
    y = dense(torch.nn.functional.gelu(dense(x, f"{layer}.intermediate.dense")), f"{layer}.output.dense")
    return norm(x + y, f"{layer}.output").numpy()
