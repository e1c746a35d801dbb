"""``edge-agent say``: through the daemon, or straight into files without one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from edge_agent.announcement import OnInterrupt, Priority
from edge_agent.cli.app import Session

_PRIORITIES = [priority.name.lower() for priority in sorted(Priority, reverse=True)]
_DAEMON_ONLY = ("priority", "ttl_s", "key", "id", "on_interrupt", "wait", "answer_timeout_s")


@click.command("say")
@click.argument("text", required=False)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a WAV file instead; needs no daemon.")
@click.option(
    "--batch",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Write a WAV file for each line of FILE (lines that begin with # are remarks); needs no daemon.",
)
@click.option("--out-dir", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where --batch writes to.")
@click.option("--lang", type=click.Choice(("auto", "zh", "en")), help="The language. [default: by script]")
@click.option("--voice", metavar="ID", help="The voice. [default: the active one]")
@click.option("--speed", type=click.FloatRange(0.5, 2), help="How fast; 1 is the voice's own speed.")
@click.option("--volume", type=click.FloatRange(0, 1), help="How loud.")
@click.option("--priority", type=click.Choice(_PRIORITIES), help="Who goes first.")
@click.option("--ttl", "ttl_s", type=click.FloatRange(0.1, 604_800), metavar="SECONDS", help="Not spoken when older than this.")
@click.option("--key", metavar="KEY", help="Replaces a waiting announcement with the same key.")
@click.option("--chime", metavar="NAME", help="A chime to play first.")
@click.option("--repeat", type=click.IntRange(1, 10), metavar="N", help="How often to say it.")
@click.option("--on-interrupt", type=click.Choice([each.value for each in OnInterrupt]), help="What to do when interrupted.")
@click.option("--id", metavar="ID", help="Its id; the same one again is not spoken again. [default: a new one]")
@click.option("--wait/--no-wait", default=True, help="Whether to wait until it has been spoken. [default: wait]")
@click.option(
    "--answer-timeout-s", type=click.FloatRange(0.1), default=10.0, show_default=True, help="How long a daemon has to accept it."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line an event or file.")
@click.pass_context
def command(
    context: click.Context,
    text: str | None,
    out: Path | None,
    batch: Path | None,
    out_dir: Path | None,
    wait: bool,
    answer_timeout_s: float,
    as_json: bool,
    **fields: Any,
) -> int:
    """Speak TEXT (- reads it from standard input) and wait until the device has played it.

    It goes through the broker, or where MQTT is switched off or no broker can be reached, straight to the daemon on this computer.

    \b
    Exit status: 0 played, 3 rejected, 4 expired, 5 superseded, 6 cancelled, 7 dropped, 8 failed,
    9 no daemon answered, or it went away for long, 10 neither the broker nor a daemon on this computer can be reached.
    """
    session = context.find_object(Session)
    assert session is not None
    if batch is not None or out is not None:
        _refuse_daemon_options(context)
    given = {name: value for name, value in fields.items() if value is not None}
    if batch is not None:
        if text is not None or out is not None or out_dir is None:
            raise click.UsageError("--batch goes with --out-dir, and without TEXT and --out")
        from edge_agent.cli.render import Manner, render_batch

        return render_batch(session.config, batch, out_dir, Manner(**given), as_json=as_json)
    if out_dir is not None:
        raise click.UsageError("--out-dir goes with --batch")
    if text is None:
        raise click.UsageError("TEXT is missing")
    words = sys.stdin.read() if text == "-" else text
    if out is not None:
        from edge_agent.cli.render import Manner, render_one

        return render_one(session.config, words, out, Manner(**given), as_json=as_json)
    from edge_agent.cli.announce import announce

    return announce(session.config, {"text": words, **given}, wait=wait, answer_timeout_s=answer_timeout_s, as_json=as_json)


def _refuse_daemon_options(context: click.Context) -> None:
    for name in _DAEMON_ONLY:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = next(parameter.opts[0] for parameter in context.command.params if parameter.name == name)
            raise click.UsageError(f"{option} is for the daemon and has no meaning for files")
