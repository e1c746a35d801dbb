"""Reading somebody's PyTorch checkpoint without running any of it.

A checkpoint is an archive of ``data.pkl``, a program for a stack machine, and one file for every tensor's numbers. The
program is not handed to :mod:`pickle`, which can call whatever it names. All its names and operations are looked at first;
then a machine that knows only these builds plain values and views of the numbers.
"""

from __future__ import annotations

import pickletools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from quantize.gptsovits.archive import MAX_FILE_BYTES, Archive
from quantize.gptsovits.errors import CheckpointRefused

MAX_PROGRAM_BYTES = 2 << 20
MAX_DIMENSIONS = 8

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
_TENSOR = "torch._utils _rebuild_tensor_v2"
_DICTS = ("collections OrderedDict",)
_CONFIGS = ("utils HParams", "GPT_SoVITS.utils HParams")
"""The original's container of a config; here it becomes a plain dict."""

_KNOWN = {*_STORAGES, *_CONFIGS, *_DICTS, _TENSOR}
_MARK = object()


@dataclass(frozen=True, slots=True)
class Raw:
    """``content`` is plain values, and tensors that lie in the file still; ``header`` is the version its first bytes name."""

    content: Any
    header: str


def read(path: Path) -> Raw:
    """Read a checkpoint. Its tensors are views of the mapped file: copy what is to outlast it.

    Raises:
        CheckpointRefused: it is truncated, damaged, not a checkpoint, or asks for anything but tensors and plain values.
    """
    archive = Archive(path)
    return Raw(_Machine(archive).run(), archive.header)


@dataclass(frozen=True, slots=True)
class _Name:
    """What the program named: only its text, never the thing."""

    text: str


