"""The key of the voice that ships with the program."""

from __future__ import annotations

from edge_agent.voices.keys.minisig import PublicKey
from edge_agent.voices.keys.trust import Signer

PROJECT = Signer("project", PublicKey("RWTuW1MhfCnvoiIglnNiNycd6Q9uzufAyzWOrFU2Q49mCc6ugJyN93dd"), voices=("default",))
"""Made for that voice and no other, and destroyed once it had signed it: nobody can sign another with it. Whoever builds the
voice anew makes a new key; see ``edge_agent/voices/README.md``."""
