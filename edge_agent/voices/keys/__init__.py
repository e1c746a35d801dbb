"""Keys: whose signatures are believed, and what a device has of its own. All live in ``<state_dir>/keys``."""

from edge_agent.voices.keys.device import DeviceKeys, fingerprint, load_device_keys, make_device_keys, read_identities
from edge_agent.voices.keys.errors import KeysError, SignatureRefused
from edge_agent.voices.keys.minisig import PublicKey, SecretKey, Signature
from edge_agent.voices.keys.project import PROJECT
from edge_agent.voices.keys.trust import ROLES, Role, Signer, Trust
from edge_agent.voices.keys.trust_file import TrustFile

__all__ = [
    "PROJECT",
    "ROLES",
    "DeviceKeys",
    "KeysError",
    "PublicKey",
    "Role",
    "SecretKey",
    "Signature",
    "SignatureRefused",
    "Signer",
    "Trust",
    "TrustFile",
    "fingerprint",
    "load_device_keys",
    "make_device_keys",
    "read_identities",
]
