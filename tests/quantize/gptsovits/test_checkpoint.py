"""Two files become two models of the right version, or are refused with the reason."""

from __future__ import annotations

import copy

import pytest
import torch

from quantize.gptsovits.checkpoint import load, load_stage1, load_stage2
from quantize.gptsovits.errors import CheckpointRefused
from tests.rigs.gptsovits import HParams, s1_content, s2_content, save, write_s1, write_s2

EMBEDDING = "enc_p.text_embedding.weight"


@pytest.mark.parametrize(
    ("version", "sizes", "expected"),
    [
        ("v1", {}, "v1"),
        ("v2", {}, "v2"),
        ("v2Pro", {}, "v2Pro"),
        ("v2ProPlus", {}, "v2ProPlus"),
        ("v2Pro", {"upsample_initial_channel": 768}, "v2ProPlus"),  # whatever header and config say
        ("v2ProPlus", {"upsample_initial_channel": 512}, "v2Pro"),
    ],
)
def test_the_version_is_told_from_tensors(tmp_path, version, sizes, expected):
    stage = load_stage2(write_s2(tmp_path / "s2.pth", version, **sizes))
    assert stage.version == expected
    assert stage.model.config.spec_bins == (1025 if expected == "v1" else 704)
    assert len(stage.sha256) == 64


def test_a_pro_model_without_its_header_is_told_apart_by_its_config(tmp_path):
    assert load_stage2(save(tmp_path / "s2.pth", s2_content("v2ProPlus"))).version == "v2ProPlus"
    assert load_stage2(save(tmp_path / "s2.pth", s2_content("v2Pro"))).version == "v2Pro"


def test_a_config_that_claims_another_version(tmp_path):
    content = s2_content("v2")
    config("model", "version", "v2Pro")(content)
    assert load_stage2(save(tmp_path / "s2.pth", content)).version == "v2"


@pytest.mark.parametrize("rows", [512, 732])
def test_stage_1_of_both_families(tmp_path, rows):
    stage = load_stage1(write_s1(tmp_path / "s1.ckpt", phoneme_vocab_size=rows))
    assert stage.family == {512: "v1", 732: "v2"}[rows]
    assert stage.model.config.ffn == 4 * stage.model.config.width  # and not linear_units


def test_a_pair_that_does_not_fit(tmp_path):
    s1, s2 = write_s1(tmp_path / "s1.ckpt", phoneme_vocab_size=512), write_s2(tmp_path / "s2.pth", "v2Pro")
    with pytest.raises(CheckpointRefused, match=r"s1\.ckpt: is of v1, but s2\.pth is of v2Pro"):
        load(s1, s2)


@pytest.mark.parametrize("order", [("s1", "s1"), ("s2", "s2"), ("s2", "s1")])
def test_the_wrong_file_of_the_two(tmp_path, order):
    files = {"s1": write_s1(tmp_path / "s1.ckpt"), "s2": write_s2(tmp_path / "s2.pth")}
    with pytest.raises(CheckpointRefused, match=r"first stage is the \.ckpt|the second stage is the \.pth"):
        load(*(files[each] for each in order))


def test_weight_norm_is_folded_as_torch_computes_it(tmp_path):
    content = s2_content()
    model = load_stage2(save(tmp_path / "s2.pth", content)).model
    for name in ("dec.ups.1", "dec.resblocks.2.convs1.1", "flow.flows.2.enc.in_layers.0"):
        folded = model.get_submodule(name).weight
        gain, v = (content["weight"][f"{name}.weight_{kind}"].float() for kind in "gv")
        torch.testing.assert_close(folded, torch._weight_norm(v, gain, 0), rtol=1e-6, atol=1e-7)


def test_a_linear_that_was_stored_folded_already(tmp_path):
    content = s2_content()
    weights = content["weight"]
    gain, v = (weights.pop(f"dec.ups.0.weight_{kind}").float() for kind in "gv")
    weights["dec.ups.0.weight"] = torch._weight_norm(v, gain, 0)
    load_stage2(save(tmp_path / "s2.pth", content))


def without(name):
    return lambda content: content["weight"].pop(name)


def of(name, value):
    return lambda content: content["weight"].update({name: value})


def config(section, name, value):
    def change(content):
        part = content["config"]
        part = part.__dict__[section].__dict__ if isinstance(part, HParams) else part[section]
        part.update({name: value})

    return change


