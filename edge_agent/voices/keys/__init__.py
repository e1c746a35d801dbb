"""Keys: whose signatures are believed, and what a device has of its own."""

from edge_agent.voices.keys.errors import KeysError, SignatureRefused
from edge_agent.voices.keys.minisig import PublicKey, SecretKey, Signature
from edge_agent.voices.keys.trust import ROLES, Role, Signer, Trust

__all__ = ["ROLES", "KeysError", "PublicKey", "Role", "SecretKey", "Signature", "SignatureRefused", "Signer", "Trust"]
