"""``python -m tests.system.guest``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.system.guest import image, powercut, service, usb
from tests.system.guest.bench import Bench, Record, say
from tests.system.guest.paths import Paths, default_cache


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.system.guest", description=__doc__)
    parser.add_argument("what", nargs="+", choices=("build", "usb", "service", "powercut"), help="in this order")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where the images are kept [%(default)s]")
    parser.add_argument("--cuts", type=int, default=50, help="how often powercut cuts the power [%(default)s]")
    parser.add_argument("--cold", type=int, default=3, help="how many more cuts are followed by a whole boot [%(default)s]")
    parser.add_argument("--seed", type=int, default=20260304, help="when powercut cuts the power [%(default)s]")
    given = parser.parse_args()
    paths = Paths(given.cache)
    paths.run.mkdir(parents=True, exist_ok=True)
    record = Record()
    bench = Bench(paths)
    for what in given.what:
        began = time.monotonic()
        say(f"== {what}")
        if what == "build":
            image.build(paths)
        elif what == "usb":
            usb.run(bench, record)
        elif what == "service":
            service.run(bench, record)
        else:
            powercut.run(bench, record, cuts=given.cuts, cold=given.cold, seed=given.seed)
        say(f"== {what} took {time.monotonic() - began:.0f} s")
    say(f"{record.passed} passed, {len(record.failed)} failed")
    return 1 if record.failed else 0


sys.exit(main())
