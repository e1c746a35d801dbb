"""The command: ``python -m distill enrol voice.wav [more.wav ...] --out DIR``."""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from distill.enrol import page, text
from distill.enrol.check import Quality, check
from distill.enrol.consent import speaker_sha256, write_consent
from distill.enrol.errors import EnrolmentError
from distill.enrol.folder import REPORT_FILE, RESULT_FILE, VECTOR_FILE, check_free, staged
from distill.enrol.limits import Verdict
from distill.enrol.speakers import VoiceVector
from distill.enrol.transcript import count_syllables
from edge_agent.voices.consent import RECORD_FILE, SIGNATURE_FILE, Consent
from edge_agent.voices.keys import SecretKey

UNFIT = 3
"""Exit status of a voice that must not be trained on."""

CONSENT_OPTIONS = ("consent_subject", "purpose", "territory", "until", "withdrawal", "sign_key")
MAX_PASSWORD_BYTES = 4096
NO_DIGEST = "0" * 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of :func:`run` on ``parser``, the command's own or a subcommand's."""
    add = parser.add_argument
    add("recordings", nargs="+", type=Path, metavar="VOICE.wav", help="the voice, mono or stereo, up to two hours a file")
    add("--out", required=True, type=Path, metavar="DIR", help=f"{RESULT_FILE}, {REPORT_FILE}, {VECTOR_FILE} and the consent go here")
    add("--replace", action="store_true", help="let it take the place of the enrolment at --out")
    add("--text", type=Path, metavar="FILE", help="what is said in all of them, UTF-8: checked against what is heard")
    add("--without", action="append", default=[], choices=["speaker"], help="do not ask whose voice it is; then there is no vector")
    add("--accept-unfit", action="store_true", help="sign the consent even if the verdict is fail: there is no better recording")
    add("--json", action="store_true", help=f"print {RESULT_FILE} instead of the text")
    consent = parser.add_argument_group("consent", "all of the first six, or no consent record is written")
    add = consent.add_argument
    add("--consent-subject", metavar="NAME", help="reference to the voice's owner, better a pseudonym than a name")
    add("--purpose", action="append", metavar="WORD", help="what for, e.g. announcements; again for each")
    add("--territory", action="append", metavar="CODE", help="where: ISO 3166 code or worldwide; again for each")
    add("--until", type=_day, metavar="DATE", help="when the consent ends: YYYY-MM-DD, at the start of that day, UTC")
    add("--withdrawal", metavar="CONTACT", help="where the owner withdraws it: an address, a telephone number")
    add("--sign-key", type=Path, metavar="FILE", help="minisign secret key, made with minisign -G")
    add("--from", dest="valid_from", type=_day, metavar="DATE", help="when it begins (default: now)")
    add("--consent-document", type=Path, metavar="FILE", help="the signed paper: its digest goes into the record")
    add("--password-file", type=Path, metavar="FILE", help="holds the key's password, if it has one")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a run gave: ``shown`` for the terminal and the exit status."""

    shown: str
    status: int


