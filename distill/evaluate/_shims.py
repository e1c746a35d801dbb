"""Stand-ins for modules that scorers import but do not use, put in place only where the real one is absent or does not load.

Three packages cannot be imported on a current Python without them, although nothing they would provide is called:

- ``distillmos`` imports ``torchaudio`` for its own command line. The registry's torchaudio is a CUDA build that does
  not load beside a CPU torch.
- ``webrtcvad`` 2.0.10 asks ``pkg_resources``, which setuptools dropped, for its own version.
- ``resemblyzer`` 0.1.4 takes ``binary_dilation`` from ``scipy.ndimage.morphology``, a name SciPy removed in 1.15.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from types import ModuleType, SimpleNamespace


def for_distillmos() -> None:
    """Let ``import distillmos`` succeed."""
    try:
        importlib.import_module("torchaudio")
    except (ImportError, OSError):  # absent, or of another build than torch
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio"] = ModuleType("torchaudio")


def for_resemblyzer() -> None:
    """Let ``import resemblyzer`` succeed."""
    if _absent("pkg_resources"):
        versions = ModuleType("pkg_resources")
        versions.get_distribution = lambda name: SimpleNamespace(version=importlib.metadata.version(name))
        sys.modules["pkg_resources"] = versions
    if _absent("scipy.ndimage.morphology"):
        from scipy.ndimage import binary_dilation

        morphology = ModuleType("scipy.ndimage.morphology")
        morphology.binary_dilation = binary_dilation
        sys.modules["scipy.ndimage.morphology"] = morphology


def _absent(name: str) -> bool:
    return name not in sys.modules and importlib.util.find_spec(name) is None
