from __future__ import annotations

from pathlib import Path

import pytest
import torch

from quantize.gptsovits.checkpoint import Checkpoints, load
from tests.rigs.gptsovits import write_s1, write_s2

VECTORS = Path(__file__).parents[2] / "data" / "gptsovits_vectors"


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """These models are too small to share."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Folders of what the original makes of two small voices."""
    return VECTORS


@pytest.fixture(scope="session", params=["v2", "v2Pro"])
def models(request, tmp_path_factory) -> Checkpoints:
    """A random voice much smaller than those of the vectors, and of odd sizes."""
    place = tmp_path_factory.mktemp("models")
    return load(write_s1(place / "s1.ckpt"), write_s2(place / "s2.pth", request.param))
