"""The key of the voice that ships with the program."""

from __future__ import annotations

from edge_agent.voices.keys.minisig import PublicKey
from edge_agent.voices.keys.trust import Signer

PROJECT = Signer("project", PublicKey("RWQy6fAyI8QE7tyc5lLp5WPGjmNt9/cb/YucgcdRG15utlSV3deHf8VO"), voices=("default",))
"""Made for that voice and no other, and destroyed once it had signed it: nobody can sign another with it. Whoever builds the
voice anew makes a new key; see ``edge_agent/voices/README.md``."""
