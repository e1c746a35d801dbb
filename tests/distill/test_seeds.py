from __future__ import annotations

from distill.evaluate import Sentence, evaluate
from distill.seeds import spread
from tests.distill.evaluation_doubles import Answering, Speaking

SENTENCES = [Sentence("en-01", "en", "Mind the gap."), Sentence("en-02", "en", "Stand back.")]


def _scores(tmp_path, *scored: tuple[str, float, float]):
    systems = [Speaking(name, base_hz) for name, base_hz, _ in scored]
    said = {system.speak(sentence).digest: mos for system, (*_, mos) in zip(systems, scored, strict=True) for sentence in SENTENCES}
    return evaluate(systems, SENTENCES, [Answering("mos", lambda clip, lang: said[clip.digest])], tmp_path)


def test_mean_and_deviation_are_over_the_seeds_alone(tmp_path):
    scores = _scores(tmp_path, ("teacher", 200.0, 4.5), ("seed-1", 190.0, 3.0), ("seed-2", 180.0, 3.4), ("seed-3", 170.0, 3.8))
    lines = {line[:20].strip(): line for line in spread(scores).splitlines()}
    assert lines["DistillMOS"].split()[1:] == ["4.50", "3.00", "3.40", "3.80", "3.40", "0.40"]
    assert next(iter(lines.values())).split() == ["en,", "2", "sentences", "teacher", "seed-1", "seed-2", "seed-3", "mean", "deviation"]


def test_one_seed_has_no_deviation(tmp_path):
    scores = _scores(tmp_path, ("teacher", 200.0, 4.5), ("seed-4", 190.0, 3.0))
    row = next(line for line in spread(scores).splitlines() if "DistillMOS" in line)
    assert row.split()[1:] == ["4.50", "3.00", "3.00", "-"]
