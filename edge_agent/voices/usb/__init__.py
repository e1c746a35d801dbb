"""Voices from a USB stick: read without believing anything on it, offered to the store, the result told. See README.md."""

from edge_agent.voices.usb.export import export_stick
from edge_agent.voices.usb.folder import SUFFIX, Limits, StickError
from edge_agent.voices.usb.importer import Install, Installed, import_stick
from edge_agent.voices.usb.last import Watched, keep
from edge_agent.voices.usb.mounts import check_mount, mounted_at
from edge_agent.voices.usb.report import PackResult, StickReport
from edge_agent.voices.usb.sentences import SENTENCES, Lang, Sentence, sentence
from edge_agent.voices.usb.telling import Teller

__all__ = [
    "SENTENCES",
    "SUFFIX",
    "Install",
    "Installed",
    "Lang",
    "Limits",
    "PackResult",
    "Sentence",
    "StickError",
    "StickReport",
    "Teller",
    "Watched",
    "check_mount",
    "export_stick",
    "import_stick",
    "keep",
    "mounted_at",
    "sentence",
]
