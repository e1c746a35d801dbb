"""A recording to the vector of speaker verification that the Pro models take: ERes2NetV2 (Chen et al. 2024), 24 wide, 4 scales."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantize.gptsovits import filterbank, unpickle
from quantize.gptsovits.config import SPEAKER_DIM
from quantize.gptsovits.errors import CheckpointRefused, ReferenceRefused

SCALES, EXPANSION, BASE_WIDTH = 4, 4, 24
CHANNELS, BLOCKS = 64, (3, 4, 6, 3)
CEILING = 20.0


def vector(path: Path, wave: Tensor) -> Tensor:
    """What a Pro model is told of the speaker, float32 [20480].

    Args:
        path: the network's checkpoint as GPT-SoVITS ships it, or a ``.npy`` file of the vector itself.
        wave: float32 [samples] at 16 kHz.

    Raises:
        CheckpointRefused, ReferenceRefused: the file holds neither.
    """
    if path.suffix == ".npy":
        return _stored(path)
    with torch.inference_mode():
        return load(path)(filterbank.features(wave))


def load(path: Path) -> SpeakerNet:
    """
    Raises:
        CheckpointRefused: the file is damaged, hostile, or another network's.
    """
    weights = unpickle.read(path).content
    with torch.device("meta"):
        model = SpeakerNet()
    wanted = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    if not isinstance(weights, dict) or not set(wanted) <= set(weights):
        raise CheckpointRefused(path.name, "is no ERes2NetV2 of 24 channels and 4 scales; give pretrained_eres2netv2w24s4ep4.ckpt")
    filled = {}
    for name, value in wanted.items():
        given = weights[name]
        if not isinstance(given, Tensor) or given.shape != value.shape or not given.is_floating_point() or not given.isfinite().all():
            raise CheckpointRefused(path.name, f"{name} is no finite tensor of shape {tuple(value.shape)}")
        filled[name] = given.to(torch.float32, copy=True).contiguous()
    counters = {name: torch.tensor(0) for name in model.state_dict() if name not in wanted}
    model.load_state_dict({**filled, **counters}, assign=True)
    return model.eval()


class Fusion(nn.Module):
    """Two maps weighed against each other, place by place."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 4
        self.local_att = nn.Sequential(
            nn.Conv2d(2 * channels, inner, 1), nn.BatchNorm2d(inner), nn.SiLU(), nn.Conv2d(inner, channels, 1), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        weight = self.local_att(torch.cat([x, y], 1)).tanh()
        return x * (1 + weight) + y * (1 - weight)


class Block(nn.Module):
    """A residual block in which each part of the channels hears what came of the one before it."""

    def __init__(self, inputs: int, planes: int, stride: int, *, fused: bool) -> None:
        super().__init__()
        self.width = planes * BASE_WIDTH // 64
        outputs = planes * EXPANSION
        self.conv1 = nn.Conv2d(inputs, self.width * SCALES, 1, stride, bias=False)
        self.bn1 = nn.BatchNorm2d(self.width * SCALES)
        self.convs = nn.ModuleList(nn.Conv2d(self.width, self.width, 3, padding=1, bias=False) for _ in range(SCALES))
        self.bns = nn.ModuleList(nn.BatchNorm2d(self.width) for _ in range(SCALES))
        self.fuse_models = nn.ModuleList(Fusion(self.width) for _ in range(SCALES - 1 if fused else 0))
        self.conv3 = nn.Conv2d(self.width * SCALES, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        parts = _rectified(self.bn1(self.conv1(x))).split(self.width, 1)
        heard: list[Tensor] = []
        for index, (part, conv, norm) in enumerate(zip(parts, self.convs, self.bns, strict=True)):
            if heard:
                part = self.fuse_models[index - 1](heard[-1], part) if self.fuse_models else heard[-1] + part  # noqa: PLW2901
            heard.append(_rectified(norm(conv(part))))
        return _rectified(self.bn3(self.conv3(torch.cat(heard, 1))) + self.shortcut(x))


class SpeakerNet(nn.Module):
    """Parameter names are the checkpoint's; what comes after the fused map is not used and not there."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(CHANNELS)
        inputs = CHANNELS
        for stage, count in enumerate(BLOCKS):
            planes, blocks = CHANNELS << stage, []
            for index in range(count):
                blocks.append(Block(inputs, planes, 2 if stage and not index else 1, fused=stage >= 2))
                inputs = planes * EXPANSION
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.layer3_ds = nn.Conv2d(inputs // 2, inputs, 3, 2, padding=1, bias=False)
        self.fuse34 = Fusion(inputs)

    def forward(self, energies: Tensor) -> Tensor:
        """``energies`` float32 [frames, 80] -> [20480]: the mean over time of the last map, channels before bands."""
        x = F.relu(self.bn1(self.conv1(energies.T[None, None])))
        third = self.layer3(self.layer2(self.layer1(x)))
        return self.fuse34(self.layer4(third), self.layer3_ds(third)).flatten(1, 2).mean(-1)[0]


def _rectified(x: Tensor) -> Tensor:
    return x.clamp(0, CEILING)


def _stored(path: Path) -> Tensor:
    try:
        with path.open("rb") as file:
            given = np.load(file, allow_pickle=False)
        values = np.asarray(given, np.float32).reshape(-1)
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise ReferenceRefused(f"{path.name} cannot be read as a vector: {error}") from error
    if values.shape != (SPEAKER_DIM,) or not np.isfinite(values).all():
        raise ReferenceRefused(f"{path.name} holds {values.size} numbers, expected {SPEAKER_DIM} finite ones")
    return torch.from_numpy(values.copy())
