"""Tensors and plain values come out of a checkpoint; nothing else ever does, and nothing in it runs."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import pickletools
import struct
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantize.gptsovits.errors import CheckpointRefused
from quantize.gptsovits.unpickle import read
from tests.rigs.gptsovits import HParams, save


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    content = {"weight": {"a": torch.arange(60.0).reshape(3, 20), "b": torch.ones(2).half()}, "config": HParams({"model": {"n": 3}})}
    return save(tmp_path_factory.mktemp("whole") / "x.pth", content).read_bytes()


def write(path, program: bytes, *, method=zipfile.ZIP_STORED, storages=(b"\0" * 16,), extra=()) -> None:
    """A checkpoint with that program and storages 0, 1, ... of bytes."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", program)
        for index, content in enumerate(storages):
            archive.writestr(f"archive/data/{index}", content)
        for name in extra:
            archive.writestr(name, b"")


def test_plain_values_and_tensors_are_what_torch_reads(tmp_path):
    tensors = {
        "half": torch.randn(3, 4).half(), "brain": torch.randn(5).bfloat16(), "double": torch.randn(2, 2, 2).double(),
        "whole": torch.arange(7), "flag": torch.tensor([True, False]), "turned": torch.randn(4, 6).T, "part": torch.randn(10)[3:7],
        "none": torch.empty(0, 3), "one": torch.tensor(2.5),
    }  # fmt: skip
    numbers = [0, -1, 255, 70_000, -(1 << 40), 0.5]
    values = {"words": ["a", "ü", ""], "numbers": numbers, "others": [None, True, False, (), (1,), (1, 2, 3, 4)]}
    content = read(save(tmp_path / "x.pth", {"weight": tensors, "config": values})).content
    assert content["config"] == values
    for name, tensor in tensors.items():
        torch.testing.assert_close(content["weight"][name], tensor, rtol=0, atol=0)


def test_a_config_becomes_a_plain_dict(tmp_path):
    content = read(save(tmp_path / "x.pth", {"config": HParams({"model": {"n": 3, "list": [1, 2]}})})).content
    assert content == {"config": {"model": {"n": 3, "list": [1, 2]}}}
    assert type(content["config"]["model"]) is dict


@pytest.mark.parametrize(("start", "header"), [(b"PK", ""), (b"05", "v2Pro"), (b"06", "v2ProPlus"), (b"03", "v3 LoRA")])
def test_a_version_over_the_first_two_bytes(tmp_path, whole, start, header):
    (tmp_path / "x.pth").write_bytes(start + whole[2:])
    raw = read(tmp_path / "x.pth")
    assert raw.header == header
    assert raw.content["weight"]["a"].sum() == 1770


class Attack:
    """Pickles as a call of ``function``."""

    def __init__(self, function, *arguments) -> None:
        self._call = function, arguments

    def __reduce__(self):
        return self._call


def canary(tmp_path):
    return tmp_path / "ran"


