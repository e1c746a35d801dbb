"""How long the longest texts take to become phonemes: the longest time that one request can hold up the others. Prints a table.

python benchmarks/text_planning.py      # takes a few seconds
"""

from __future__ import annotations

import random
import string
import time

from edge_agent.text import plan

N_CHARACTERS = 2000
"""The most that a request may hold."""
_SENTENCES = {
    "announcements, zh": "请A123号旅客到3号窗口办理业务，列车将于14:05发车。",
    "announcements, en": "Passengers for flight UA231 are kindly asked to proceed to gate 12. ",
    "announcements, mixed": "开往上海虹桥的G1234次列车即将发车，train G1234 is now boarding。",
}


def main() -> None:
    plan("第一次 reads the tables: glorpish", "auto")
    print(f"{N_CHARACTERS} characters each, processor time in ms")
    for title, text in texts(random.Random(1)).items():
        begun_s = time.process_time()
        plan(text, "auto")
        print(f"{title:24}{1000 * (time.process_time() - begun_s):9.0f}")


def texts(chance: random.Random) -> dict[str, str]:
    """What people say, and what nobody says, by title."""
    said = {title: (sentence * N_CHARACTERS)[:N_CHARACTERS] for title, sentence in _SENTENCES.items()}
    letters, figures = string.ascii_lowercase, string.digits
    words = (_some(chance, letters, chance.randint(3, 9)) for _ in range(N_CHARACTERS))
    return said | {
        "gibberish, one word": _some(chance, letters, N_CHARACTERS),
        "gibberish, short words": " ".join(words)[:N_CHARACTERS],
        "letters and figures": _some(chance, letters + figures, N_CHARACTERS),
        "figures and signs": _some(chance, figures + " .:-/%", N_CHARACTERS),
    }


def _some(chance: random.Random, characters: str, n: int) -> str:
    return "".join(chance.choices(characters, k=n))


if __name__ == "__main__":
    main()
