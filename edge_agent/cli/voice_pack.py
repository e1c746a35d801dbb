"""``edge-agent voice build``, ``sign`` and ``seal``: from a voice to a pack for devices."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from edge_agent.cli.arguments import FILE, PASSWORD, secret_key
from edge_agent.cli.output import size
from edge_agent.cli.voice_inspect import title_of
from edge_agent.errors import EdgeAgentError
from edge_agent.listed import read_list

if TYPE_CHECKING:
    from edge_agent.voices.keys import SecretKey

OUT = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE", help="The pack to write; must not exist."
)
TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])


@click.command("build")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@OUT
@click.option("--consent", type=FILE, metavar="FILE", help="The owner's consent.json; its .minisig lies beside it.")
@click.option("--synthetic", type=FILE, metavar="KEY", help="Instead: state that the voice is nobody's, signed by this minisign key.")
@click.option("--seq", type=click.IntRange(1), required=True, metavar="N", help="Higher than in every earlier pack of this voice.")
@click.option("--version", default="1.0.0", show_default=True, help="For people.")
@click.option("--licence", help="[default: what the voice's card says]")
@click.option("--engine-min", metavar="VERSION", help="Lowest version of this program that can speak it. [default: this one]")
@click.option("--phrases", type=FILE, metavar="FILE", help="Texts the device keeps ready, one a line; lines that begin with # are remarks.")
@click.option("--templates", type=FILE, metavar="FILE", help="Sentences with slots, likewise.")
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
    from edge_agent.playback.chimes import names
    from edge_agent.voices.pack import ALWAYS, build_pack, write_synthetic_consent

    if (consent is None) == (synthetic is None):
        raise click.UsageError("give the owner's --consent, or --synthetic for a voice that is nobody's")
    named = dict(_chime(each) for each in chimes)
    if taken := sorted(set(named) & set(names())):
        raise click.UsageError(f"--chime {taken[0]}: the device has a chime of this name, which it plays instead; take another name")
    with tempfile.TemporaryDirectory() as scratch:
        if synthetic is not None:
            signer = secret_key(synthetic, password_file)
            consent = write_synthetic_consent(Path(scratch), folder.resolve().name, signer, datetime.now(timezone.utc))
        manifest = build_pack(
            folder,
            seq=seq,
            version=version,
            consent=cast(Path, consent),
            out=out,
            licence=licence,
            phrases=read_list(phrases) if phrases else (),
            templates=read_list(templates) if templates else (),
            chimes=named,
            valid_from=_utc(valid_from) or ALWAYS,
            expires=_utc(expires),
            rollout_percent=rollout,
            **({"engine_min": engine_min} if engine_min else {}),
        )
    click.echo(f"{out}: {title_of(manifest)}, {len(manifest.files)} files, {size(manifest.payload_bytes)}; not signed yet")


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
    station = secret_key(key, password_file)
    author: SecretKey | bytes | None = None
    if manifest_signature:
        author = manifest_signature.read_bytes()
    elif author_key:
        author = secret_key(author_key, password_file)
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
    seal_pack(pack, out, recipients=devices, station=secret_key(key, password_file))
    click.echo(f"{out}: sealed for {len(set(devices))} {'device' if len(set(devices)) == 1 else 'devices'}")


def _recipients(text: str) -> list[str]:
    if text.startswith("age1"):
        return [text]
    try:
        return read_list(Path(text))
    except OSError as error:
        raise EdgeAgentError(f"--to {text}: neither an age1... key nor a file that can be read ({error.strerror})") from error


def _chime(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    return name, path


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=timezone.utc) if time else None


COMMANDS = (build, sign, seal)
