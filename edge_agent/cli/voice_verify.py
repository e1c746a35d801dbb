"""``edge-agent voice verify``: would this device take it?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge_agent.cli.app import Session
from edge_agent.cli.arguments import IDENTITY, identities, public_key
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.output import print_json
from edge_agent.cli.voice_inspect import title_of
from edge_agent.errors import EdgeAgentError

if TYPE_CHECKING:
    from edge_agent.voices.keys import Trust
    from edge_agent.voices.pack import Manifest


@click.command("verify")
@click.argument("pack", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--key", "keys", multiple=True, metavar="KEY", help="Trust this minisign public key or .pub file, and not what the device trusts."
)
@IDENTITY
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
            told = f"{pack}: good; {title_of(manifest)}"
    except PackError as error:
        if not as_json:
            raise EdgeAgentError(f"{pack}: {error.reason}: {error}") from error
        print_json({"good": False, "reason": error.reason, "message": str(error)})
        raise click.exceptions.Exit(ExitCode.FAILED) from error
    if as_json:
        print_json({"good": True, **found})
    else:
        click.echo(told)


def _verify_all(pack: Path, trust: Trust, session: Session, identity: Path | None) -> Manifest:
    from edge_agent.voices.pack import open_pack, verify_folder

    now = datetime.now(timezone.utc)
    if pack.is_dir():
        return verify_folder(pack, trust=trust, now=now)
    with open_pack(pack, trust=trust, identities=identities(session, identity), now=now) as opened:
        opened.unpack(lambda _entry: nullcontext(_Nowhere()))
        return opened.manifest


class _Nowhere:
    def write(self, content: bytes, /) -> None:
        """Checked by whoever writes, and wanted by nobody."""


def _trust(session: Session, keys: Sequence[str]) -> Trust:
    from edge_agent.voices.keys import Signer, Trust, TrustFile

    if not keys:
        return TrustFile(session.config.paths.keys).read()
    return Trust(tuple(Signer(key, public_key(key)) for key in keys))
