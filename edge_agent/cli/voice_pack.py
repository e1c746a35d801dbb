"""``edge-agent voice build``, ``sign``, ``seal``, ``verify`` and ``inspect``: what needs a pack and no daemon."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.output import print_json, print_table, size
from edge_agent.errors import EdgeAgentError

if TYPE_CHECKING:
    from edge_agent.voices.keys import SecretKey, Signature, Trust
    from edge_agent.voices.pack import Contents, Manifest

FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
OUT = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE", help="The pack to write; must not exist."
)
TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])
PASSWORD = click.option("--password-file", type=FILE, metavar="FILE", help="Password of encrypted keys, on its first line.")


@click.command("build")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@OUT
@click.option("--consent", type=FILE, metavar="FILE", help="The owner's consent.json; its .minisig lies beside it.")
@click.option("--synthetic", type=FILE, metavar="KEY", help="Instead: state that the voice is nobody's, signed by this minisign key.")
@click.option("--seq", type=click.IntRange(1), required=True, metavar="N", help="Higher than in every earlier pack of this voice.")
@click.option("--version", default="1.0.0", show_default=True, help="For people.")
@click.option("--licence", help="[default: what the voice's card says]")
@click.option("--engine-min", metavar="VERSION", help="Lowest version of this program that can speak it. [default: this one]")
@click.option("--phrases", type=FILE, metavar="FILE", help="Texts the device keeps ready, one a line.")
@click.option("--templates", type=FILE, metavar="FILE", help="Sentences with slots, one a line.")
@click.option("--chime", "chimes", multiple=True, metavar="NAME=PATH", help="A sound file of the folder, by the name it is asked for.")
@click.option("--valid-from", type=TIME, metavar="UTC", help="[default: always]")
@click.option("--expires", type=TIME, metavar="UTC", help="[default: never]")
@click.option("--rollout", type=click.IntRange(0, 100), default=100, show_default=True, metavar="PERCENT", help="Of the devices.")
@PASSWORD
def build(
    folder: Path,
    out: Path,
    consent: Path | None,
    synthetic: Path | None,
    seq: int,
    version: str,
    licence: str | None,
    engine_min: str | None,
    phrases: Path | None,
    templates: Path | None,
    chimes: Sequence[str],
    valid_from: datetime | None,
    expires: datetime | None,
    rollout: int,
    password_file: Path | None,
) -> None:
    """Make a draft of the voice that python -m quantize wrote into FOLDER. Sign it next.

    A voice needs its owner's signed consent (--consent), or the signed statement that it has no owner (--synthetic).
    """
    from edge_agent.voices.pack import ALWAYS, build_pack, write_synthetic_consent

    if (consent is None) == (synthetic is None):
        raise click.UsageError("give the owner's --consent, or --synthetic for a voice that is nobody's")
    with tempfile.TemporaryDirectory() as scratch:
        if synthetic is not None:
            signer = _secret(synthetic, _password(password_file))
            consent = write_synthetic_consent(Path(scratch), folder.resolve().name, signer, datetime.now(timezone.utc))
        manifest = build_pack(
            folder,
            seq=seq,
            version=version,
            consent=cast(Path, consent),
            out=out,
            licence=licence,
            phrases=_lines(phrases),
            templates=_lines(templates),
            chimes=dict(_chime(each) for each in chimes),
            valid_from=_utc(valid_from) or ALWAYS,
            expires=_utc(expires),
            rollout_percent=rollout,
            **({"engine_min": engine_min} if engine_min else {}),
        )
    click.echo(f"{out}: {_title(manifest)}, {len(manifest.files)} files, {size(manifest.payload_bytes)}; not signed yet")


@click.command("sign")
@click.argument("pack", type=FILE)
@OUT
@click.option("--key", type=FILE, required=True, metavar="FILE", help="The station's minisign key, which signs the pack.")
@click.option("--author-key", type=FILE, metavar="FILE", help="The author's, which signs the manifest. [default: the same, if nobody has]")
@click.option(
    "--manifest-signature", type=FILE, metavar="FILE", help="The author's signature of what inspect --manifest prints, made elsewhere."
)
@PASSWORD
def sign(
    pack: Path, out: Path, key: Path, author_key: Path | None, manifest_signature: Path | None, password_file: Path | None
) -> None:
    """Sign PACK: a draft as the author of the voice and as the station that hands it out, a signed one as another station."""
    from edge_agent.voices.pack import inspect_pack, sign_pack

    if author_key and manifest_signature:
        raise click.UsageError("--author-key and --manifest-signature exclude each other")
    password = _password(password_file)
    station = _secret(key, password)
    author: SecretKey | bytes | None = None
    if manifest_signature:
        author = manifest_signature.read_bytes()
    elif author_key:
        author = _secret(author_key, password)
    elif inspect_pack(pack).author is None:
        author = station
    sign_pack(pack, out, station=station, author=author)
    click.echo(f"{out}: signed by key {station.public_key.id}")


@click.command("seal")
@click.argument("pack", type=FILE)
@OUT
@click.option("--key", type=FILE, required=True, metavar="FILE", help="The station's minisign key, which signs the result.")
@click.option(
    "--to", "recipients", multiple=True, required=True, metavar="KEY", help="A device's age1... key, or a file of them, one a line."
)
@PASSWORD
def seal(pack: Path, out: Path, key: Path, recipients: Sequence[str], password_file: Path | None) -> None:
    """Encrypt the signed PACK, so that only these devices can read it."""
    from edge_agent.voices.pack import seal_pack

    devices = [device for each in recipients for device in _recipients(each)]
    seal_pack(pack, out, recipients=devices, station=_secret(key, _password(password_file)))
    click.echo(f"{out}: sealed for {len(set(devices))} {'device' if len(set(devices)) == 1 else 'devices'}")


@click.command("verify")
@click.argument("pack", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--key", "keys", multiple=True, metavar="KEY", help="Trust this minisign public key or .pub file, and not what the device trusts."
)
@click.option("--identity", type=FILE, metavar="FILE", help="Open the seal with this age key, and not with the device's.")
@click.option("--outside", is_flag=True, help="Check the station's signature only, for which no device's key is needed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def verify(session: Session, pack: Path, keys: Sequence[str], identity: Path | None, outside: bool, as_json: bool) -> None:
    """Check all of PACK, or of the folder of an installed voice, as the device would now. Exit status 1 if it is refused."""
    from edge_agent.voices.pack import PackError, verify_station

    trust = _trust(session, keys)
    try:
        if outside:
            signer = verify_station(pack, trust)
            found: dict[str, Any] = {"station": signer.name}
            told = f"{pack}: signed by {signer.name}; what is inside was not checked"
        else:
            manifest = _verify_all(pack, trust, session, identity)
            found = {"voice": manifest.id, "version": manifest.version, "seq": manifest.seq}
            told = f"{pack}: good; {_title(manifest)}"
    except PackError as error:
        if not as_json:
            raise EdgeAgentError(f"{pack}: {error.reason}: {error}") from error
        print_json({"good": False, "reason": error.reason, "message": str(error)})
        raise click.exceptions.Exit(ExitCode.FAILED) from error
    if as_json:
        print_json({"good": True, **found})
    else:
        click.echo(told)


@click.command("inspect")
@click.argument("pack", type=FILE)
@click.option("--identity", type=FILE, metavar="FILE", help="Open the seal with this age key, and not with the device's.")
@click.option("--manifest", "manifest_only", is_flag=True, help="Print the manifest's own bytes, which the author signs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def inspect(session: Session, pack: Path, identity: Path | None, manifest_only: bool, as_json: bool) -> None:
    """Show what PACK says of itself. Nothing is checked; verify does that."""
    from edge_agent.voices.pack import inspect_pack

    contents = inspect_pack(pack, _identities(session, identity))
    if contents.manifest is None and manifest_only:
        raise EdgeAgentError(f"{pack} is sealed for other devices; its manifest cannot be read here")
    if manifest_only and contents.manifest is not None:
        click.echo(contents.manifest.to_bytes(), nl=False)
    elif as_json:
        print_json(_as_json(contents))
    else:
        first, *rest = _rows(contents)
        print_table(first, rest)


def _verify_all(pack: Path, trust: Trust, session: Session, identity: Path | None) -> Manifest:
    from edge_agent.voices.pack import open_pack, verify_folder

    now = datetime.now(timezone.utc)
    if pack.is_dir():
        return verify_folder(pack, trust=trust, now=now)
    with open_pack(pack, trust=trust, identities=_identities(session, identity), now=now) as opened:
        opened.unpack(lambda _entry: nullcontext(_Nowhere()))
        return opened.manifest


class _Nowhere:
    def write(self, content: bytes, /) -> None:
        """Checked by whoever writes, and wanted by nobody."""


def _trust(session: Session, keys: Sequence[str]) -> Trust:
    from edge_agent.voices.keys import PublicKey, Signer, Trust, TrustFile

    if not keys:
        return TrustFile(session.config.paths.keys).read()
    texts = [Path(key).read_text("utf-8") if Path(key).is_file() else key for key in keys]
    return Trust(tuple(Signer(key, PublicKey.parse(text)) for key, text in zip(keys, texts, strict=True)))


def _identities(session: Session, identity: Path | None) -> tuple[Any, ...]:
    from edge_agent.voices.keys import load_device_keys, read_identities

    if identity is not None:
        return read_identities(identity)
    keys = load_device_keys(session.config.paths.keys, os.environ)
    return keys.identities if keys else ()


def _secret(path: Path, password: str | None) -> SecretKey:
    from edge_agent.voices.keys import SecretKey

    return SecretKey.read(path, password)


def _password(path: Path | None) -> str | None:
    return path.read_text("utf-8").split("\n")[0].rstrip("\r") if path else None


def _recipients(text: str) -> list[str]:
    if text.startswith("age1"):
        return [text]
    try:
        return [line for line in _lines(Path(text)) if not line.startswith("#")]
    except OSError as error:
        raise EdgeAgentError(f"--to {text}: neither an age1... key nor a file that can be read ({error.strerror})") from error


def _lines(path: Path | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()) if path else ()


def _chime(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    return name, path


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=timezone.utc) if time else None


def _title(manifest: Manifest) -> str:
    return f"voice {manifest.id} {manifest.version} (seq {manifest.seq})"


def _as_json(contents: Contents) -> dict[str, Any]:
    import json

    return {
        "checked": False,
        "sealed": contents.sealed,
        "recipients": contents.n_recipients,
        "station": _signature(contents.station),
        "author": _signature(contents.author),
        "manifest": json.loads(contents.manifest.to_bytes()) if contents.manifest else None,
        "consent": json.loads(contents.consent.to_bytes()) if contents.consent else None,
    }


def _signature(signature: Signature | None) -> dict[str, str] | None:
    return {"key": signature.key_id, "comment": signature.trusted_comment} if signature else None


def _rows(contents: Contents) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("sealed", f"yes, for {contents.n_recipients} keys" if contents.sealed else "no"),
        ("pack signed by", contents.station.key_id if contents.station else "nobody"),
    ]
    manifest, consent = contents.manifest, contents.consent
    if manifest is None or consent is None:
        return [*rows, ("content", "cannot be read with this device's key")]
    return [
        *rows,
        ("manifest signed by", contents.author.key_id if contents.author else "nobody"),
        ("voice", f"{manifest.id}: {manifest.display_name}"),
        ("version", f"{manifest.version} (seq {manifest.seq})"),
        ("engine", f"{manifest.engine}, from program {manifest.engine_min} on"),
        ("languages", ", ".join(manifest.languages)),
        ("rate", f"{manifest.sample_rate} Hz"),
        ("licence", manifest.licence),
        ("valid", _span(manifest.valid_from, manifest.expires)),
        ("rollout", f"{manifest.rollout_percent} %"),
        ("consent", f"{consent.kind} {consent.subject}, for {', '.join(consent.purposes)}"),
        ("consented", _span(consent.valid_from, consent.valid_until)),
        ("phrases", f"{len(manifest.phrases)}, {len(manifest.templates)} templates, {len(manifest.chimes)} chimes"),
        *((entry.path, f"{size(entry.size)}  {entry.sha256[:12]}") for entry in manifest.files),
    ]


def _span(begin: datetime, end: datetime | None) -> str:
    from edge_agent.voices.pack import ALWAYS

    begins = "" if begin == ALWAYS else f"from {begin:%Y-%m-%d %H:%M} "
    return begins + (f"until {end:%Y-%m-%d %H:%M} UTC" if end else "without end")


COMMANDS = (build, sign, seal, verify, inspect)
