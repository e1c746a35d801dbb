"""The phoneme alphabet every voice of this project reads, and its numbers.

The table is the vocabulary of Kokoro-82M v1.0 (hexgrad, Apache-2.0), symbol for symbol and id for id, so that the
teacher and every student distilled from it take the same input. Ids have gaps because the teacher's embedding has
rows for symbols it never learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edge_agent.text.errors import TextError

BOUNDARY_ID: Final = 0
"""Padding, and the mark at both ends of every sequence."""

N_IDS: Final = 178
"""Rows an embedding needs: the largest id plus one."""

_RUNS: Final = (
    (1, ";:,.!?"),
    (9, '—…"()“” ̃ʣʥʦʨᵝꭧAI'),
    (31, "O"),
    (33, "Q"),
    (35, "ST"),
    (39, "W"),
    (41, "Yᵊabcdef"),
    (50, "hijklmnopqrstuvwxyzɑɐɒæ"),
    (75, "βɔɕç"),
    (80, "ɖðʤə"),
    (85, "ɚɛɜ"),
    (90, "ɟ"),
    (92, "ɡ"),
    (99, "ɥ"),
    (101, "ɨɪʝ"),
    (110, "ɯɰŋɳɲɴø"),
    (118, "ɸθœ"),
    (123, "ɹ"),
    (125, "ɾɻ"),
    (128, "ʁɽʂʃʈʧ"),
    (135, "ʊʋ"),
    (138, "ʌɣɤ"),
    (142, "χʎ"),
    (147, "ʒʔ"),
    (156, "ˈˌː"),
    (162, "ʰ"),
    (164, "ʲ"),
    (169, "↓"),
    (171, "→↗↘"),
    (177, "ᵻ"),
)
"""(first id, consecutive symbols)."""

SYMBOLS: Final[Mapping[str, int]] = MappingProxyType({symbol: first + i for first, run in _RUNS for i, symbol in enumerate(run)})


def encode(phonemes: str) -> list[int]:
    """Ids of `phonemes` with the boundary id at both ends; length is `len(phonemes) + 2`.

    Raises TextError, whose `position` is the offset into `phonemes`, on a symbol outside the table.
    """
    ids = [BOUNDARY_ID]
    for position, symbol in enumerate(phonemes):
        try:
            ids.append(SYMBOLS[symbol])
        except KeyError:
            raise TextError(
                f"symbol {symbol!r} (U+{ord(symbol):04X}) at {position} is not in the phoneme table", position=position
            ) from None
    ids.append(BOUNDARY_ID)
    return ids
