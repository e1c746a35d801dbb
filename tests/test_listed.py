from pathlib import Path

import pytest

from edge_agent.listed import NotUtf8, read_list, read_numbered


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.txt"


def test_empty_lines_and_remarks_are_no_entries(path: Path) -> None:
    path.write_text("# 号码\n一\n\n  二 #2 \n\t# gone\n三", encoding="utf-8")
    assert read_list(path) == ["一", "二 #2", "三"]
    assert read_numbered(path) == [(2, "一"), (4, "二 #2"), (6, "三")]


def test_as_windows_writes_it(path: Path) -> None:
    path.write_bytes("# 号码\r\n请注意。\r\n".encode("utf-8-sig"))
    assert read_numbered(path) == [(2, "请注意。")]


def test_another_encoding_is_named_with_its_line(path: Path) -> None:
    path.write_bytes("one\n请注意。\n".encode("gbk"))
    with pytest.raises(NotUtf8, match=r"list\.txt:2: this is not UTF-8; save") as caught:
        read_list(path)
    assert caught.value.line == 2


def test_nothing_is_in_an_empty_list(path: Path) -> None:
    path.touch()
    assert read_list(path) == []
    with pytest.raises(FileNotFoundError):
        read_list(path.with_name("missing"))
