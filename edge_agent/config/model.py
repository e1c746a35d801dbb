"""The whole configuration."""

from __future__ import annotations

from edge_agent.config.announcement import AnnouncementSection
from edge_agent.config.audio import AudioSection
from edge_agent.config.cache import CacheSection
from edge_agent.config.ducking import DuckingSection
from edge_agent.config.journal import JournalSection
from edge_agent.config.log import LogSection
from edge_agent.config.metrics import MetricsSection
from edge_agent.config.mqtt import MqttSection
from edge_agent.config.paths import PathsSection
from edge_agent.config.policy import PolicySection
from edge_agent.config.section import Section
from edge_agent.config.usb import UsbSection
from edge_agent.config.voice import VoiceSection
from edge_agent.config.zmq import ZmqSection


class Config(Section):
    """Everything the daemon can be told. Made by :func:`edge_agent.config.load`; one attribute a TOML table."""

    mqtt: MqttSection
    zmq: ZmqSection
    """Programs on this computer, and in this vehicle."""
    announcement: AnnouncementSection = AnnouncementSection()
    """Defaults of requests, and the queue."""
    audio: AudioSection = AudioSection()
    """The loudspeaker."""
    ducking: DuckingSection = DuckingSection()
    """Other programs' sound."""
    voice: VoiceSection = VoiceSection()
    """Who speaks."""
    usb: UsbSection = UsbSection()
    """Voices from a stick."""
    cache: CacheSection = CacheSection()
    """Recordings of phrases."""
    policy: PolicySection = PolicySection()
    """What may be said."""
    journal: JournalSection = JournalSection()
    """The durable inbox."""
    metrics: MetricsSection = MetricsSection()
    """Metrics and health."""
    log: LogSection = LogSection()
    """The log."""
    paths: PathsSection
    """Folders."""


SECTIONS: dict[str, type[Section]] = {name: field.annotation for name, field in Config.model_fields.items()}  # type: ignore[misc]
