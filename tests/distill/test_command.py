from __future__ import annotations

import pytest

from distill.command import carried_out
from edge_agent.errors import EdgeAgentError


@pytest.mark.parametrize(("given", "status"), [(None, 0), (0, 0), (3, 3)])
def test_a_command_ends_with_its_own_status(given, status, capsys):
    assert carried_out("enrol", lambda: given) == status
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        (EdgeAgentError("no voice here"), 1, "enrol: no voice here\n"),
        (OSError(28, "No space left on device", "out/a.wav"), 1, "enrol: [Errno 28] No space left on device: 'out/a.wav'\n"),
        (KeyboardInterrupt(), 130, "enrol: interrupted; say it again to finish\n"),
    ],
)
def test_what_stops_it_is_one_line(fault, status, says, capsys):
    def stopped():
        raise fault

    assert carried_out("enrol", stopped) == status
    assert capsys.readouterr() == ("", says)


def test_a_defect_stays_a_traceback():
    with pytest.raises(ZeroDivisionError):
        carried_out("enrol", lambda: 1 // 0)
