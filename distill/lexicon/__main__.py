"""Command line: ``python -m distill.lexicon compile MISAKI_DATA_DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path

from distill.lexicon.compile import compile_lexicon

DATA = Path(__file__).resolve().parents[2] / "edge_agent" / "text" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m distill.lexicon", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    compile_command = commands.add_parser("compile", help="misaki's us_gold.json and us_silver.json -> lexicon_en.tsv")
    compile_command.add_argument("folder", type=Path, help="misaki's data folder")
    options = parser.parse_args()
    text = compile_lexicon(options.folder / "us_gold.json", options.folder / "us_silver.json")
    (DATA / "lexicon_en.tsv").write_text(text, "utf-8")
    print(f"{text.count(chr(10))} entries, {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
