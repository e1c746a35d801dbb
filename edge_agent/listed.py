"""A list in a file, as people write it: UTF-8, one entry a line. Empty lines are passed over, and lines that begin with ``#``."""

from __future__ import annotations

from pathlib import Path

from edge_agent.errors import EdgeAgentError


class NotUtf8(EdgeAgentError):
    """A list in another encoding; ``line``, from 1, is the first that shows it."""

    def __init__(self, path: Path, line: int) -> None:
        self.path, self.line = path, line
        super().__init__(f"{path}:{line}: this is not UTF-8; save the file in that encoding")


def read_list(path: Path) -> list[str]:
    """The entries of a list.

    Raises:
        OSError, NotUtf8: it cannot be read.
    """
    return [entry for _, entry in read_numbered(path)]


def read_numbered(path: Path) -> list[tuple[int, str]]:
    """The entries of a list, each after the number of its line, from 1.

    Raises:
        OSError, NotUtf8: it cannot be read.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")  # Windows' editors begin a file with a mark
    except UnicodeDecodeError as error:
        raise NotUtf8(path, content.count(b"\n", 0, error.start) + 1) from error
    lines = enumerate(map(str.strip, text.split("\n")), 1)
    return [(number, line) for number, line in lines if line and not line.startswith("#")]
