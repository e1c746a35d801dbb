from __future__ import annotations

import pytest

from distill.staged import staged_file


def test_a_file_that_is_not_finished_leaves_the_old_one_and_nothing_else(tmp_path):
    out = tmp_path / "run" / "scores.json"
    with staged_file(out) as file:
        file.write_text("old")
    with pytest.raises(OSError, match=r"File too large.*scores\.json"), staged_file(out) as file:  # noqa: PT012 - the file grows, then the disk says no
        file.write_text("half of the ne")
        raise OSError(27, "File too large")
    assert [path.name for path in out.parent.iterdir()] == ["scores.json"] and out.read_text() == "old"
