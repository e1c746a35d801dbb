"""Groups of commands."""

from __future__ import annotations

import click

_LONGEST_SENTENCE = 200


class Group(click.Group):
    """Its help shows the first sentence of each command whole, where click cuts it off."""

    group_class = type  # and so do groups within

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(_LONGEST_SENTENCE)) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
