"""The command: ``python -m distill evaluate --system teacher=FOLDER --system student=step-0001000.pt --out DIR``."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tqdm import tqdm

from distill.evaluate import recognition
from distill.evaluate.errors import MissingExtra, require
from distill.evaluate.listeners import Listener, Remembering
from distill.evaluate.results import FILE, Scores, table
from distill.evaluate.run import LISTENERS, evaluate
from distill.evaluate.sentences import LANGS, Sentence, evaluation_set
from distill.evaluate.systems import System, TeacherOf, open_system

DEFAULT_STYLE = '{"zf_xiaoxiao": 0.5, "af_heart": 0.5}'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of :func:`run` on ``parser``, the command's own or a subcommand's."""
    add = parser.add_argument
    add(
        "--system", action="append", required=True, metavar="NAME=PATH", type=_named_path,
        help="who speaks: a folder of a teacher, a voice or a run, a checkpoint, or a recipe for its teacher; again for each; the first "
        "is the reference",
    )
    add("--out", required=True, type=Path, metavar="DIR", help=f"WAV files and {FILE} go here")
    add("--reference", metavar="NAME", help="the system others are compared with (default: the first)")
    add("--style", default=DEFAULT_STYLE, type=_style, metavar="JSON", help="style weights of a teacher's folder (default: %(default)s)")
    add_scoring_arguments(parser)


def add_scoring_arguments(parser: argparse.ArgumentParser) -> None:
    """Define what :class:`Scoring` is told: sentences, scorers, where answers are kept."""
    add = parser.add_argument
    add("--set", default=",".join(LANGS), metavar="LANG,...", help="sentence sets (default: %(default)s)")
    add("--limit", type=_positive, metavar="N", help="only the first N sentences of each set")
    add("--whisper", type=Path, metavar="DIR", help="folder of the recogniser's model; made from --whisper-wheels if absent")
    add("--whisper-wheels", type=Path, metavar="DIR", help=f"holds the wheels {' and '.join(recognition.PACKAGES)}")
    add("--without", action="append", default=[], choices=LISTENERS, help="leave a scorer out; again for each")
    add("--cache", type=Path, metavar="DIR", help="clips of teachers and answers of scorers (default: DIR/../cache of --out)")
    add("--threads", type=_positive, default=1, metavar="N", help="CPU threads (default: %(default)s)")


def run(options: argparse.Namespace, teacher_of: TeacherOf) -> str:
    """Evaluate as told and return the table.

    Args:
        options: of :func:`add_arguments`.
        teacher_of: opens the teacher that a recipe names.

    Raises:
        EdgeAgentError: something asked for is not there or cannot be used.
    """
    scoring = Scoring.of(options)
    open_one = partial(open_system, teacher_of=teacher_of, style=options.style, memory=memory(options), threads=options.threads)
    return table(scoring.score([open_one(name, path) for name, path in options.system], options.reference))


@dataclass(frozen=True, slots=True)
class Scoring:
    """Who listens to what, and the folder for WAV files and scores."""

    listeners: Sequence[Listener]
    sentences: Sequence[Sentence]
    out: Path

    @classmethod
    def of(cls, options: argparse.Namespace) -> Scoring:
        """
        Raises:
            EdgeAgentError: a scorer or a set of sentences is not there.
        """
        listeners = [Remembering(listener, memory(options)) for listener in _listeners(options)]
        return cls(listeners, [each for lang in options.set.split(",") for each in evaluation_set(lang, options.limit)], options.out)

    def score(self, systems: Sequence[System], reference: str | None = None) -> Scores:
        """
        Raises:
            EdgeAgentError: a system cannot speak.
        """
        progress = partial(tqdm, unit="sentence", desc="evaluate")
        return evaluate(systems, self.sentences, self.listeners, self.out, reference=reference, progress=progress)


def memory(options: argparse.Namespace) -> Path:
    """Where clips of teachers and answers of scorers are kept."""
    return options.cache or options.out.parent / "cache"


def _listeners(options: argparse.Namespace) -> list[Listener]:
    wanted = [name for name in LISTENERS if name not in options.without]
    listeners: list[Listener] = []
    if "recognition" in wanted:
        if options.whisper is None:
            raise MissingExtra("recognition needs --whisper DIR; or leave it out (--without recognition)", ["--whisper"])
        if options.whisper_wheels and not (options.whisper / "model.bin").exists():
            recognition.assemble(options.whisper_wheels, options.whisper)
        listeners.append(recognition.Recogniser(options.whisper, options.threads))
    if "mos" in wanted or "speaker" in wanted:
        _limit_torch(options.threads)
    if "mos" in wanted:
        from distill.evaluate.naturalness import Naturalness

        listeners.append(Naturalness())
    if "speaker" in wanted:
        from distill.evaluate.speaker import Speaker

        listeners.append(Speaker())
    return listeners


def _limit_torch(threads: int) -> None:
    require("mos", ["torch"])
    import torch

    torch.set_num_threads(threads)


def _named_path(value: str) -> tuple[str, Path]:
    name, equals, path = value.partition("=")
    if not equals or not path or not re.fullmatch(r"\w[\w.-]*", name):
        raise argparse.ArgumentTypeError(f"{value!r} is not NAME=PATH, NAME made of letters, digits, '-', '_', '.'")
    return name, Path(path)


def _positive(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is not a positive whole number")
    return int(value)


def _style(value: str) -> dict[str, float]:
    try:
        return {str(name): float(weight) for name, weight in json.loads(value).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise argparse.ArgumentTypeError(f"{value!r} is not like {DEFAULT_STYLE}: {error}") from error
