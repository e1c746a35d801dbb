"""What all sections of the configuration have in common."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A TOML table. Every attribute is a key; the text below it describes it to users; its name ends in its unit."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
    )

    def problems(self) -> Iterable[tuple[str, str]]:
        """Faults that only the component itself, or several keys together, can show: pairs of key and what is wrong."""
        return ()
