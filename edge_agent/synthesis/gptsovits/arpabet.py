"""English words as GPT-SoVITS spells them: ARPAbet, a stress figure after each vowel."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from edge_agent.text import TextError
from edge_agent.text.english.stress import PRIMARY, SECONDARY

_CONSONANTS: Final = MappingProxyType(
    dict(
        pair.split(":")
        for pair in "b:B ʧ:CH d:D ð:DH f:F ɡ:G h:HH ʤ:JH k:K l:L m:M n:N ŋ:NG p:P ɹ:R s:S ʃ:SH t:T θ:TH v:V w:W j:Y z:Z ʒ:ZH "
        "T:T ɾ:T ʔ:T ɫ:L r:R x:K".split()
    )
)
_VOWELS: Final = MappingProxyType(
    dict(
        pair.split(":")
        for pair in "ɜɹ:ER əɹ:ER ɚ:ER ɝ:ER ɜ:ER ɑ:AA a:AA ɒ:AA æ:AE ʌ:AH ə:AH ᵊ:AH ɐ:AH ɔ:AO W:AW I:AY ɛ:EH e:EH A:EY ɪ:IH ᵻ:IH ɨ:IH "
        "i:IY O:OW Q:OW o:OW Y:OY ʊ:UH u:UW".split()
    )
)
_SILENT: Final = frozenset("ːʲʰ̃")
_FIGURES: Final = MappingProxyType({PRIMARY: "1", SECONDARY: "2"})
_SYMBOL: Final = re.compile("[ɜə]ɹ|.", re.DOTALL)


def from_sounds(sounds: str) -> list[str]:
    """ARPAbet of one word written in the phonemes of ``edge_agent.text``: ``wˈɔTəɹ`` -> ``W AO1 T ER0``.

    Raises:
        TextError: a symbol is not English; its ``position`` is an offset into ``sounds``.
    """
    phones, figure = [], "0"
    for match in _SYMBOL.finditer(sounds):
        symbol = match[0]
        if symbol in _FIGURES:
            figure = _FIGURES[symbol]
        elif symbol in _VOWELS:
            phones.append(f"{_VOWELS[symbol]}{figure}")
            figure = "0"
        elif symbol in _CONSONANTS:
            phones.append(_CONSONANTS[symbol])
        elif symbol not in _SILENT:
            raise TextError(f"GPT-SoVITS has no English sound for {symbol!r} in {sounds!r}", position=match.start())
    return phones
