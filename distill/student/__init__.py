"""MobileSoVITS, the student."""

from distill.student.config import SIZES, StudentConfig
from distill.student.model import MobileSoVITS, Spoken

__all__ = ["SIZES", "MobileSoVITS", "Spoken", "StudentConfig"]
