"""Tries everything the daemon needs, for real, and says how to put right what does not work."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.config import Config
from edge_agent.service.doctor.audio import check_audio
from edge_agent.service.doctor.broker import check_broker
from edge_agent.service.doctor.finding import Finding, Verdict
from edge_agent.service.doctor.inference import check_inference
from edge_agent.service.doctor.isolation import Check, isolated
from edge_agent.service.doctor.packages import check_packages, check_python
from edge_agent.service.doctor.socket import check_socket
from edge_agent.service.doctor.storage import check_cache, check_clock, check_disk
from edge_agent.service.doctor.voice import check_voice

__all__ = ["CHECKS", "Check", "Finding", "Verdict", "examine"]

CHECKS: dict[str, Check] = {
    "python": check_python,
    "packages": check_packages,
    "inference": isolated("inference", check_inference, fix="Install an ONNX Runtime built for this device."),
    "audio": isolated("audio", check_audio, fix="Set audio.device to another device, and look for faults in ALSA's configuration."),
    "broker": check_broker,
    "socket": check_socket,
    "disk": check_disk,
    "clock": check_clock,
    "voice": check_voice,
    "cache": check_cache,
}


def examine(config: Config, checks: dict[str, Check] | None = None) -> Iterator[Finding]:
    """Run every check, one after the other; a check that breaks is itself a finding and stops no other."""
    for name, check in (CHECKS if checks is None else checks).items():
        try:
            yield from check(config)
        except Exception as error:  # noqa: BLE001 - a doctor must survive whatever state the patient is in
            yield Finding.fail(name, f"the check itself broke: {error!r}", "Report this, with the whole output of the doctor.")
