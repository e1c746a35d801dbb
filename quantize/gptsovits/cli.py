"""The commands ``gptsovits`` and ``verify-vectors`` of ``python -m quantize``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import torch

from edge_agent.synthesis.gptsovits import Sampling
from edge_agent.voices.consent import verify_consent
from quantize.about import About, command, commit
from quantize.errors import QuantizeError
from quantize.gptsovits import bert_graph, checkpoint, prompt, reference, sizes
from quantize.gptsovits.bake import bake
from quantize.gptsovits.errors import ReferenceRefused
from quantize.gptsovits.folder import write_voice
from quantize.gptsovits.onnx_runtime import ONNX
from quantize.gptsovits.verify import BAKED, TORCH, Check, verify

IMPORT = (
    "Make a voice folder of a GPT-SoVITS voice (v1, v2, v2Pro, v2ProPlus). Checkpoints and reference are checked before anything is"
    " written; HuBERT, the reference encoder and speaker verification run here once and never on the device."
)
VERIFY = "Run checkpoints on their inputs and compare with what the original makes of them; exit status 1 if a bar is missed."


class BarMissed(QuantizeError):
    """At least one figure is beyond its bar; the table was printed."""


def import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action=_import)
    add = parser.add_argument
    add("--s1", required=True, type=Path, metavar="CKPT", help="text to semantic tokens (GPT_weights)")
    add("--s2", required=True, type=Path, metavar="PTH", help="semantic tokens to sound (SoVITS_weights)")
    add("--reference", required=True, type=Path, metavar="WAV", help="3 to 10 s of the voice")
    add("--reference-text", required=True, metavar="TEXT", help="what is said there, in Mandarin or English")
    add("--hubert", type=Path, metavar="DIR", help="chinese-hubert-base; without it the voice has the reference's sound, not its manner")
    add("--bert", type=Path, metavar="DIR", help="chinese-roberta-wwm-ext-large, for Chinese")
    add("--sv", type=Path, metavar="FILE", help="pretrained_eres2netv2w24s4ep4.ckpt, or its vector as .npy; for v2Pro and v2ProPlus")
    add("--out", type=Path, metavar="VOICE_DIR", help="default: named after the second checkpoint, here; must not exist")
    add("--replace", action="store_true", help="let it take the place of the voice at --out")
    add("--voice-id", metavar="ID", help="default: the folder's name")
    add("--name", help="for people; default: the id")
    add("--languages", type=lambda value: tuple(value.split(",")), metavar="zh,en", help="default: en, and zh with --bert")
    add("--licence", default="not stated", help="of the voice, for its card")
    add("--consent", type=Path, metavar="JSON", help="the owner's signed record, which has to list the reference; packing asks for it too")
    add("--trust", type=Path, action="append", default=[], metavar="PUB", help="public key of who may sign a consent; as often as needed")
    add("--precision", choices=("int8", "float32"), default="int8", help="default: %(default)s")
    usual = Sampling()
    add("--top-k", type=int, default=usual.top_k, metavar="N", help="how tokens are drawn unless told otherwise (default: %(default)s)")
    add("--top-p", type=float, default=usual.top_p, metavar="P", help="(default: %(default)s)")
    add("--temperature", type=float, default=usual.temperature, metavar="T", help="(default: %(default)s)")
    add("--repetition-penalty", type=float, default=usual.repetition_penalty, metavar="F", help="(default: %(default)s)")
    add("--seed", type=int, default=0, metavar="N", help="of all noise (default: %(default)s)")


def _import(options: argparse.Namespace, given: Sequence[str]) -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()
    out = options.out or Path(options.s2.stem)
    try:
        sampling = Sampling(options.top_k, options.top_p, options.temperature, options.repetition_penalty)
    except ValueError as error:
        raise QuantizeError(str(error)) from error
    recording = reference.read(options.reference)
    about = _about(options, out, given, recording)
    _check_consent(options, recording)
    models = checkpoint.load(options.s1, options.s2)
    made = prompt.make(models, recording, options.reference_text, prompt.Listeners(options.hubert, options.bert, options.sv))
    text_model = bert_graph.read(options.bert) if options.bert else None
    built = write_voice(
        bake(models, made), out, about, text_model=text_model, precision=options.precision, sampling=sampling, seed=options.seed,
        replace=options.replace,
    )  # fmt: skip
    print(sizes.table(built.parts), f"wrote {out}: a {models.version} voice of {len(made.tokens)} reference tokens", sep="\n\n")


def _about(options: argparse.Namespace, out: Path, given: Sequence[str], recording: reference.Recording) -> About:
    voice_id = options.voice_id or out.name
    return About(
        voice_id=voice_id,
        display_name=options.name or voice_id,
        languages=options.languages or (("zh", "en") if options.bert else ("en",)),
        teacher="GPT-SoVITS",
        licence=options.licence,
        commit=commit(),
        command=command(given),
        cloned_from=(recording.sha256,),
    )


def _check_consent(options: argparse.Namespace, recording: reference.Recording) -> None:
    """
    Raises:
        ConsentError, ReferenceRefused: there is a record, but not of this recording, or it may not be relied on.
    """
    if options.consent is None:
        return
    try:
        keys = [path.read_text("utf-8") for path in options.trust]
        consent = verify_consent(options.consent, keys, datetime.now(timezone.utc))
    except (OSError, ValueError) as error:
        raise QuantizeError(f"--trust takes minisign public keys: {error}") from error
    if recording.sha256 not in consent.recordings:
        raise ReferenceRefused(f"{options.consent.name} says nothing of {options.reference.name} (SHA-256 {recording.sha256})")


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
