from __future__ import annotations

import fcntl
import subprocess
import sys

import pytest

from distill.claim import FolderInUse, claimed

HOLDER = """
import pathlib, sys, time
from distill.claim import claimed
with claimed(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_folder_is_made_and_its_second_writer_refused(tmp_path):
    with claimed(tmp_path / "runs" / "seed-1"):
        told = pytest.raises(FolderInUse, match=r"another process is writing .*seed-1; wait until it has finished")
        with told, claimed(tmp_path / "runs" / "seed-1"):
            pass
        with claimed(tmp_path / "runs" / "seed-2"):
            pass
    with claimed(tmp_path / "runs" / "seed-1"):
        assert not list((tmp_path / "runs" / "seed-1").iterdir())  # nothing is left in it


def test_a_killed_process_holds_nothing(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FolderInUse), claimed(tmp_path):
            pass
        holder.kill()
    with claimed(tmp_path):
        pass


def test_where_folders_cannot_be_locked_it_goes_on(tmp_path, monkeypatch):
    def unknown(*_):
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(fcntl, "flock", unknown)
    with claimed(tmp_path / "a"):
        assert (tmp_path / "a").is_dir()
