from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from transformers import BertConfig, BertModel, HubertConfig, HubertModel

from quantize.gptsovits import reference
from quantize.gptsovits.checkpoint import Checkpoints, load
from quantize.gptsovits.prompt import Listeners
from quantize.gptsovits.reference import Recording
from tests.rigs.gptsovits import write_s1, write_s2

VECTORS = Path(__file__).parents[2] / "data" / "gptsovits_vectors"


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """These models are too small to share."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Folders of what the original makes of two small voices."""
    return VECTORS


@pytest.fixture(scope="session", params=["v2", "v2Pro"])
def models(request, tmp_path_factory) -> Checkpoints:
    """A random voice much smaller than those of the vectors, and of odd sizes."""
    place = tmp_path_factory.mktemp("models")
    return load(write_s1(place / "s1.ckpt"), write_s2(place / "s2.pth", request.param))


@pytest.fixture(scope="session")
def listeners(tmp_path_factory) -> Listeners:
    """Random models of the right form."""
    place = tmp_path_factory.mktemp("listeners")
    torch.manual_seed(1)
    hubert = HubertConfig(
        hidden_size=768, num_hidden_layers=1, num_attention_heads=4, intermediate_size=32, conv_dim=[8] * 7, num_conv_pos_embeddings=16
    )
    HubertModel(hubert).save_pretrained(place / "hubert")
    bert = BertConfig(vocab_size=40, hidden_size=1024, num_hidden_layers=3, num_attention_heads=4, intermediate_size=16)
    BertModel(bert).save_pretrained(place / "bert")
    (place / "bert" / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"欢迎光临请进，。,."]) + "\n", "utf-8")
    np.save(place / "speaker.npy", np.random.default_rng(1).standard_normal(20480).astype(np.float32))
    return Listeners(place / "hubert", place / "bert", place / "speaker.npy")


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """Three seconds of noise."""
    path = tmp_path_factory.mktemp("recording") / "r.wav"
    soundfile.write(path, np.random.default_rng(2).standard_normal(3 * 32_000).astype(np.float32) * 0.1, 32_000)
    return path


@pytest.fixture(scope="session")
def recording(clip) -> Recording:
    return reference.read(clip)
