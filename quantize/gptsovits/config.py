"""The sizes of a model, read from its checkpoint and never assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from quantize.gptsovits.errors import CheckpointRefused

N_CODES = 1024
CODE_DIM = 768
BERT_DIM = 1024
SPEAKER_DIM = 20480
"""Of a speaker-verification vector, which only the Pro models take."""

MRTE_DIM = 512
STYLE_DIM = 128
WINDOW = 4
"""Of relative positions in self-attention, to either side."""

FLOW_LAYERS = 4
FLOW_KERNEL = 5


@dataclass(frozen=True, slots=True)
class T2SConfig:
    """Text-to-semantic transformer. ``vocab`` counts the end token ``eos``, which is the last one."""

    width: int
    heads: int
    layers: int
    ffn: int
    vocab: int
    phones: int
    eos: int
    max_s: int

    @property
    def early_stop(self) -> int:
        """More tokens than this end a sentence, whatever the model says."""
        return 50 * self.max_s


@dataclass(frozen=True, slots=True)
class SovitsConfig:
    """Semantic tokens to sound. ``spec_bins`` is what the reference encoder sees of a spectrum of ``n_fft // 2 + 1``."""

    latent: int
    width: int
    ffn: int
    heads: int
    layers: int
    kernel: int
    speaker: int
    phones: int
    spec_bins: int
    up_channels: int
    up_rates: tuple[int, ...]
    up_kernels: tuple[int, ...]
    res_kernels: tuple[int, ...]
    res_dilations: tuple[tuple[int, ...], ...]
    pro: bool
    sample_rate: int
    n_fft: int
    hop: int

    @property
    def samples_per_token(self) -> int:
        """At speed 1; a token is two frames."""
        return 2 * self.hop


