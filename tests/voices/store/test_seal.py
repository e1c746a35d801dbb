"""Folders in memory while other processes sweep."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from edge_agent.voices.store.seal import in_memory, sweep_memory


def test_what_a_killed_process_left_is_swept_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    with in_memory(tmp_path) as used:
        (used / "model.onnx").write_bytes(b"in use")
        left = tmp_path / f"{used.name}-left"
        left.mkdir()
        (left / "model.onnx").write_bytes(b"left")
        sweep_memory(tmp_path)
        assert list(tmp_path.iterdir()) == [used]
        assert (used / "model.onnx").read_bytes() == b"in use"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_lives_from_its_making_to_its_end_however_often_others_sweep(tmp_path: Path) -> None:
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            sweep_memory(tmp_path)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(300):
            with in_memory(tmp_path) as folder:
                for number in range(3):
                    (folder / str(number)).write_bytes(os.urandom(16))
                assert len(list(folder.iterdir())) == 3
    finally:
        over.set()
        sweeper.join()
    assert list(tmp_path.iterdir()) == []
