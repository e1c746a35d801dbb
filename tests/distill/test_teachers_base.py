from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from distill.teachers import TeacherError, check
from tests.distill.humming import Humming

SAID = Humming().speak("ni↓xau↓")


def test_what_a_good_teacher_says_is_passed_on():
    assert check(SAID) is SAID
    text_side = replace(SAID, audio=None)
    assert check(text_side) is text_side
    waiting = replace(SAID, units=None, frames=None)
    assert check(waiting) is waiting


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"audio": 0 * SAID.audio}, "silence"),
        ({"audio": SAID.audio[:0]}, "silence"),
        ({"audio": SAID.audio * np.nan}, "audio of .* is not finite"),
        ({"f0_hz": np.full_like(SAID.f0_hz, np.inf)}, "f0_hz of .* is not finite"),
        ({"units": np.full_like(SAID.units, np.nan)}, "units of .* is not finite"),
        ({"audio": SAID.audio[:-1]}, "samples for"),
        ({"energy": SAID.energy[:-1]}, "of energy"),
        ({"frames": SAID.frames + 1}, "do not cover"),
        ({"frames": SAID.frames[:-1]}, "do not cover"),
        ({"frames": np.where(np.arange(len(SAID.frames)) == 0, 0, SAID.frames)}, "do not cover"),
    ],
)
def test_what_no_student_can_learn_from_is_refused(change, message):
    with pytest.raises(TeacherError, match=message):
        check(replace(SAID, **change))
