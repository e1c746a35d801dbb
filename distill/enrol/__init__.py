"""What a voice owner's recordings are worth, whose voice it is, and what its owner agreed to: before anything is trained on it."""

from distill.enrol.check import Quality, check
from distill.enrol.consent import speaker_sha256, write_consent
from distill.enrol.errors import EnrolmentError, RecordingError
from distill.enrol.limits import LIMITS, Limit, Verdict
from distill.enrol.measures import Measure

__all__ = [
    "LIMITS",
    "EnrolmentError",
    "Limit",
    "Measure",
    "Quality",
    "RecordingError",
    "Verdict",
    "check",
    "speaker_sha256",
    "write_consent",
]
