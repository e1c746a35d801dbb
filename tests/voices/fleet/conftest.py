from __future__ import annotations

from tests.rigs.mosquitto import mosquitto  # noqa: F401 (fixture)
from tests.voices.store.conftest import clock, depot, make_store, nobody_waits_for_the_disk, store  # noqa: F401 (fixtures)
