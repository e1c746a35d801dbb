"""What a provider's rightness and speed depend on: the choice made with one set of these is void with another."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from importlib import metadata, util
from pathlib import Path

from edge_agent import __version__

_DRIVER = ("proc/driver/nvidia/version", "sys/module/nvidia/version", "etc/nv_tegra_release")
_POWER_MODE = "var/lib/nvpmodel/status"
_BOARD = ("proc/device-tree/model", "sys/firmware/devicetree/base/model")
_GPUS = "proc/driver/nvidia/gpus/*/information"
_TENSORRT = ("usr/lib/*-linux-gnu/libnvinfer.so.*", "usr/local/lib/libnvinfer.so.*", "usr/lib/libnvinfer.so.*")


def fingerprint(root: Path = Path("/")) -> dict[str, str]:
    """Facts by name; ``root`` is where the file system begins (tests have one of their own)."""
    return {
        "edge_agent": __version__,
        "machine": platform.machine(),
        "onnxruntime": _onnxruntime(),
        "driver": _digest(_texts(root, _DRIVER)),
        "gpu": " ".join(_texts(root, _BOARD) + _gpus(root)) or "none",
        "tensorrt": " ".join(sorted(path.name for pattern in _TENSORRT for path in root.glob(pattern))) or "none",
        "power_mode": " ".join(_texts(root, (_POWER_MODE,))) or "unknown",
    }


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Names of the facts that differ."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def _onnxruntime() -> str:
    """Every distribution that may have brought the module, and its libraries: two builds can share one version."""
    versions = sorted(
        f"{name} {each.version}" for each in metadata.distributions() if (name := (each.metadata["Name"] or "")).startswith("onnxruntime")
    )
    return f"{', '.join(dict.fromkeys(versions)) or 'none'} {_libraries()}"


def _libraries() -> str:
    found = util.find_spec("onnxruntime")
    if found is None or found.origin is None:
        return "-"
    stamps = []
    for path in sorted((Path(found.origin).parent / "capi").glob("*.so*")):
        stat = path.stat()
        stamps.append(f"{path.name} {stat.st_size} {stat.st_mtime_ns}")
    return _digest(stamps)


def _texts(root: Path, names: Iterable[str]) -> list[str]:
    texts = []
    for name in names:
        try:
            texts.append((root / name).read_text("utf-8", "replace").strip("\0\n "))
        except OSError:
            continue
    return texts


def _gpus(root: Path) -> list[str]:
    """Models of the GPUs; other lines of these files change from boot to boot."""
    models = []
    for path in sorted(root.glob(_GPUS)):
        lines = _texts(root, [str(path.relative_to(root))])
        models += [line.partition(":")[2].strip() for text in lines for line in text.splitlines() if line.startswith("Model")]
    return models


def _digest(texts: Iterable[str]) -> str:
    joined = "\n".join(texts)
    return hashlib.sha256(joined.encode()).hexdigest()[:16] if joined else "none"