def run(options: argparse.Namespace, voice: VoiceVector | None = None) -> Enrolled:
    """Enrol as told.

    Args:
        options: of :func:`add_arguments`.
        voice: tells voices apart; the score extra's unless given.

    Raises:
        EdgeAgentError: a recording, an option or a needed package stands against it; nothing was written then.
    """
    check_free(options.out, replace=options.replace)
    draft = _draft(options)  # before the long work, so that a wrong option does not cost it
    signer = SecretKey.read(options.sign_key, _password(options.password_file)) if draft else None
    n_syllables = count_syllables(options.text) if options.text else None
    quality = check(
        options.recordings, voice=_voice(options, voice), n_syllables=n_syllables,
        progress=partial(tqdm, unit="recording", desc="enrol", disable=None),
    )
    unfit = quality.verdict is Verdict.FAIL
    accepted = unfit and options.accept_unfit and not quality.several_speakers  # one person cannot consent for another
    consent = None
    if draft is not None and quality.vector is not None and (accepted or not unfit):
        consent = _complete(draft, quality)
    result = quality.to_json() | {
        "created": _now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "speaker_sha256": None if quality.vector is None else speaker_sha256(quality.vector),
        "consent_sha256": None if consent is None else hashlib.sha256(consent.to_bytes()).hexdigest(),
        "accepted_unfit": accepted,
    }
    shown = json.dumps(result, ensure_ascii=False, indent=1)
    with staged(options.out, replace=options.replace) as folder:
        (folder / RESULT_FILE).write_text(shown + "\n", "utf-8")
        (folder / REPORT_FILE).write_text(page.render(quality, f"Enrolment: {options.out.name}"), "utf-8")
        if quality.vector is not None:
            np.save(folder / VECTOR_FILE, quality.vector)
        if consent is not None and signer is not None:
            write_consent(consent, signer, folder)
    if not options.json:
        shown = f"{text.render(quality)}\n{_written(options, quality, consent, signer)}"
    return Enrolled(shown, UNFIT if unfit else 0)


def _voice(options: argparse.Namespace, voice: VoiceVector | None) -> VoiceVector | None:
    if "speaker" in options.without:
        return None
    if voice is not None:
        return voice
    from distill.evaluate.speaker import Speaker

    return Speaker()


def _draft(options: argparse.Namespace) -> Consent | None:
    """The consent as far as the options tell it; None if they do not speak of it."""
    given = {name: getattr(options, name) for name in CONSENT_OPTIONS}
    if not any(given.values()):
        return None
    missing = [f"--{name.replace('_', '-')}" for name, value in given.items() if not value]
    if missing:
        raise EnrolmentError(f"a consent record needs {', '.join(missing)} as well")
    if "speaker" in options.without:
        raise EnrolmentError("a consent record names the voice's vector: leave --without speaker out")
    return Consent(
        kind="person",
        subject=options.consent_subject,
        purposes=tuple(options.purpose),
        territory=tuple(options.territory),
        valid_from=options.valid_from or _now(),
        valid_until=options.until,
        withdrawal_contact=options.withdrawal,
        recordings=(NO_DIGEST,),
        created=_now(),
        document_sha256=hashlib.sha256(_read(options.consent_document)).hexdigest() if options.consent_document else None,
    )


def _complete(draft: Consent, quality: Quality) -> Consent:
    assert quality.vector is not None
    recordings = tuple(sorted(found.recording.sha256 for found in quality.findings))
    return replace(draft, recordings=recordings, speaker_sha256=speaker_sha256(quality.vector), created=_now())


def _written(options: argparse.Namespace, quality: Quality, consent: Consent | None, signer: SecretKey | None) -> str:
    names = [RESULT_FILE, REPORT_FILE]
    names += [VECTOR_FILE] if quality.vector is not None else []
    names += [RECORD_FILE, SIGNATURE_FILE] if consent is not None else []
    lines = [f"wrote {', '.join(names)} to {options.out}"]
    if consent is not None and signer is not None:
        lines.append(f"the consent is checked with: minisign -Vm {options.out / RECORD_FILE} -P {signer.public_key.text}")
    elif signer is not None:
        lines.append(
            "no consent was signed: one person's consent does not cover another's voice"
            if quality.several_speakers
            else "no consent was signed: record again, or say --accept-unfit if there is no better recording"
        )
    return "\n".join(lines)


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    content = _read(path)
    if len(content) > MAX_PASSWORD_BYTES:
        raise EnrolmentError(f"{path} is no password file: it has more than {MAX_PASSWORD_BYTES} bytes")
    try:
        return content.decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise EnrolmentError(f"{path} is not UTF-8") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EnrolmentError(f"{path} cannot be read: {error.strerror}") from error


def _day(value: str) -> datetime:
    try:
        return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{value!r} is no date such as 2027-12-31") from error


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)
