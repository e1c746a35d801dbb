"""The top command and its options."""

from __future__ import annotations

import importlib
from functools import cached_property
from pathlib import Path

import click

from edge_agent import __version__
from edge_agent.config import Config, Loaded, load

COMMANDS = {
    "run": "Run the daemon in the foreground.",
    "say": "Speak an announcement, or write it to a file.",
    "listen": "Follow what the daemon reports.",
    "status": "Show how the daemon is.",
    "cache": "Look at and change the phrase cache.",
    "voice": "Make, install, switch and delete voices.",
    "config": "Check, show or begin a configuration.",
    "keys": "Make and manage keys.",
    "usb-import": "Install the voice packs on a stick.",
    "install": "Lay out units and device configuration.",
    "uninstall": "Take away what install laid out.",
    "maintain": "Do what is due once a day.",
    "doctor": "Try everything that is needed, and say how to repair it.",
    "bench": "Measure how fast this device speaks.",
}


class Session:
    """What a command knows of its surroundings. The configuration is read when it is first wanted."""

    def __init__(self, config_path: Path | None) -> None:
        self.config_path = config_path

    @cached_property
    def loaded(self) -> Loaded:
        return load(self.config_path)

    @property
    def config(self) -> Config:
        return self.loaded.config


class Commands(click.Group):
    """Imports a command's module only when that command is used: most need neither ONNX Runtime nor an audio library."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"edge_agent.cli.{name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration file. [default: /etc/edge-agent/config.toml, else the user's own]",
)
@click.version_option(__version__, "-V", "--version", prog_name="edge-agent")
@click.pass_context
def app(context: click.Context, config_path: Path | None) -> None:
    """Speaks announcements that come in by MQTT or ZeroMQ, in Mandarin and English, without a network."""
    context.obj = Session(config_path)
