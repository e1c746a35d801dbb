"""Voice packs: one file that carries a voice, its owner's consent and two signatures; see ``edge_agent/voices/README.md``."""

from edge_agent.voices.pack.build import build_pack
from edge_agent.voices.pack.chime import Recording
from edge_agent.voices.pack.errors import PackError, Reason
from edge_agent.voices.pack.extras import Extras, read_extras
from edge_agent.voices.pack.inspect import Contents, inspect_pack, verify_station
from edge_agent.voices.pack.limits import Limits
from edge_agent.voices.pack.manifest import ALWAYS, FileEntry, Manifest
from edge_agent.voices.pack.program import Program
from edge_agent.voices.pack.reader import OpenPack, open_pack
from edge_agent.voices.pack.sign import seal_pack, sign_pack
from edge_agent.voices.pack.synthetic import write_synthetic_consent
from edge_agent.voices.pack.unpack import Sink
from edge_agent.voices.pack.verify import verify_author, verify_folder

__all__ = [
    "ALWAYS",
    "Contents",
    "Extras",
    "FileEntry",
    "Limits",
    "Manifest",
    "OpenPack",
    "PackError",
    "Program",
    "Reason",
    "Recording",
    "Sink",
    "build_pack",
    "inspect_pack",
    "open_pack",
    "read_extras",
    "seal_pack",
    "sign_pack",
    "verify_author",
    "verify_folder",
    "verify_station",
    "write_synthetic_consent",
]
