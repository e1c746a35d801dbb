"""How an installed version is used: verified anew each time, and opened in memory where it lies sealed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.errors import EdgeAgentError
from edge_agent.voices.pack import Extras, PackError, read_extras
from edge_agent.voices.pack.manifest import CONSENT, CONSENT_SIGNATURE, Manifest
from edge_agent.voices.store import seal
from edge_agent.voices.store.errors import StoreError
from edge_agent.voices.store.facts import read_facts
from edge_agent.voices.store.layout import FILES

if TYPE_CHECKING:
    from edge_agent.voices.store.store import Store

_HEAD = frozenset({CONSENT, CONSENT_SIGNATURE})
"""What is verified of a version besides its manifest, whatever of it is used."""
_DISTRUST = frozenset({"untrusted", "revoked", "consent_untrusted", "consent_revoked"})


@contextmanager
def verified(store: Store, voice_id: str, seq: int, only: Collection[str] | None = None) -> Iterator[tuple[Path, Manifest]]:
    """A folder with a version's files; see :meth:`Store.opened`.

    Args:
        only: paths of the files that are wanted, if that is not all.
    """
    version = store.layout.version(voice_id, seq)
    facts = read_facts(version)
    now = store.book.now(store.state())
    with ExitStack() as stack:
        folder = version / FILES
        if facts.sealed:
            if not store.gate.identities:
                raise StoreError("damaged", f"voice {voice_id} is sealed to a device key that is not there; bring the key back")
            seal.sweep_memory(store.settings.memory)
            folder = stack.enter_context(seal.in_memory(store.settings.memory))
            seal.unseal(version, FILES, folder, store.gate.identities, only)
        manifest = store.gate.verify(folder, now, only)
        if (manifest.id, manifest.seq) != (voice_id, seq):
            found = f"{manifest.id} {manifest.seq}"
            raise StoreError("damaged", f"in the place of voice {voice_id} {seq} lies {found}; install the voice again")
        yield folder, manifest


def extras(store: Store, voice_id: str, seq: int) -> Extras:
    """See :meth:`Store.extras`."""
    chimes = set(store.manifest(voice_id, seq).chimes.values())
    with verified(store, voice_id, seq, chimes | _HEAD) as (folder, manifest):
        if set(manifest.chimes.values()) != chimes:
            raise StoreError("damaged", f"the manifest of voice {voice_id} {seq} changed while it was read")
        return read_extras(manifest, folder)


def distrust(store: Store, voice_id: str, seq: int) -> str | None:
    """See :meth:`Store.distrust`."""
    try:
        _check_signers(store, voice_id, seq)
    except PackError as error:
        return str(error) if error.reason in _DISTRUST else None
    except (EdgeAgentError, OSError):
        return None
    return None


def _check_signers(store: Store, voice_id: str, seq: int) -> None:
    try:
        with verified(store, voice_id, seq, _HEAD):
            pass
    except PackError:
        raise
    except (EdgeAgentError, OSError):
        # What cannot be opened, as the device's key is gone, is still spoken from recordings; its author can be told all the same.
        store.gate.verify_author(store.layout.version(voice_id, seq) / FILES)
