"""What the daemon tells about itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge_agent.config.section import Section


class MetricsSection(Section):
    """What the daemon tells about itself, beside its status."""

    enabled: bool = True
    """Serve Prometheus metrics over HTTP, on this machine only."""
    address: Literal["127.0.0.1", "::1"] = "127.0.0.1"
    """The loopback address to serve on."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 9464
    """The TCP port to serve on; 0 takes any that is free."""
    health_interval_s: Annotated[float, Field(ge=1, le=3600)] = 30.0
    """How often the same figures are published as the retained health message."""