class _Storages:
    """The numbers, by the keys the program has for them."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._read: dict[str, Tensor] = {}

    def get(self, kind: str, key: str, count: int) -> Tensor:
        """A flat tensor in place."""
        dtype, source = _STORAGES.get(kind), self._archive.source
        if dtype is None or not key.isalnum():
            raise CheckpointRefused(source, f"storage {key[:80]!r} of {kind[:80]!r} makes no sense")
        if key not in self._read:
            content = self._archive.content(f"data/{key}")
            if len(content) != count * dtype.itemsize:
                raise CheckpointRefused(source, f"storage {key} has {len(content)} bytes, but is said to be {count} of {dtype}")
            self._read[key] = _view(content, dtype)
        found = self._read[key]
        if found.dtype != dtype or len(found) != count:
            raise CheckpointRefused(source, f"storage {key} is said to be two different things")
        return found


def _view(content: memoryview, dtype: torch.dtype) -> Tensor:
    if not len(content):
        return torch.empty(0, dtype=dtype)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given buffer is not writable")  # nothing here writes
        return torch.frombuffer(content, dtype=dtype)


class _Machine:
    def __init__(self, archive: Archive) -> None:
        self._archive, self._storages = archive, _Storages(archive)
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        code = self._archive.content("data.pkl")
        if len(code) > MAX_PROGRAM_BYTES:
            raise self._bad(f"data.pkl has {len(code)} bytes, expected at most {MAX_PROGRAM_BYTES}")
        try:
            program = [(operation.name, argument) for operation, argument, _ in pickletools.genops(bytes(code))]
        except (ValueError, IndexError, OverflowError, MemoryError) as error:
            raise self._bad(f"data.pkl is damaged: {str(error)[:200]}") from error
        for operation, argument in program:
            self._allow(operation, argument)
        try:
            for operation, argument in program[:-1]:
                self._OPERATIONS[operation](self, argument)
            (result,) = self._stack
        except (IndexError, KeyError, ValueError, TypeError) as error:
            raise self._bad("data.pkl is damaged: it is no program that makes a value") from error
        return result

    def _allow(self, operation: str, argument: Any) -> None:
        if operation == "GLOBAL" and argument not in _KNOWN:
            raise self._bad(f"asks for {argument.replace(' ', '.')[:80]}, which no GPT-SoVITS checkpoint needs; nothing of it was run")
        if operation != "STOP" and operation not in self._OPERATIONS:
            raise self._bad(f"uses pickle's {operation}, which no GPT-SoVITS checkpoint needs; nothing of it was run")

    def _bad(self, reason: str) -> CheckpointRefused:
        return CheckpointRefused(self._archive.source, reason)

    def _nothing(self, _: Any) -> None:
        pass

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self, count: int) -> list[Any]:
        if count > len(self._stack):
            raise IndexError
        place = len(self._stack) - count
        values = self._stack[place:]
        del self._stack[place:]
        return values

    def _pop_to_mark(self) -> list[Any]:
        values = self._pop(next((index for index, each in enumerate(reversed(self._stack)) if each is _MARK), len(self._stack)))
        self._pop(1)
        return values

    def _remember(self, place: int | None) -> None:
        self._memo[len(self._memo) if place is None else place] = self._stack[-1]

    def _append(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise TypeError
        target.extend(values)

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        # Other keys could take as long to hash as an attacker likes.
        if type(target) is not dict or any(type(key) not in (str, int) for key in items[::2]):
            raise TypeError
        target.update(zip(items[::2], items[1::2], strict=True))

    def _call(self, _: None) -> None:
        what, arguments = self._pop(2)
        if what == _Name(_TENSOR):
            self._push(self._tensor(*arguments[:4]))
        else:
            self._dict(what, _DICTS, arguments)

    def _make(self, _: None) -> None:
        what, arguments = self._pop(2)
        self._dict(what, _CONFIGS, arguments)

    def _dict(self, what: Any, names: tuple[str, ...], arguments: Any) -> None:
        if not isinstance(what, _Name) or what.text not in names or arguments != ():
            raise self._bad("calls what is not to be called; nothing of it was run")
        self._push({})

    def _build(self, _: None) -> None:
        """A config's content goes into its dict; what else is set on a dict means nothing here."""
        (state,) = self._pop(1)
        if type(state) is not dict:
            raise TypeError
        if "_metadata" not in state:
            self._set([each for item in state.items() for each in item])

    def _storage(self, _: None) -> None:
        kind, name, key, _, count = self._pop(1)[0]
        if kind != "storage" or not isinstance(name, _Name) or type(key) is not str or type(count) is not int:
            raise TypeError
        self._push(self._storages.get(name.text, key, count))

    def _tensor(self, numbers: Any, offset: Any, shape: Any, strides: Any) -> Tensor:
        if not isinstance(numbers, Tensor) or type(shape) is not tuple or type(strides) is not tuple:
            raise TypeError
        if len(shape) != len(strides) or len(shape) > MAX_DIMENSIONS:
            raise TypeError
        if any(type(each) is not int or not 0 <= each <= MAX_FILE_BYTES for each in (offset, *shape, *strides)):
            raise self._bad("a tensor has a size that is negative or absurd")
        last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
        # A stride of 0 would make any number of values from one.
        if prod(shape) > len(numbers) or (prod(shape) and last >= len(numbers)):
            raise self._bad(f"a tensor of shape {shape} does not fit the {len(numbers)} numbers it is made of")
        return numbers.as_strided(shape, strides, offset) if prod(shape) else torch.empty(shape, dtype=numbers.dtype)

    _OPERATIONS: ClassVar[dict[str, Callable[[_Machine, Any], None]]] = {
        **dict.fromkeys(("PROTO", "FRAME"), _nothing),
        **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"), _push),
        **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), _remember),
        **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda self, place: self._push(self._memo[place])),
        "MARK": lambda self, _: self._push(_MARK),
        "NONE": lambda self, _: self._push(None),
        "NEWTRUE": lambda self, _: self._push(True),
        "NEWFALSE": lambda self, _: self._push(False),
        "EMPTY_DICT": lambda self, _: self._push({}),
        "EMPTY_LIST": lambda self, _: self._push([]),
        "EMPTY_TUPLE": lambda self, _: self._push(()),
        "TUPLE1": lambda self, _: self._push(tuple(self._pop(1))),
        "TUPLE2": lambda self, _: self._push(tuple(self._pop(2))),
        "TUPLE3": lambda self, _: self._push(tuple(self._pop(3))),
        "TUPLE": lambda self, _: self._push(tuple(self._pop_to_mark())),
        "APPEND": lambda self, _: self._append(self._pop(1)),
        "APPENDS": lambda self, _: self._append(self._pop_to_mark()),
        "SETITEM": lambda self, _: self._set(self._pop(2)),
        "SETITEMS": lambda self, _: self._set(self._pop_to_mark()),
        "GLOBAL": lambda self, name: self._push(_Name(name)),
        "BINPERSID": _storage,
        "REDUCE": _call,
        "NEWOBJ": _make,
        "BUILD": _build,
    }