S1_FAULTS = [
    (without("model.h.layers.1.norm2.bias"), r"1 of \d+ tensors are missing, the first is h\.layers\.1\.norm2\.bias"),
    (without("model.h.layers.0.linear1.bias"), "tensors are missing, the first is"),
    (of("model.h.layers.0.linear1.weight", torch.tensor(1.0)), r"linear1\.weight has the shape \(\)"),
    (of("model.bert_proj.weight", torch.ones(32, 768)), r"bert_proj\.weight has the shape \(32, 768\), its config says \(32, 1024\)"),
    (of("model.ar_predict_layer.weight", torch.full((1025, 32), torch.nan)), "not finite"),
    (of("model.bert_proj.bias", torch.ones(32, dtype=torch.int64)), "expected floating point"),
    (of("model.bert_proj.bias", "text"), "something else than named tensors"),
    (lambda content: content.pop("weight"), "holds no 'weight'"),
    (lambda content: content.pop("config"), "no section 'model'"),
    (lambda content: content["config"].pop("data"), "no section 'data'"),
    (config("model", "n_layer", 3), "tensors are missing"),
    (config("model", "n_layer", 10**9), r"model\.n_layer is 1000000000, expected a whole number of 1 to 96"),
    (config("model", "n_layer", "2"), r"model\.n_layer is '2'"),
    (config("model", "n_layer", True), r"model\.n_layer is True"),
    (config("model", "head", 3), r"model\.head is 3, expected a divisor of hidden_dim"),
    (config("model", "hidden_dim", 1 << 40), r"model\.hidden_dim is"),
    (config("model", "hidden_dim", 64), r"model\.embedding_dim is 32, expected hidden_dim, 64"),
    (config("model", "EOS", 3), r"model\.EOS is 3"),
    (config("data", "max_sec", None), r"data\.max_sec is missing"),
]
S2_FAULTS = [
    (without("enc_p.proj.bias"), r"tensors are missing, the first is enc_p\.proj\.bias"),
    (without("dec.ups.1.weight_g"), r"dec\.ups\.1\.weight_g is missing"),
    (without("dec.ups.1.weight_v"), r"dec\.ups\.1\.weight_v is missing"),
    (of("dec.ups.1.weight_g", torch.ones(3, 1, 1)), "does not fit"),
    (without("quantizer.vq.layers.0._codebook.embed"), r"codebook has the shape \(1,\)"),
    (of("quantizer.vq.layers.0._codebook.embed", torch.ones(512, 768)), r"codebook has the shape \(512, 768\)"),
    (without(EMBEDDING), "no SoVITS checkpoint"),
    (of(EMBEDDING, torch.ones(500, 24)), r"knows 500 phonemes, expected 322 \(v1\) or 732"),
    (of(EMBEDDING, torch.ones(322, 24)), "phonemes of v1 but a reference encoder of 704 bins"),
    (of(EMBEDDING, torch.tensor(1.0)), "no SoVITS checkpoint"),
    (of("dec.conv_post.weight", torch.full((1, 3, 7), torch.inf)), "not finite"),
    (of("enc_p.proj.weight", torch.ones(32, 24, 3)), r"enc_p\.proj\.weight has the shape \(32, 24, 3\)"),
    (without("ref_enc.spectral.0.fc.weight"), r"1 of \d+ tensors are missing, the first is ref_enc\.spectral\.0\.fc\.weight"),
    (of("cfm.estimator.weight", torch.ones(1)), "is a v3 or v4 checkpoint: it makes sound with a flow-matching transformer"),
    (lambda content: content.update(lora_rank=32), "is a v3 or v4 checkpoint"),
    (config("model", "resblock", "2"), r"model\.resblock is '2', expected '1'"),
    (config("model", "semantic_frame_rate", "50hz"), "50hz"),
    (config("model", "gin_channels", 256), r"gin_channels is 256, which only 512"),
    (config("model", "upsample_rates", [5, 4, 3]), r"upsample_rates is a list, expected a list whose product is data\.hop_length, 40"),
    (config("model", "upsample_rates", [5] * 9), "a list of 1 to 8"),
    (config("model", "upsample_kernel_sizes", [9, 8]), "one for each upsample rate"),
    (config("model", "upsample_kernel_sizes", [10, 8, 2]), "greater than it by an even number"),
    (config("model", "resblock_dilation_sizes", [[1]]), "one list for each"),
    (config("model", "resblock_dilation_sizes", 5), "a list of 1 to 8 lists"),
    (config("model", "resblock_kernel_sizes", [4, 5]), "odd"),
    (config("model", "upsample_initial_channel", 4), "at least 8"),
    (config("model", "n_heads", 5), "a divisor of hidden_channels"),
    (config("model", "inter_channels", 15), "even"),
    (config("model", "filter_channels", 1 << 50), "filter_channels is"),
    (config("data", "win_length", 1024), "expected filter_length"),
    (config("data", "hop_length", "40"), "hop_length is '40'"),
]


@pytest.fixture(scope="module")
def good():
    """Contents of both files that nothing is wrong with, to be copied."""
    return s1_content(), s2_content()


@pytest.mark.parametrize(("change", "message"), S1_FAULTS)
def test_stage_1_refused(tmp_path, good, change, message):
    content = copy.deepcopy(good[0])
    change(content)
    with pytest.raises(CheckpointRefused, match=message):
        load_stage1(save(tmp_path / "s1.ckpt", content))


@pytest.mark.parametrize(("change", "message"), S2_FAULTS)
def test_stage_2_refused(tmp_path, good, change, message):
    content = copy.deepcopy(good[1])
    change(content)
    with pytest.raises(CheckpointRefused, match=message):
        load_stage2(save(tmp_path / "s2.pth", content))


@pytest.mark.parametrize("start", [b"02", b"03", b"04"])
def test_later_versions_by_their_header(tmp_path, start):
    path = save(tmp_path / "s2.pth", s2_content())
    path.write_bytes(start + path.read_bytes()[2:])
    with pytest.raises(CheckpointRefused, match=f"is a v{int(start) if start != b'02' else 3}.* checkpoint.*out of a small device's reach"):
        load_stage2(path)


@pytest.mark.parametrize("content", [None, [], {}, {"weight": {}}, {"weight": {1: torch.ones(1)}}, {"state_dict": {}}, torch.ones(3)])
def test_another_kind_of_content(tmp_path, content):
    path = save(tmp_path / "s1.ckpt", content)
    for read in (load_stage1, load_stage2):
        with pytest.raises(CheckpointRefused):
            read(path)
