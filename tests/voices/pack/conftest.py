from __future__ import annotations

import pytest

from tests.voices.pack.maker import Maker


@pytest.fixture(scope="session")
def maker() -> Maker:
    return Maker()
