from __future__ import annotations

from quantize.about import command


def test_a_card_tells_the_command_and_nobody_s_folders() -> None:
    given = ["student", "/home/me/my runs/x.pt", "--out=/home/me/v", "--recipe", "distill/recipes/d.toml", "--data", "distill/data (CC0)"]
    assert command(given) == "python -m quantize student x.pt --out=v --recipe distill/recipes/d.toml --data 'distill/data (CC0)'"
