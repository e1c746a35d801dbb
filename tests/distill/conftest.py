"""One thread for torch: with models this small two only wait for each other, worst of all on a busy machine."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
