"""Reading somebody's PyTorch checkpoint without running any of it.

A checkpoint is a zip archive: ``data.pkl``, a program for a stack machine, and one stored file for every tensor's numbers.
The program is not handed to :mod:`pickle`, which can call whatever it names, but walked twice here: first every name and
operation in it is looked at, then a machine of our own that knows only these builds plain values and views of the numbers.
"""

from __future__ import annotations

import mmap
import pickletools
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from quantize.gptsovits.errors import CheckpointRefused

MAX_FILE_BYTES = 2 << 30
MAX_PICKLE_BYTES = 16 << 20
MAX_MEMBERS = 20_000
MAX_DIMENSIONS = 8
LOCAL_HEADER = 30

HEADERS = {
    b"PK": "",
    b"00": "v1",
    b"01": "v2",
    b"02": "v3",
    b"03": "v3 LoRA",
    b"04": "v4 LoRA",
    b"05": "v2Pro",
    b"06": "v2ProPlus",
}
"""First two bytes of a file: a plain archive, or a version written over its first letters."""

_STORAGES = {
    f"torch {name}Storage": dtype
    for name, dtype in {
        "Half": torch.float16,
        "BFloat16": torch.bfloat16,
        "Float": torch.float32,
        "Double": torch.float64,
        "Long": torch.int64,
        "Int": torch.int32,
        "Short": torch.int16,
        "Char": torch.int8,
        "Byte": torch.uint8,
        "Bool": torch.bool,
    }.items()
}
_DICT, _TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"
_CONFIGS = ("utils HParams", "GPT_SoVITS.utils HParams")
"""The original's container of a config; here it becomes a plain dict."""

_KNOWN = {*_STORAGES, *_CONFIGS, _DICT, _TENSOR}
_MARK = object()


@dataclass(frozen=True, slots=True)
class Raw:
    """``content`` is plain values and tensors that lie in the file still; ``header`` is the version its first bytes name."""

    content: Any
    header: str


@dataclass(frozen=True, slots=True)
class _Name:
    """Something the program named: never the thing itself."""

    text: str


@dataclass(frozen=True, slots=True)
class _Storage:
    values: Tensor


