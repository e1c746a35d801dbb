"""The key of the voice that ships with the program."""

from __future__ import annotations

from edge_agent.voices.keys.minisig import PublicKey
from edge_agent.voices.keys.trust import Signer

PROJECT = Signer("project", PublicKey("RWTXx40b0Cv0U7L6pNqsy8ghauP5PCvT0w5eN/w6v6J6mH6VBbJBKx6Y"), voices=("default",))
"""Made for that voice and no other, and destroyed once it had signed it: nobody can sign another with it. Whoever builds the
voice anew makes a new key; see ``edge_agent/voices/README.md``."""