class TestHostile:
    @pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
    @pytest.mark.parametrize("function", [os.system, eval, exec, getattr, __import__, open, torch.load])
    def test_a_call(self, tmp_path, function, protocol):
        ran = canary(tmp_path)
        arguments = {os.system: f"touch {ran}", exec: f"open({str(ran)!r}, 'w')", eval: f"open({str(ran)!r}, 'w')"}
        attack = Attack(function, arguments.get(function, str(ran)))
        write(tmp_path / "x.pth", pickle.dumps({"weight": {"a": attack}}, protocol))
        with pytest.raises(CheckpointRefused, match="nothing of it was run"):
            read(tmp_path / "x.pth")
        assert not ran.exists()

    def test_the_name_is_said(self, tmp_path):
        write(tmp_path / "x.pth", pickle.dumps(Attack(os.system, "true"), 2))
        with pytest.raises(CheckpointRefused, match=r"x\.pth: asks for posix\.system, which no GPT-SoVITS checkpoint needs"):
            read(tmp_path / "x.pth")

    @pytest.mark.parametrize(
        "program",
        [
            b"(S'touch RAN'\nios\nsystem\n.",  # INST
            b"(cos\nsystem\nS'touch RAN'\no.",  # OBJ
            b"cos\nsystem\n(S'touch RAN'\ntR.",  # REDUCE
            b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x09touch RAN\x85R.",  # STACK_GLOBAL
            b"\x80\x02cutils\nHParams\n(S'x'\ntR.",
            b"\x80\x02cutils\nHParams\n)\x81cos\nsystem\nb.",  # BUILD
            b"\x80\x02ccollections\nOrderedDict\nccollections\nOrderedDict\n)R.",
            b"\x80\x02ctorch._utils\n_rebuild_parameter\n)R.",
            b"\x80\x02\x82\x01.",  # EXT1
            b"\x80\x02Pstorage\n.",  # PERSID
            b"\x80\x05\x97.",  # NEXT_BUFFER
        ],
    )
    def test_operations_nobody_needs(self, tmp_path, program):
        ran = canary(tmp_path)
        write(tmp_path / "x.pth", program.replace(b"RAN", str(ran).encode()))
        with pytest.raises(CheckpointRefused):
            read(tmp_path / "x.pth")
        assert not ran.exists()

    @pytest.mark.parametrize(
        "identity",
        ["x", 5, (), ("storage",), ("module", 1, "0", "cpu", 4), ("storage", "torch FloatStorage", "0", "cpu", 4), [1, 2, 3, 4, 5]],
    )
    def test_odd_persistent_ids(self, tmp_path, identity):
        program = pickle.dumps(identity, 2)[:-1] + b"Q."
        write(tmp_path / "x.pth", program)
        with pytest.raises(CheckpointRefused):
            read(tmp_path / "x.pth")

    @pytest.mark.parametrize(
        ("key", "count", "offset", "shape", "strides"),
        [
            ("0", 4, 0, (1 << 62,), (1,)),
            ("0", 4, 0, (1 << 20, 1 << 20), (0, 0)),
            ("0", 4, 0, (5,), (1,)),
            ("0", 4, 1, (4,), (1,)),
            ("0", 4, -1, (2,), (1,)),
            ("0", 4, 0, (2,), (-1,)),
            ("0", 4, 0, (2, 2), (1,)),
            ("0", 4, 0, (1,) * 9, (1,) * 9),
            ("0", 4, 0, (2.0,), (1,)),
            ("0", 4, 0, (True,), (1,)),
            ("0", 5, 0, (4,), (1,)),
            ("0", -1, 0, (), ()),
            ("0", 1 << 60, 0, (4,), (1,)),
            ("1", 4, 0, (4,), (1,)),
            ("../data.pkl", 4, 0, (4,), (1,)),
        ],
    )
    def test_sizes_that_do_not_fit(self, tmp_path, key, count, offset, shape, strides):
        def dumped(value):
            return pickle.dumps(value, 2)[2:-1]

        identity = b"(" + dumped("storage") + b"ctorch\nFloatStorage\n" + dumped(key) + dumped("cpu") + dumped(count) + b"tQ"
        arguments = b"(" + identity + dumped(offset) + dumped(shape) + dumped(strides) + b"t"
        write(tmp_path / "x.pth", b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"R.")
        with pytest.raises(CheckpointRefused):
            read(tmp_path / "x.pth")

    def test_the_form_of_that_program_is_right(self, tmp_path):
        """Else the tests above would pass for another reason."""
        storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000X\3\0\0\0cpuK\4tQ"
        write(tmp_path / "x.pth", b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0K\4\x85K\1\x85tR.")
        assert read(tmp_path / "x.pth").content.tolist() == [0, 0, 0, 0]

    def test_one_storage_as_two_things(self, tmp_path):
        one = b"(X\x07\0\0\0storagectorch\n%sStorage\nX\1\0\0\x000X\3\0\0\0cpuK%btQ"
        write(tmp_path / "x.pth", b"\x80\x02" + one % (b"Float", b"\4") + one % (b"Half", b"\x08") + b"\x86.")
        with pytest.raises(CheckpointRefused, match="two different things"):
            read(tmp_path / "x.pth")

    def test_a_memo_place_far_out_takes_no_memory(self, tmp_path):
        write(tmp_path / "x.pth", b"\x80\x02Nr\xff\xff\xff\xff.")
        assert read(tmp_path / "x.pth").content is None

    def test_keys_that_take_forever_to_hash(self, tmp_path):
        nested = b")" + b"q\0h\0\x86" * 200
        write(tmp_path / "x.pth", b"\x80\x02}" + nested + b"Ns.")
        with pytest.raises(CheckpointRefused, match="no program that makes a value"):
            read(tmp_path / "x.pth")

    def test_a_program_of_many_megabytes(self, tmp_path):
        write(tmp_path / "x.pth", b"\x80\x02" + b"N0" * (3 << 20) + b"N.")
        with pytest.raises(CheckpointRefused, match="expected at most"):
            read(tmp_path / "x.pth")


class TestDamaged:
    def test_truncated_anywhere(self, tmp_path, whole):
        path = tmp_path / "x.pth"
        for length in [*range(64), *range(64, len(whole), 37), len(whole) - 1]:
            path.write_bytes(whole[:length])
            with pytest.raises(CheckpointRefused, match=r"^x\.pth: "):
                read(path)

    def test_one_wrong_byte_in_numbers_or_program(self, tmp_path, whole):
        path = tmp_path / "x.pth"
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            places = [whole.index(archive.read(each)) for each in archive.infolist() if each.filename.endswith(("data.pkl", "/data/0"))]
        for place in places:
            path.write_bytes(whole[: place + 9] + bytes([whole[place + 9] ^ 1]) + whole[place + 10 :])
            with pytest.raises(CheckpointRefused, match="checksum"):
                read(path)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "0 bytes"),
            (b"\x80\x02}q\x00.", "a bare pickle"),
            (b"RIFF....", "begins with the bytes 52 49 46 46"),
            (b"PK\x05\x06" + bytes(18), "begins with the bytes"),
            (b"PK\x03\x04 and no more", "truncated or damaged"),
        ],
    )
    def test_another_kind_of_file(self, tmp_path, content, message):
        (tmp_path / "x.pth").write_bytes(content)
        with pytest.raises(CheckpointRefused, match=message):
            read(tmp_path / "x.pth")

    def test_not_there_or_a_folder(self, tmp_path):
        with pytest.raises(CheckpointRefused, match="No such file"):
            read(tmp_path / "none.pth")
        with pytest.raises(CheckpointRefused, match="a checkpoint is a file"):
            read(tmp_path)

    def test_an_odd_archive(self, tmp_path):
        path = tmp_path / "x.pth"
        write(path, b"N.", method=zipfile.ZIP_DEFLATED)
        with pytest.raises(CheckpointRefused, match="compressed"):
            read(path)
        write(path, b"N.", extra=["other/data.pkl"])
        with pytest.raises(CheckpointRefused, match="outside the folder"):
            read(path)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/version", b"3")
        with pytest.raises(CheckpointRefused, match=r"'data\.pkl' is missing"):
            read(path)

    def test_a_member_beyond_the_end(self, tmp_path, whole):
        place = whole.index(b"PK\x01\x02")
        path = tmp_path / "x.pth"
        changed = bytearray(whole)
        struct.pack_into("<II", changed, place + 20, 1 << 29, 1 << 29)
        path.write_bytes(changed)
        with pytest.raises(CheckpointRefused, match="beyond its end"):
            read(path)


_OPCODES = [each.code.encode("latin-1") for each in pickletools.opcodes]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.sampled_from(_OPCODES), st.binary(max_size=5)), max_size=40))
def test_any_program_makes_a_value_or_is_refused(tmp_path, pieces):
    path = tmp_path / "x.pth"
    write(path, b"".join(pieces) + b".")
    with contextlib.suppress(CheckpointRefused):
        read(path)