def read(path: Path) -> Raw:
    """Read a checkpoint.

    Its tensors are views of the file, which stays mapped while one of them lives: copy what is to outlast the file.

    Raises:
        CheckpointRefused: it is truncated, damaged, not a checkpoint, or asks for anything but tensors and plain values.
    """
    source = path.name
    try:
        size = path.stat().st_size
        if not path.is_file() or not 4 <= size <= MAX_FILE_BYTES:
            raise CheckpointRefused(source, f"a checkpoint is a file of at most {MAX_FILE_BYTES >> 30} GiB, this has {size} bytes")
        with path.open("rb") as file:
            start = file.read(4)
            if start[:2] == b"\x80\x02" or start[:1] == b"\x80":
                raise CheckpointRefused(
                    source, "a bare pickle, as PyTorch wrote it before 1.6; open it where it was made and save it with a newer PyTorch"
                )
            header = HEADERS.get(start[:2])
            if header is None or start[2:] != b"\x03\x04":
                raise CheckpointRefused(source, f"begins with the bytes {start.hex(' ')}, which no GPT-SoVITS checkpoint does")
            with zipfile.ZipFile(file) as archive:
                members = _members(source, archive)
            return Raw(_Program(source, _Numbers(source, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), members)).run(), header)
    except OSError as error:
        raise CheckpointRefused(source, f"cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, NotImplementedError, struct.error, UnicodeDecodeError) as error:
        raise CheckpointRefused(source, f"truncated or damaged: {error}; copy it again") from error


def _members(source: str, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Members by their names below the archive's one root folder."""
    listed = archive.infolist()
    if not 1 <= len(listed) <= MAX_MEMBERS:
        raise CheckpointRefused(source, f"an archive of {len(listed)} files, expected 1 to {MAX_MEMBERS}")
    root = listed[0].filename.split("/")[0] + "/"
    found: dict[str, zipfile.ZipInfo] = {}
    for member in listed:
        name = member.filename.removeprefix(root)
        if name == member.filename or name in found:
            raise CheckpointRefused(source, f"its archive holds {member.filename[:80]!r} twice or outside the folder {root[:80]!r}")
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 or member.file_size != member.compress_size:
            raise CheckpointRefused(source, f"{member.filename[:80]!r} in its archive is compressed or encrypted, which PyTorch never does")
        found[name] = member
    if "data.pkl" not in found:
        raise CheckpointRefused(source, "an archive, but not one of PyTorch: data.pkl is missing")
    return found


@dataclass(slots=True)
class _Numbers:
    """The archive's files, each checked against its checksum once."""

    source: str
    mapped: mmap.mmap
    members: dict[str, zipfile.ZipInfo]
    storages: dict[str, _Storage] = field(default_factory=dict)

    def content(self, name: str) -> memoryview:
        member = self.members.get(name)
        if member is None:
            raise CheckpointRefused(self.source, f"{name[:80]!r} is missing from its archive")
        # The local header, because its extra field has another length than the directory's.
        lengths = self.mapped[member.header_offset + LOCAL_HEADER - 4 : member.header_offset + LOCAL_HEADER]
        start = member.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", lengths))
        if start + member.file_size > len(self.mapped):
            raise CheckpointRefused(self.source, f"truncated or damaged: {name[:80]!r} lies beyond its end; copy it again")
        content = memoryview(self.mapped)[start : start + member.file_size]
        if zlib.crc32(content) != member.CRC:
            raise CheckpointRefused(self.source, f"damaged: the checksum of {name[:80]!r} is wrong; copy it again")
        return content

    def storage(self, kind: str, key: str, count: int) -> _Storage:
        dtype = _STORAGES.get(kind)
        if dtype is None or not key.isalnum() or count < 0:
            raise CheckpointRefused(self.source, f"storage {key[:80]!r} of {kind[:80]!r} with {count} numbers makes no sense")
        if key not in self.storages:
            content = self.content(f"data/{key}")
            if len(content) != count * dtype.itemsize:
                raise CheckpointRefused(self.source, f"storage {key} has {len(content)} bytes, {count} numbers of {dtype} need others")
            self.storages[key] = _Storage(_view(content, dtype))
        found = self.storages[key]
        if found.values.dtype != dtype or len(found.values) != count:
            raise CheckpointRefused(self.source, f"storage {key} is said to be two different things")
        return found


def _view(content: memoryview, dtype: torch.dtype) -> Tensor:
    if not len(content):
        return torch.empty(0, dtype=dtype)
    with warnings.catch_warnings():
        # That the file is mapped for reading only: nothing here writes.
        warnings.filterwarnings("ignore", message="The given buffer is not writable")
        return torch.frombuffer(content, dtype=dtype)


class _Program:
    """The stack machine."""

    def __init__(self, source: str, numbers: _Numbers) -> None:
        self._source, self._numbers = source, numbers
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        code = self._numbers.content("data.pkl")
        if len(code) > MAX_PICKLE_BYTES:
            raise self._bad(f"data.pkl has {len(code)} bytes, expected at most {MAX_PICKLE_BYTES}")
        try:
            operations = [(operation.name, argument) for operation, argument, _ in pickletools.genops(bytes(code))]
        except (ValueError, IndexError, OverflowError, MemoryError) as error:
            raise self._bad(f"data.pkl is damaged: {error}") from error
        for name, argument in operations:
            self._allow(name, argument)
        try:
            for name, argument in operations[:-1]:
                _OPERATIONS[name](self, argument)
            (result,) = self._stack
        except (IndexError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise self._bad("data.pkl is damaged: it is no program that makes a value") from error
        return result

    def _allow(self, name: str, argument: Any) -> None:
        if name == "GLOBAL" and argument not in _KNOWN:
            raise self._bad(f"asks for {argument.replace(' ', '.')[:80]}, which no GPT-SoVITS checkpoint needs; nothing of it was run")
        if name != "STOP" and name not in _OPERATIONS:
            raise self._bad(f"uses the pickle operation {name}, which no GPT-SoVITS checkpoint needs; nothing of it was run")

    def _bad(self, reason: str) -> CheckpointRefused:
        return CheckpointRefused(self._source, reason)

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _since_mark(self) -> list[Any]:
        place = len(self._stack) - 1 - next(index for index, each in enumerate(reversed(self._stack)) if each is _MARK)
        values = self._stack[place + 1 :]
        del self._stack[place:]
        return values

    def _tuple(self, count: int) -> None:
        values = tuple(self._stack[len(self._stack) - count :])
        if len(values) != count:
            raise IndexError
        del self._stack[len(self._stack) - count :]
        self._push(values)

    def _remember(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def _append(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise TypeError
        target.extend(values)

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise TypeError
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, int):
                raise TypeError
            target[key] = value

    def _call(self, arguments: Any, what: Any) -> None:
        if what == _Name(_DICT) and arguments == ():
            self._push({})
        elif what == _Name(_TENSOR):
            self._push(self._tensor(*arguments[:4]))
        else:
            raise self._bad("calls what it may not; nothing was run")

    def _new(self, arguments: Any, what: Any) -> None:
        if not isinstance(what, _Name) or what.text not in (*_CONFIGS, _DICT) or arguments != ():
            raise self._bad("makes an object it may not; nothing was run")
        self._push({})

    def _build(self, state: Any) -> None:
        """A config's content goes into its dict; a dict's own attributes mean nothing here."""
        if type(state) is not dict or type(self._stack[-1]) is not dict:
            raise TypeError
        if "_metadata" not in state:
            self._set([each for item in state.items() for each in item])

    def _find_storage(self, identity: Any) -> None:
        kind, name, key, _, count = identity
        if kind != "storage" or not isinstance(name, _Name) or type(key) is not str or type(count) is not int:
            raise TypeError
        self._push(self._numbers.storage(name.text, key, count))

    def _tensor(self, storage: Any, offset: Any, shape: Any, strides: Any) -> Tensor:
        if not isinstance(storage, _Storage) or type(shape) is not tuple or type(strides) is not tuple:
            raise TypeError
        if len(shape) != len(strides) or len(shape) > MAX_DIMENSIONS:
            raise TypeError
        whole = (offset, *shape, *strides)
        if any(type(each) is not int or not 0 <= each <= MAX_FILE_BYTES for each in whole):
            raise self._bad("a tensor has a size that is negative or absurd")
        count = 1
        for length in shape:
            count *= length
        last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
        if count > len(storage.values) or (count and last >= len(storage.values)):
            raise self._bad(f"a tensor of shape {shape} does not fit the {len(storage.values)} numbers it is made of")
        return storage.values.as_strided(shape, strides, offset) if count else torch.empty(shape, dtype=storage.values.dtype)


_Operation = Callable[[_Program, Any], None]


def _pushes(make: Callable[[Any], Any]) -> _Operation:
    return lambda program, argument: program._push(make(argument))


def _takes(method: Callable[..., None], count: int = 1) -> _Operation:
    """Pop ``count`` values, the topmost first."""
    return lambda program, argument: method(program, *[program._stack.pop() for _ in range(count)])


_argument = _pushes(lambda argument: argument)
_OPERATIONS: dict[str, _Operation] = {
    "PROTO": lambda program, argument: None,
    "FRAME": lambda program, argument: None,
    "MARK": _pushes(lambda _: _MARK),
    "NONE": _pushes(lambda _: None),
    "NEWTRUE": _pushes(lambda _: True),
    "NEWFALSE": _pushes(lambda _: False),
    "EMPTY_DICT": _pushes(lambda _: {}),
    "EMPTY_LIST": _pushes(lambda _: []),
    "EMPTY_TUPLE": _pushes(lambda _: ()),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"), _argument),
    "GLOBAL": _pushes(_Name),
    "TUPLE": lambda program, argument: program._push(tuple(program._since_mark())),
    "TUPLE1": lambda program, argument: program._tuple(1),
    "TUPLE2": lambda program, argument: program._tuple(2),
    "TUPLE3": lambda program, argument: program._tuple(3),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), lambda program, argument: program._remember(argument)),
    "MEMOIZE": lambda program, argument: program._remember(len(program._memo)),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda program, argument: program._push(program._memo[argument])),
    "APPEND": lambda program, argument: program._append([program._stack.pop()]),
    "APPENDS": lambda program, argument: program._append(program._since_mark()),
    "SETITEM": lambda program, argument: program._set([program._stack.pop(-2), program._stack.pop()]),
    "SETITEMS": lambda program, argument: program._set(program._since_mark()),
    "BINPERSID": _takes(_Program._find_storage),
    "REDUCE": _takes(_Program._call, 2),
    "NEWOBJ": _takes(_Program._new, 2),
    "BUILD": _takes(_Program._build),
}
