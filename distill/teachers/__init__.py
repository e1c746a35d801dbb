"""Teachers: whoever the student learns to sound like."""

from distill.teachers.base import Teacher, TeacherError, Utterance, check

__all__ = ["Teacher", "TeacherError", "Utterance", "check"]
