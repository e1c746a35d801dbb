"""Who speaks, and what computes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge_agent.config.cache import MIB
from edge_agent.config.section import Section


class VoiceSection(Section):
    """Who speaks, and what computes it."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = Field(default=None, examples=["default"])
    """The voice of requests that name none; the one made active last unless set, and the one that ships at first."""
    provider: Literal["auto", "tensorrt", "cuda", "cpu"] = "auto"
    """What runs the model; auto tries all that ONNX Runtime has and keeps the fastest that computes right."""
    threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Processor threads for the model."""
    gpu_memory_mib: Annotated[int, Field(ge=128, le=65_536)] = 1024
    """The most that the graphs of a loaded voice may take of a GPU's memory. The driver's own share comes on top, and there are two
    while one voice takes over from another. Too little is found out when providers are tried: the voice then runs on the processor."""
    fleet: bool = False
    """Follow announcements of voice packs at voice/<site>/<device>/pack, .../all/pack and .../group/<name>/pack."""
    quota_mib: Annotated[int, Field(ge=1, le=1_048_576)] = 2048
    """The most that installed voices may take, the version before each included."""

    @property
    def gpu_memory_bytes(self) -> int:
        return self.gpu_memory_mib * MIB

    @property
    def quota_bytes(self) -> int:
        return self.quota_mib * MIB
