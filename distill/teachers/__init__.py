"""Teachers: whoever the student learns to sound like."""

from distill.teachers.base import Teacher, TeacherError, Utterance

__all__ = ["Teacher", "TeacherError", "Utterance"]
