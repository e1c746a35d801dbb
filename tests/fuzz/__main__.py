"""Fuzzing, guided by what of the code a change reaches.

::

    pip install -e '.[fuzz]'
    python -m tests.fuzz                      # every target for a minute each: 7 minutes
    python -m tests.fuzz archive --seconds 3600

What is found new stays in ``build/fuzz/<target>``, from where the next run goes on. A fault ends the run with exit status 1
and leaves its input in ``build/fuzz/<target>-fault-*``. On Linux for x86-64, where atheris has wheels.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

BUILD = Path("build") / "fuzz"
MAX_BYTES = 64 << 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz what reads voice packs.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="one of those in targets.py; default: all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: %(default)s)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        _fuzz(options.targets[0], options.seconds)  # does not return
    from tests.fuzz.targets import TARGETS

    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    for target in options.targets or TARGETS:
        print(f"== {target}", flush=True)
        # a process for each, as libFuzzer ends the one it runs in
        command = [sys.executable, "-m", "tests.fuzz", target, "--seconds", str(options.seconds), "--inside"]
        if subprocess.run(command, check=False).returncode:
            return 1
    return 0


def _fuzz(name: str, seconds: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["edge_agent.voices", "minisign"]):
        from tests.fuzz.mutation import repaired
        from tests.fuzz.targets import TARGETS, seeds

    folder = BUILD / name
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds()[name]:
        if len(seed) <= MAX_BYTES:
            (folder / hashlib.sha256(seed).hexdigest()).write_bytes(seed)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        changed = bytes(atheris.Mutate(data, min(max_size, len(data) + 64)))
        return repaired(changed)[:max_size]

    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", f"-artifact_prefix={folder}-fault-", "-rss_limit_mb=1024"]
    atheris.Setup(
        [sys.argv[0], *options, "-print_final_stats=1", str(folder)],
        TARGETS[name],
        **({"custom_mutator": mutate} if name in ("archive", "container") else {}),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
