"""GPT-SoVITS voices of the real sizes with random weights, and how long a sentence the benchmarks speak with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from quantize.gptsovits.bert_graph import TextWeights
    from quantize.gptsovits.sovits import Sovits, Speaker
    from quantize.gptsovits.t2s import TextToSemantic

T2S = {
    "vocab_size": 1025, "phoneme_vocab_size": 732, "embedding_dim": 512, "hidden_dim": 512, "head": 16, "n_layer": 24, "dropout": 0,
    "EOS": 1024,
}  # fmt: skip
SOVITS = {
    "inter_channels": 192, "hidden_channels": 192, "filter_channels": 768, "n_heads": 2, "n_layers": 6, "kernel_size": 3, "p_dropout": 0,
    "resblock": "1", "resblock_kernel_sizes": [3, 7, 11], "resblock_dilation_sizes": [[1, 3, 5]] * 3,
    "upsample_rates": [10, 8, 2, 2, 2], "upsample_kernel_sizes": [16, 16, 8, 2, 2], "upsample_initial_channel": 512, "gin_channels": 512,
    "semantic_frame_rate": "25hz",
}  # fmt: skip
"""As checkpoints of v2 hold them."""
N_REFERENCE, N_PHONES, N_PROMPT, N_TOKENS, FIRST_TOKENS = 25, 35, 100, 80, 18
HOP, SAMPLE_RATE = 640, 32_000
BERT_LAYERS, BERT_HEADS, BERT_WIDTH, BERT_FFN, BERT_TOKENS, BERT_PLACES = 24, 16, 1024, 4096, 21_128, 512


def voice() -> tuple[TextToSemantic, Sovits, Speaker]:
    """The models of a v2 voice, and its speaker."""
    import torch

    from quantize.gptsovits.config import read_sovits, read_t2s
    from quantize.gptsovits.sovits import Sovits, Speaker
    from quantize.gptsovits.t2s import TextToSemantic

    torch.manual_seed(0)
    t2s = TextToSemantic(read_t2s("random", {"model": T2S, "data": {"max_sec": 54}}, ffn=2048)).eval()
    data = {"sampling_rate": SAMPLE_RATE, "filter_length": 2048, "hop_length": HOP, "win_length": 2048}
    sovits = Sovits(read_sovits("random", {"model": SOVITS, "data": data}, phones=732, spec_bins=704, pro=False)).eval()
    with torch.no_grad():
        for name, parameter in [*t2s.named_parameters(), *sovits.named_parameters()]:
            if "in_proj_weight" in name:
                torch.nn.init.xavier_uniform_(parameter)
            elif "in_proj_bias" in name:
                parameter.zero_()
            elif "emb" in name or "codebook" in name:
                parameter.normal_(0, 96**-0.5 if "emb_rel" in name else 1)
    return t2s, sovits, Speaker(torch.randn(512) * 0.1, torch.randn(512) * 0.1)


def text_model() -> TextWeights:
    """BERT of the size of chinese-roberta-wwm-ext-large, with a token for every common character."""
    from quantize.gptsovits.bert_graph import TextWeights

    marks = ["[UNK]", "[CLS]", "[SEP]"]
    vocabulary = "\n".join(marks + [chr(ord("一") + number) for number in range(BERT_TOKENS - len(marks))])
    return TextWeights(_Tensors(), BERT_LAYERS, BERT_HEADS, 1e-12, vocabulary.encode())


class _Tensors(dict[str, "np.ndarray[Any, Any]"]):
    """Made when they are asked for and not kept: all of them in float32 would take 1.2 GB."""

    def __missing__(self, name: str) -> np.ndarray:
        if "LayerNorm" in name:
            return np.full(BERT_WIDTH, float(name.endswith("weight")), np.float32)
        rows = {"word_embeddings": BERT_TOKENS, "position_embeddings": BERT_PLACES, "token_type_embeddings": 2, "intermediate": BERT_FFN}
        outputs = next((n for part, n in rows.items() if part in name), BERT_WIDTH)
        if name.endswith("bias"):
            return np.zeros(outputs, np.float32)
        inputs = BERT_FFN if name.endswith("output.dense.weight") and "attention" not in name else BERT_WIDTH
        random = np.random.default_rng(list(name.encode()))
        return random.standard_normal((outputs, inputs), np.float32) / np.float32(inputs**0.5)
