"""What a choice depends on is noticed, and what changes from boot to boot is not."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest

from edge_agent.synthesis.providers.fingerprint import changed, fingerprint
from tests.rigs.tree import grow, write


@pytest.fixture
def root(tmp_path) -> Path:
    """The files of an Orin Nano that are looked at."""
    return grow(tmp_path, {
        "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.4.0",
        "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
        "etc/nv_tegra_release": "# R36 (release), REVISION: 4.3",
        "usr/lib/aarch64-linux-gnu/libnvinfer.so.10.3.0": "",
        "var/lib/nvpmodel/status": "pmode:0001",
    })


def test_a_board(root) -> None:
    facts = fingerprint(root)
    assert facts["gpu"] == "NVIDIA Jetson Orin Nano Developer Kit"
    assert facts["tensorrt"] == "libnvinfer.so.10.3.0"
    assert onnxruntime.__version__ in facts["onnxruntime"]


@pytest.mark.parametrize(
    ("name", "text", "fact"),
    [
        ("proc/driver/nvidia/version", "NVRM version: 541", "driver"),
        ("etc/nv_tegra_release", "# R36 (release), REVISION: 5.0", "driver"),
        ("usr/lib/aarch64-linux-gnu/libnvinfer.so.10.16.2", "", "tensorrt"),
        ("var/lib/nvpmodel/status", "pmode:0002", "power_mode"),
        ("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H200\nIRQ:   42\n", "gpu"),
    ],
)
def test_a_change_is_noticed(root, name: str, text: str, fact: str) -> None:
    before = fingerprint(root)
    write(root, name, text)
    assert changed(before, fingerprint(root)) == [fact]


def test_what_differs_from_boot_to_boot_is_no_change(root) -> None:
    gpu = "proc/driver/nvidia/gpus/0000:01:00.0/information"
    write(root, gpu, "Model: NVIDIA H200\nIRQ:   42\n")
    before = fingerprint(root)
    write(root, gpu, "Model: NVIDIA H200\nIRQ:   43\n")
    assert changed(before, fingerprint(root)) == []


def test_a_machine_without_a_gpu(tmp_path) -> None:
    facts = fingerprint(tmp_path)
    assert (facts["driver"], facts["gpu"], facts["tensorrt"]) == ("none", "none", "none")


def test_another_build_of_the_same_version(root, monkeypatch, tmp_path) -> None:
    before = fingerprint(root)
    package = tmp_path / "site" / "onnxruntime"
    write(package, "__init__.py", "")
    write(package, "capi/libonnxruntime_providers_cuda.so", "other")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: type("Spec", (), {"origin": str(package / "__init__.py")}))
    assert changed(before, fingerprint(root)) == ["onnxruntime"]
