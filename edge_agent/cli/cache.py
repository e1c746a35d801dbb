"""``edge-agent cache``."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from typing import get_args

import click

from edge_agent.cli.app import Session
from edge_agent.cli.cache_prewarm import prewarm
from edge_agent.cli.group import Group
from edge_agent.cli.output import print_json, print_table, shorten, size
from edge_agent.cli.ownership import as_owner_of
from edge_agent.phrases import CacheEntry, Order, PhraseCache


@click.group("cache", cls=Group)
def command() -> None:
    """Look at and change the phrase cache of this device."""


command.add_command(prewarm)


@command.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, metavar="N", help="At most N phrases.")
@click.option("--order", type=click.Choice(get_args(Order)), default="recent", show_default=True, help="Which come first.")
@click.option("--text", metavar="TEXT", help="Only phrases that contain TEXT.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_phrases(session: Session, limit: int, order: Order, text: str | None, as_json: bool) -> None:
    """List cached phrases."""
    with _cache(session) as cache:
        entries = cache.entries(limit, order) if text is None else cache.find_text(text, limit)
    if as_json:
        print_json([dataclasses.asdict(entry) for entry in entries])
        return
    head = ("key", "lang", "voice", "audio", "hits", "pinned", "text")
    print_table(
        head,
        (
            (
                entry.key[:12],
                entry.lang,
                entry.voice_id,
                f"{entry.audio_s:.1f} s",
                entry.hits,
                "yes" if entry.pinned else "",
                shorten(entry.text, 60),
            )
            for entry in entries
        ),
    )


@command.command()
@click.argument("phrases", nargs=-1, required=True)
@click.pass_obj
def pin(session: Session, phrases: tuple[str, ...]) -> None:
    """Keep PHRASES, given by key (or its beginning) or by exact text, whatever happens."""
    _set_pinned(session, phrases, True)


@command.command()
@click.argument("phrases", nargs=-1, required=True)
@click.pass_obj
def unpin(session: Session, phrases: tuple[str, ...]) -> None:
    """Let PHRASES go again when room is needed."""
    _set_pinned(session, phrases, False)


@command.command()
@click.option("--voice", metavar="ID", help="Only recordings of one voice.")
@click.option("--pinned", is_flag=True, help="Pinned ones too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def clear(session: Session, voice: str | None, pinned: bool, yes: bool) -> None:
    """Delete recordings."""
    if not yes:
        click.confirm(f"Delete the recordings of {voice or 'all voices'}{' and pinned ones too' if pinned else ''}?", abort=True)
    with _cache(session) as cache:
        click.echo(f"{cache.clear(voice, include_pinned=pinned)} deleted")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def stats(session: Session, as_json: bool) -> None:
    """Show what the cache holds and what it has saved."""
    with _cache(session) as cache:
        found = cache.stats()
    if as_json:
        print_json({**dataclasses.asdict(found), "hit_rate": found.hit_rate, "saved_share": found.saved_share})
        return
    rows = (
        ("phrases", f"{found.entries}, {found.pinned} of them pinned"),
        ("size", f"{size(found.n_bytes)} of {size(found.budget_bytes)}"),
        ("since", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found.since))),
        ("look-ups", f"{found.hits} answered, {found.misses} not: hit rate {found.hit_rate:.1%}"),
        ("sound served", f"{found.audio_s_served:.1f} s"),
        ("synthesis saved", f"{found.synthesis_s_saved:.1f} s, {found.saved_share:.1%} of all"),
        ("given up", f"{found.evicted} for room, {found.healed} damaged, {found.refused} not kept"),
        ("state", found.degraded or "well"),
    )
    print_table(("figure", "value"), rows)


@contextlib.contextmanager
def _cache(session: Session) -> Iterator[PhraseCache]:
    config = session.config
    with as_owner_of(config.paths.cache_dir):
        cache = PhraseCache(config.paths.phrases, budget_bytes=config.cache.budget_bytes, floor_bytes=config.cache.floor_bytes)
        try:
            yield cache
        finally:
            cache.close()


def _set_pinned(session: Session, phrases: tuple[str, ...], pinned: bool) -> None:
    with _cache(session) as cache:
        entries = cache.entries()
        for phrase in phrases:
            for entry in _find(entries, phrase):
                cache.pin(entry.key, pinned)
                click.echo(f"{'pinned' if pinned else 'unpinned'} {entry.key[:12]} {shorten(entry.text, 60)}")


def _find(entries: list[CacheEntry], phrase: str) -> list[CacheEntry]:
    """By exact text every recording of it, in whatever voice and speed; by the beginning of a key exactly one."""
    if same_text := [entry for entry in entries if entry.text == phrase]:
        return same_text
    same_key = [entry for entry in entries if entry.key.startswith(phrase)]
    if len(same_key) != 1:
        reason = "more than one key begins with" if same_key else "no cached phrase has the text or key"
        raise click.UsageError(f"{reason} {phrase!r}; list them with: edge-agent cache list")
    return same_key