class Reader:
    """Typed, bounded reading of one section of a config that somebody else wrote."""

    def __init__(self, source: str, config: Any, section: str) -> None:
        self._source, self._section = source, section
        if not isinstance(config, Mapping) or not isinstance(config.get(section), Mapping):
            raise CheckpointRefused(source, f"its config has no section {section!r}; a GPT-SoVITS checkpoint has one")
        self._values: Mapping[str, Any] = config[section]

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number of ``low`` to ``high``."""
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.bad(name, f"a whole number of {low} to {high}")
        return value

    def wholes(self, name: str, low: int, high: int) -> tuple[int, ...]:
        """One to eight of them."""
        return self._list(name, self._values.get(name), low, high)

    def tables(self, name: str, low: int, high: int) -> tuple[tuple[int, ...], ...]:
        """One to eight lists of them."""
        value = self._values.get(name)
        if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= 8:
            raise self.bad(name, "a list of 1 to 8 lists")
        return tuple(self._list(name, each, low, high) for each in value)

    def equal(self, name: str, wanted: str) -> None:
        """Only one value is known to this program."""
        if self._values.get(name, wanted) != wanted:
            raise self.bad(name, repr(wanted))

    def text(self, name: str) -> str:
        value = self._values.get(name, "")
        return value if isinstance(value, str) else ""

    def bad(self, name: str, wanted: str) -> CheckpointRefused:
        value = self._values.get(name)
        shown = repr(value)[:40] if isinstance(value, (str, int, float)) else "missing" if value is None else f"a {type(value).__name__}"
        return CheckpointRefused(self._source, f"config {self._section}.{name} is {shown}, expected {wanted}")

    def _list(self, name: str, value: Any, low: int, high: int) -> tuple[int, ...]:
        good = isinstance(value, (list, tuple)) and 1 <= len(value) <= 8
        if not good or any(isinstance(each, bool) or not isinstance(each, int) or not low <= each <= high for each in value):
            raise self.bad(name, f"a list of 1 to 8 whole numbers of {low} to {high}")
        return tuple(value)


def read_t2s(source: str, config: Any, ffn: int) -> T2SConfig:
    """Sizes of the transformer.

    Args:
        ffn: width of the first feed-forward layer, from the tensors: the config's own ``linear_units`` is not what is used.

    Raises:
        CheckpointRefused: something is missing or out of all proportion.
    """
    model, data = Reader(source, config, "model"), Reader(source, config, "data")
    width = model.whole("hidden_dim", 8, 4096)
    if model.whole("embedding_dim", 8, 4096) != width:
        raise model.bad("embedding_dim", f"hidden_dim, {width}")
    vocab = model.whole("vocab_size", 2, 1 << 16)
    read = T2SConfig(
        width=width,
        heads=model.whole("head", 1, 256),
        layers=model.whole("n_layer", 1, 96),
        ffn=ffn,
        vocab=vocab,
        phones=model.whole("phoneme_vocab_size", 1, 1 << 16),
        eos=model.whole("EOS", vocab - 1, vocab - 1),
        max_s=data.whole("max_sec", 1, 600),
    )
    if width % read.heads or width % 2:
        raise model.bad("head", f"a divisor of hidden_dim, {width}, which is even")
    return read


def read_sovits(source: str, config: Any, *, phones: int, spec_bins: int, pro: bool) -> SovitsConfig:
    """Sizes of the second stage.

    Args:
        phones, spec_bins, pro: what only the tensors tell.

    Raises:
        CheckpointRefused: something is missing, or what this program has no layer for.
    """
    model, data = Reader(source, config, "model"), Reader(source, config, "data")
    model.equal("resblock", "1")
    model.equal("semantic_frame_rate", "25hz")
    read = SovitsConfig(
        latent=model.whole("inter_channels", 2, 2048),
        width=model.whole("hidden_channels", 2, 2048),
        ffn=model.whole("filter_channels", 1, 8192),
        heads=model.whole("n_heads", 1, 64),
        layers=model.whole("n_layers", 1, 64),
        kernel=model.whole("kernel_size", 1, 31),
        speaker=model.whole("gin_channels", 1, 8192),
        phones=phones,
        spec_bins=spec_bins,
        up_channels=model.whole("upsample_initial_channel", 2, 8192),
        up_rates=model.wholes("upsample_rates", 1, 64),
        up_kernels=model.wholes("upsample_kernel_sizes", 1, 256),
        res_kernels=model.wholes("resblock_kernel_sizes", 1, 63),
        res_dilations=model.tables("resblock_dilation_sizes", 1, 64),
        pro=pro,
        sample_rate=data.whole("sampling_rate", 8000, 96_000),
        n_fft=data.whole("filter_length", 16, 1 << 16),
        hop=data.whole("hop_length", 1, 1 << 14),
    )
    if read.width % read.heads:
        raise model.bad("n_heads", f"a divisor of hidden_channels, {read.width}")
    if read.latent % 2:
        raise model.bad("inter_channels", "even")
    if data.whole("win_length", 16, 1 << 16) != read.n_fft:
        raise data.bad("win_length", f"filter_length, {read.n_fft}")
    if prod(read.up_rates) != read.hop:
        raise model.bad("upsample_rates", f"a list whose product is data.hop_length, {read.hop}")
    fits = len(read.up_kernels) == len(read.up_rates) and all(
        kernel >= rate and (kernel - rate) % 2 == 0 for rate, kernel in zip(read.up_rates, read.up_kernels, strict=False)
    )
    if not fits:
        raise model.bad("upsample_kernel_sizes", "one for each upsample rate, greater than it by an even number")
    if read.up_channels >> len(read.up_rates) < 1:
        raise model.bad("upsample_initial_channel", f"at least {1 << len(read.up_rates)}")
    if len(read.res_dilations) != len(read.res_kernels):
        raise model.bad("resblock_dilation_sizes", "one list for each resblock kernel")
    if any(kernel % 2 == 0 for kernel in (*read.res_kernels, read.kernel)):
        raise model.bad("resblock_kernel_sizes", "odd, and kernel_size too")
    if spec_bins > read.n_fft // 2 + 1:
        raise data.bad("filter_length", f"at least {2 * spec_bins - 2}, for the reference encoder's {spec_bins} bins")
    return read
