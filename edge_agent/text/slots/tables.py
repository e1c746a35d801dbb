"""Every slot in the order it is tried: the narrower a pattern, the earlier."""

from __future__ import annotations

from typing import Final

from edge_agent.text.slots import (
    calendar,
    choices,
    clock,
    codes,
    contact,
    counting,
    currents,
    lengths,
    measures,
    money,
    progress,
    signs,
    transport,
)
from edge_agent.text.slots.rule import Rule

ZH: Final[tuple[Rule, ...]] = (
    *signs.EARLY_ZH, *contact.ZH, *transport.ZH, *progress.ZH, *choices.ZH, *currents.ZH, *calendar.ZH, *clock.ZH, *money.ZH,
    *lengths.ZH, *measures.ZH, *codes.ZH, *counting.ZH, *signs.ZH,
)  # fmt: skip
EN: Final[tuple[Rule, ...]] = (
    *signs.EARLY_EN, *contact.EN, *transport.EN, *progress.EN, *choices.EN, *currents.EN, *calendar.EN, *clock.EN, *money.EN,
    *lengths.EN, *measures.EN, *codes.EN, *counting.EN, *signs.EN,
)  # fmt: skip
