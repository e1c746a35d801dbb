"""What is said of a stick, aloud and in its log: one table of codes, in Mandarin and English.

The words on the left are the ``reason`` of what refused a pack: of :mod:`edge_agent.voices.pack`, of the store, and of the stick
itself. README.md shows the same table to technicians.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One result: a code to say on the telephone, what is spoken, and what to do next (for the log)."""

    code: str
    zh: str
    en: str
    todo_zh: str = ""
    todo_en: str = ""

    def text(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en


READING = Sentence("S00", "正在读取U盘。", "Reading the stick.")

INSTALLED = Sentence("S01", "新声音已安装。", "New voice installed.")
CURRENT = Sentence("S02", "声音已是最新。", "The voices are up to date.")
OTHERS = Sentence(
    "S03", "U盘上没有本机的声音。", "No voice for this device.",
    "请确认U盘是为本机制作的。",
    "Check that the stick was made for this device.",
)  # fmt: skip
EMPTY = Sentence(
    "S04", "U盘上没有语音包。", "No voice packs on the stick.",
    "请把语音包放在U盘最上层。",
    "Put the packs at the top of the stick, in no folder.",
)  # fmt: skip

_SIGNER = Sentence(
    "E10", "语音包被拒绝，签名不可信。", "Voice pack refused: not signed by a trusted key.",
    "请联系语音包的制作者。",
    "Ask who made the pack; this device does not trust its key.",
)  # fmt: skip
_CONSENT = Sentence(
    "E20", "语音包被拒绝，缺少授权。", "Voice pack refused: no valid consent.",
    "需要声音本人的有效授权。",
    "The voice's owner has to consent, or to consent anew.",
)  # fmt: skip
_PERIOD = Sentence(
    "E21", "语音包不在有效期内。", "Voice pack refused: out of date.",
    "请检查设备时间，或索取新的语音包。",
    "Check the device's clock, or ask for a new pack.",
)  # fmt: skip
_OLDER = Sentence(
    "E22", "语音包版本太旧。", "Voice pack refused: too old.",
    "请索取新的语音包。",
    "A newer version was here before; ask for a new pack.",
)  # fmt: skip
_DAMAGED = Sentence(
    "E30", "语音包已损坏。", "Voice pack damaged.",
    "请重新复制语音包。",
    "Copy the pack to the stick again.",
)  # fmt: skip
_PROGRAM = Sentence(
    "E31", "语音包需要新版程序。", "Voice pack needs a newer program.",
    "请先更新设备程序。",
    "Update this device's program first.",
)  # fmt: skip
_CANARY = Sentence(
    "E32", "新声音测试失败。", "The new voice failed its test.",
    "设备继续使用原来的声音。",
    "The device goes on with the voice it had.",
)  # fmt: skip
_ROOM = Sentence(
    "E40", "设备空间不足。", "Not enough space on the device.",
    "请删除不用的声音。",
    "Delete a voice that is not used.",
)  # fmt: skip
_STORE = Sentence(
    "E41", "设备存储有故障。", "The device cannot store voices.",
    "请把日志发给维护人员。",
    "Send this log to whoever maintains the device.",
)  # fmt: skip
_STICK = Sentence(
    "E50", "U盘读取失败。", "The stick cannot be read.",
    "请重新插入，或换一个U盘。",
    "Put it in again, or take another stick.",
)  # fmt: skip
_CROWDED = Sentence(
    "E51", "U盘上文件太多。", "Too many files on the stick.",
    "请删除多余的文件。",
    "Leave only the packs on it.",
)  # fmt: skip
_ODD = Sentence(
    "E52", "U盘上有无效文件。", "Invalid file on the stick.",
    "请把语音包重新复制到空U盘。",
    "Copy the packs to an empty stick.",
)  # fmt: skip
OTHER = Sentence(
    "E99", "语音包被拒绝。", "Voice pack refused.",
    "请把日志发给维护人员。",
    "Send this log to whoever maintains the device.",
)  # fmt: skip

WRONG_DEVICE = "wrong_device"
INSTALLED_ALREADY = "installed"
OLDER = "downgrade"
NEUTRAL = frozenset({WRONG_DEVICE, INSTALLED_ALREADY})
"""Reasons for which nobody has to do anything."""

SENTENCES: Mapping[str, Sentence] = MappingProxyType(
    {
        INSTALLED_ALREADY: CURRENT,
        **dict.fromkeys((WRONG_DEVICE, "rollout"), OTHERS),
        **dict.fromkeys(("unsigned", "forged", "untrusted", "revoked", "order"), _SIGNER),
        **dict.fromkeys(
            (
                "no_consent", "consent_forged", "consent_untrusted", "consent_revoked", "consent_malformed", "consent_expired",
            ),
            _CONSENT,
        ),
        **dict.fromkeys(("not_yet_valid", "consent_not_yet_valid", "expired"), _PERIOD),
        **dict.fromkeys((OLDER, "replayed"), _OLDER),
        **dict.fromkeys(("truncated", "malformed", "too_large", "unsafe_path", "damaged"), _DAMAGED),
        **dict.fromkeys(("unknown_engine", "engine_too_old", "front_end_differs"), _PROGRAM),
        "canary": _CANARY,
        "reserved": OTHER,
        **dict.fromkeys(("disk", "quota"), _ROOM),
        **dict.fromkeys(("busy", "state", "unknown"), _STORE),
        "unreadable": _STICK,
        "crowded": _CROWDED,
        "odd": _ODD,
    }
)

RESULTS = tuple(sorted({INSTALLED, CURRENT, OTHERS, EMPTY, OTHER, *SENTENCES.values()}, key=lambda each: each.code))
"""Everything that can become of a stick, by code."""


def sentence(reason: str | None) -> Sentence:
    """The sentence for a reason; None is success, a word that is not listed is a refusal without details."""
    return INSTALLED if reason is None else SENTENCES.get(reason, OTHER)
