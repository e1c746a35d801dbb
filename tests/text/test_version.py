import re
import subprocess
import sys

import edge_agent.text


def test_version_names_convention_and_content():
    assert re.fullmatch(r"\d+-[0-9a-f]{12}", edge_agent.text.FRONT_END_VERSION)


def test_version_is_the_same_in_another_process():
    command = [sys.executable, "-c", "import edge_agent.text; print(edge_agent.text.FRONT_END_VERSION)"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == edge_agent.text.FRONT_END_VERSION


def test_nothing_is_read_at_import():
    code = (
        "import edge_agent.text\n"
        "from edge_agent.text import zh_words, version\n"
        "print(zh_words.words.cache_info().currsize, version.front_end_version.cache_info().currsize)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == ["0", "0"]


def test_neither_torch_nor_the_tools_that_made_the_tables_are_needed():
    code = (
        "import sys; from edge_agent.text import plan; plan('你好 hello 3号');"
        "print([name for name in ('torch', 'jieba', 'pypinyin', 'misaki') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
