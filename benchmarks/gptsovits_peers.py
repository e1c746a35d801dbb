"""Who else speaks GPT-SoVITS voices: Genie's graphs, and the original itself."""

from __future__ import annotations

import contextlib
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from gptsovits_random import FIRST_TOKENS, HOP, N_PHONES, N_PROMPT, N_REFERENCE, N_TOKENS, SAMPLE_RATE, SOVITS, T2S

from edge_agent.synthesis.gptsovits.sessions import cpu_session

GENIE_GRAPHS = ("t2s_encoder_fp32", "t2s_first_stage_decoder_fp32", "t2s_stage_decoder_fp32", "vits_fp32")


class Genie:
    """Genie's graphs, called as its package calls them."""

    name = "genie"

    def __init__(self, folder: Path) -> None:
        self._sessions = {name: cpu_session(folder / f"{name}.onnx", 1) for name in GENIE_GRAPHS}
        random = np.random.default_rng(0)
        self._encoder = {
            "ref_seq": random.integers(0, 322, (1, N_REFERENCE)), "text_seq": random.integers(0, 322, (1, N_PHONES)),
            "ref_bert": np.zeros((N_REFERENCE, 1024), np.float32), "text_bert": np.zeros((N_PHONES, 1024), np.float32),
            "ssl_content": random.standard_normal((1, 768, 2 * N_PROMPT)).astype(np.float32),
        }  # fmt: skip
        self._vits = {
            "text_seq": self._encoder["text_seq"], "pred_semantic": random.integers(0, 1024, (1, 1, N_TOKENS)),
            "ref_audio": (0.1 * random.standard_normal((1, 4 * SAMPLE_RATE))).astype(np.float32),
        }  # fmt: skip
        self._names = [each.name for each in self._sessions["t2s_stage_decoder_fp32"].get_inputs()]
        self._state: list[np.ndarray] = []

    def prefill(self) -> None:
        x, prompts = self._sessions["t2s_encoder_fp32"].run(None, self._encoder)
        self._state = self._sessions["t2s_first_stage_decoder_fp32"].run(None, {"x": x, "prompts": prompts})

    def step(self) -> None:
        y, y_emb, _, *cache = self._sessions["t2s_stage_decoder_fp32"].run(None, dict(zip(self._names, self._state, strict=True)))
        self._state = [y, y_emb, *cache]

    def decode(self) -> None:
        self._sessions["vits_fp32"].run(None, self._vits)

    def first_packet(self) -> None:
        self.prefill()
        for _ in range(N_TOKENS):
            self.step()
        self.decode()


class Upstream:
    """The original's own modules, from a checkout of RVC-Boss/GPT-SoVITS with its requirements installed, in float32.

    Args:
        checkout: the repository's folder.

    Raises:
        SystemExit: it is none, or something that it needs is not installed.
    """

    name = "upstream"

    def __init__(self, checkout: Path) -> None:
        os.environ["TQDM_DISABLE"] = "1"
        sys.path[:0] = [str(checkout / "GPT_SoVITS"), str(checkout)]
        try:
            import torch
            from AR.models.t2s_model import Text2SemanticDecoder
            from module.models import SynthesizerTrn
        except ImportError as error:
            raise SystemExit(f"{checkout} does not load: {error}; install what its requirements.txt names") from error
        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        torch.manual_seed(0)
        self._torch = torch
        self._t2s = Text2SemanticDecoder({"model": T2S}).eval()
        self._t2s.ar_predict_layer.weight[-1] = 0  # never ends
        self._sovits = SynthesizerTrn(2048 // 2 + 1, 20480 // HOP, n_speakers=300, version="v2", **SOVITS).eval()
        with contextlib.redirect_stdout(sys.stderr):  # it says that it does
            self._sovits.dec.remove_weight_norm()
        self._phones = torch.randint(0, 322, (1, N_PHONES))
        self._all_phones = torch.cat([torch.randint(0, 322, (1, N_REFERENCE)), self._phones], 1)
        self._prompt, self._tokens = torch.randint(0, 1024, (1, N_PROMPT)), torch.randint(0, 1024, (1, 1, N_TOKENS))
        self._spectrogram = torch.rand(1, 1025, 4 * SAMPLE_RATE // HOP)
        self._said: Any = iter(())

    def prefill(self) -> None:
        n_phones = self._torch.tensor([self._all_phones.shape[1]])
        features = self._torch.zeros(1, 1024, self._all_phones.shape[1])
        self._said = self._t2s.infer_panel_naive(
            self._all_phones, n_phones, self._prompt, features, top_k=15, top_p=1, streaming_mode=True, chunk_length=1
        )
        next(self._said)

    def step(self) -> None:
        next(self._said)

    def decode(self) -> None:
        self._sovits.decode(self._tokens, self._phones, self._spectrogram)

    def first_packet(self) -> None:
        self.prefill()
        for _ in range(FIRST_TOKENS):
            self.step()
        self._sovits.decode(self._tokens[..., :FIRST_TOKENS], self._phones, self._spectrogram)


def make_genie(wheel: Path, folder: Path) -> None:
    """Genie's graphs with random weights in the place of those its converter links in."""
    import onnx

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    with zipfile.ZipFile(wheel) as archive:
        for name in GENIE_GRAPHS:
            model = onnx.load_from_string(archive.read(f"genie_tts/Data/v2/Models/{name}.onnx"))
            for tensor in model.graph.initializer:
                if tensor.data_location == onnx.TensorProto.EXTERNAL:
                    values = random_weight(tensor.name, tuple(tensor.dims), random)
                    tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
            onnx.save_model(model, str(folder / f"{name}.onnx"), save_as_external_data=True, location=f"{name}.bin")


def random_weight(name: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    if len(shape) < 2:
        return np.full(shape, float("norm" in name and name.endswith(("weight", "gamma"))), np.float32)
    fan = 1 if "embed" in name else int(np.prod(shape[1:]))
    return (random.standard_normal(shape) / np.sqrt(fan)).astype(np.float32)
