from __future__ import annotations

import pytest

from edge_agent.config.lines import key_lines

DOCUMENT = '''\
# a comment with [brackets] and "quotes
top = 1

[mqtt]                 # [not.this]
host = "a = b"
groups = [
  "one",  # ] not the end
  "two]",
]
text = """
port = 5
[audio]
"""
literal = \'\'\'
x = 1
\'\'\'
port = 1883

[ "quoted" . part ]
'key' = { a = 1, b = [2] }
dotted.name = true

[[list]]
item = 1
[[list]]
item = 2
'''


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (("top",), 2),
        (("mqtt",), 4),
        (("mqtt", "host"), 5),
        (("mqtt", "groups"), 6),
        (("mqtt", "text"), 10),
        (("mqtt", "literal"), 14),
        (("mqtt", "port"), 17),
        (("quoted", "part"), 19),
        (("quoted", "part", "key"), 20),
        (("quoted", "part", "dotted"), 21),
        (("quoted", "part", "dotted", "name"), 21),
        (("list",), 23),
        (("list", "item"), 24),
    ],
)
def test_finds_the_line_of_every_key(name: tuple[str, ...], line: int) -> None:
    assert key_lines(DOCUMENT)[name] == line


def test_takes_text_within_strings_for_text() -> None:
    assert ("audio",) not in key_lines(DOCUMENT)
    assert ("mqtt", "x") not in key_lines(DOCUMENT)


@pytest.mark.parametrize("document", ["", "\n\n", "# only a comment", 'a = "\\"]"', "a = 1"])
def test_short_documents(document: str) -> None:
    assert set(key_lines(document)) <= {("a",)}
