"""What goes onto a stick for a technician."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from edge_agent.disk import naming
from edge_agent.errors import EdgeAgentError
from edge_agent.voices.usb.folder import SUFFIX, Limits
from edge_agent.voices.usb.sentences import RESULTS, Sentence

README, LOG_FOLDER = "README.TXT", "log"
_WINDOWS_OWN = "System Volume Information"
"""Windows makes this folder on every stick it sees."""
_INTRODUCTION = """\
VOICE PACKS / 语音包

1. The stick: FAT32 or exFAT, its label is VOICEPACK. These files are at its top.
   U盘格式为FAT32或exFAT，卷标为VOICEPACK，文件放在最上层。
2. Put it into the running device. It says that it reads the stick, then what became of it.
   插入已开机的设备。设备会播报"正在读取U盘"，然后播报结果。
3. Take the stick out after the result. It may stay in; the same stick again changes nothing.
   听到结果后拔出U盘。重复插入不会有任何影响。
4. LOG.TXT in the folder "log" says the same in writing, for each file. Without that folder, and without a second partition
   labelled VOICELOG, nothing is ever written to the stick.
   文件夹log中的LOG.TXT是文字结果。若没有该文件夹，也没有卷标为VOICELOG的分区，设备不会写入U盘。

RESULTS / 结果
"""


def export_stick(packs: Sequence[Path], folder: Path, *, limits: Limits | None = None) -> list[Path]:
    """Copy packs into a new or empty folder, with instructions and a place for the log; what was written.

    Raises:
        EdgeAgentError: a pack's name, size or kind is not one a device would take, two have the same name, or the folder is not empty.
        OSError: it cannot be written; what had been was removed again, so that another attempt finds the folder empty.
    """
    limits = limits or Limits()
    if not packs or len(packs) > limits.packs:
        raise EdgeAgentError(f"{len(packs)} packs are given; a stick takes 1 to {limits.packs}")
    names = [_name(pack, limits) for pack in packs]
    if len({name.lower() for name in names}) < len(names):
        raise EdgeAgentError("two packs have the same name, which a stick cannot tell apart; rename one")
    folder.mkdir(parents=True, exist_ok=True)
    if any(not each.name.startswith(".") and each.name != _WINDOWS_OWN for each in folder.iterdir()):
        raise EdgeAgentError(f"{folder} is not empty; give a new folder, or a formatted stick")
    written: list[Path] = []
    try:
        for pack, name in zip(packs, names, strict=True):
            written.append(folder / name)
            _copy(pack, folder / name)
        written.append(folder / README)
        with naming(folder / README):
            (folder / README).write_text(instructions(), encoding="utf-8-sig", newline="\r\n")
        (folder / LOG_FOLDER).mkdir()
    except BaseException as failure:
        if left := [path.name for path in written if not _removed(path)]:
            raise EdgeAgentError(f"{failure}; {folder} is not complete, remove from it: {', '.join(left)}") from failure
        raise
    return [*written, folder / LOG_FOLDER]


def instructions() -> str:
    """The text of ``README.TXT``."""
    return _INTRODUCTION + "".join(_row(each) for each in RESULTS)


def _row(row: Sentence) -> str:
    todo = f"      -> {row.todo_en} {row.todo_zh}\n" if row.todo_en else ""
    return f"{row.code}  {row.en} {row.zh}\n{todo}"


def _copy(pack: Path, target: Path) -> None:
    with naming(target), pack.open("rb") as source, target.open("xb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())


def _removed(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _name(pack: Path, limits: Limits) -> str:
    name = pack.name
    if pack.suffix.lower() != SUFFIX or name.startswith(".") or not name.isprintable() or len(os.fsencode(name)) > limits.name_bytes:
        raise EdgeAgentError(f"{name!r} is no name for a pack; it ends in {SUFFIX} and has at most {limits.name_bytes} bytes")
    try:
        size = pack.stat().st_size
    except OSError as error:
        raise EdgeAgentError(f"{pack} cannot be read: {error.strerror}") from error
    if not pack.is_file() or not 0 < size <= limits.pack_bytes:
        raise EdgeAgentError(f"{pack} is not a file of 1 to {limits.pack_bytes} bytes; no device would take it")
    return name
