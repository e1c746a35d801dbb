"""The commands ``gptsovits`` and ``verify-vectors`` of ``python -m quantize``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from quantize.errors import QuantizeError
from quantize.gptsovits.onnx_runtime import ONNX
from quantize.gptsovits.verify import BAKED, TORCH, Check, verify

VERIFY = "Run checkpoints on their inputs and compare with what the original makes of them; exit status 1 if a bar is missed."


class BarMissed(QuantizeError):
    """At least one figure is beyond its bar; the table was printed."""


def verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action=_verify)
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder of vectors, or one that holds several")
    parser.add_argument("--json", action="store_true", help="one object with every check instead of the table")


def _verify(options: argparse.Namespace, _: Sequence[str]) -> None:
    torch.set_num_threads(1)  # the models are too small to share, and one thread adds up in one order everywhere
    checks = list(verify(options.folder, (TORCH, BAKED, ONNX)))
    missed = [check for check in checks if not check.passed]
    if options.json:
        print(json.dumps({"passed": not missed, "checks": [check.to_json() for check in checks]}, indent=1))
    else:
        print(_table(checks))
    if missed:
        raise BarMissed(f"{len(missed)} of {len(checks)} checks missed their bar, the first is {missed[0].folder} {missed[0].name}")


def _table(checks: Sequence[Check]) -> str:
    rows = [("folder", "runtime", "check", "error", "bar", "")]
    rows += [
        (each.folder, each.runtime, each.name, f"{each.error:.3g}", f"{each.bar:g}", "" if each.passed else "MISSED") for each in checks
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, f"{sum(each.passed for each in checks)} of {len(checks)} passed"])
