"""``edge-agent keys``."""

from __future__ import annotations

from pathlib import Path

import click

from edge_agent.cli import voice_keys
from edge_agent.cli.app import Session
from edge_agent.cli.group import Group
from edge_agent.cli.output import print_json, print_table
from edge_agent.ingress.zmq_keys import KeyRing, make_pair, write_client_file


@click.group("keys", cls=Group)
def command() -> None:
    """Make and manage keys: of this device, of those who sign voices, and of clients."""


for _each in voice_keys.COMMANDS:
    command.add_command(_each)


@command.group("zmq")
def zmq() -> None:
    """Keys of clients that speak by ZeroMQ over TCP.

    \b
    On the device:   edge-agent keys zmq server
                     edge-agent keys zmq client navigation --out navigation.json
    In its config:   [zmq] tcp_host = "192.168.10.2"
    In the client:   SpeechClient("tcp://192.168.10.2", keys="navigation.json")
    """


@zmq.command("server")
@click.option("--force", is_flag=True, help="Replace the key there is; clients need the new public key then.")
@click.pass_obj
def server(session: Session, force: bool) -> None:
    """Make this device's key, and print the public one. The daemon uses it from its next start on."""
    click.echo(_ring(session).make_server(replace=force).public)


@zmq.command("client")
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Where to write the client's key file; only you will be able to read it.",
)
@click.option("--allow/--no-allow", default=True, help="Whether to let it in at once. [default: allow]")
@click.pass_obj
def client(session: Session, name: str, out: Path, allow: bool) -> None:
    """Make a key file for the client NAME, with this device's public key in it, and let it in."""
    ring = _ring(session)
    server_key, pair = ring.server().public, make_pair()
    write_client_file(out, name, pair, server_key)
    if allow:
        try:
            ring.allow(name, pair.public)
        except BaseException:
            out.unlink()
            raise
    click.echo(pair.public)


@zmq.command("allow")
@click.argument("name")
@click.argument("public_key")
@click.pass_obj
def allow(session: Session, name: str, public_key: str) -> None:
    """Let a client in that made its own key; takes effect at once."""
    _ring(session).allow(name, public_key)


@zmq.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_keys(session: Session, as_json: bool) -> None:
    """List the clients that are let in."""
    clients = _ring(session).clients()
    if as_json:
        print_json(clients)
    else:
        print_table(("name", "public key"), sorted(clients.items()))


@zmq.command("revoke")
@click.argument("name")
@click.pass_obj
def revoke(session: Session, name: str) -> None:
    """Let a client in no longer; takes effect at once, but for events on a connection it has, which it gets until that ends."""
    _ring(session).revoke(name)


def _ring(session: Session) -> KeyRing:
    return KeyRing(session.config.paths.zmq_keys)
