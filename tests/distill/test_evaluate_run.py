from __future__ import annotations

import json

import numpy as np
import pytest

from distill.__main__ import main
from distill.evaluate import Clip, EvaluationError, Remembering, Sentence, evaluate, evaluation_set, load, results, table
from distill.evaluate.measures import signal_measures
from tests.distill.evaluation_doubles import Answering, Speaking, unit_vector
from tests.distill.sounds import RATE, glide, sentence

SENTENCES = [
    Sentence("zh-01", "zh", "请到二十三号登机口。"),
    Sentence("zh-02", "zh", "电梯上行。"),
    Sentence("en-01", "en", "Mind the gap."),
]


@pytest.fixture
def systems():
    return [Speaking("teacher"), Speaking("student", base_hz=180.0)]


@pytest.fixture
def listeners(systems):
    teacher = {systems[0].speak(each).digest for each in SENTENCES}

    def hear(clip, lang):
        if lang == "en":
            return "Mind the gap" if clip.digest in teacher else "Mind a gap"
        return "请到23号登机口"

    return [
        Answering("recognition", hear),
        Answering("mos", lambda clip, lang: 4.5 if clip.digest in teacher else 3.25),
        Answering("speaker", lambda clip, lang: unit_vector(0.0 if clip.digest in teacher else np.pi / 3)),
    ]


def test_everything_is_scored_and_pooled(systems, listeners, tmp_path):
    scores = evaluate(systems, SENTENCES, listeners, tmp_path)
    student = {each.measure.name: each for each in results.pooled(scores, "student", "en")}

    assert student["wer"].value.value == pytest.approx(100 / 3)
    assert student["wer"].over_reference.value == pytest.approx(100 / 3)
    assert student["mos"].over_reference.value == pytest.approx(-1.25)
    assert student["speaker"].value.value == pytest.approx(0.5)
    mandarin = {each.measure.name: each for each in results.pooled(scores, "teacher", "zh")}
    assert mandarin["pinyin"].value.value == pytest.approx(100 * 8 / 13)
    assert mandarin["pinyin"].n == 2
    assert mandarin["pinyin"].over_reference is None
    assert mandarin["f0"].value.value == pytest.approx(1)
    assert mandarin["voicing"].value.value == 0


def test_the_wav_files_hold_what_was_scored(systems, listeners, tmp_path):
    scores = evaluate(systems, SENTENCES, listeners, tmp_path)

    for row in scores.rows:
        clip = Clip.read(tmp_path / row.wav)
        assert clip.digest in listeners[0].asked
        assert row.seconds == clip.seconds == 0.5


def test_results_come_back_as_they_were(systems, listeners, tmp_path):
    scores = evaluate(systems, SENTENCES, listeners, tmp_path, reference="student")
    document = json.loads((tmp_path / "scores.json").read_text("utf-8"))

    assert load(tmp_path) == scores
    assert document["reference"] == "student"
    assert document["summary"]["teacher/en"]["wer"]["value"] == 0
    assert document["summary"]["teacher/en"]["wer"]["over_reference"]["value"] == pytest.approx(-100 / 3)


def test_a_repeated_run_asks_nobody(systems, listeners, tmp_path):
    for _ in range(2):
        evaluate(systems, SENTENCES, [Remembering(each, tmp_path / "cache") for each in listeners], tmp_path / "out")

    assert [len(each.asked) for each in listeners] == [6, 6, 6]


def test_a_scorer_that_was_left_out_is_named(systems, listeners, tmp_path):
    scores = evaluate(systems, SENTENCES, listeners[1:2], tmp_path)

    assert scores.without == ("recognition", "speaker")
    assert scores.rows[0].heard is None
    assert "pinyin" not in scores.rows[0].measures


def test_the_table_shows_value_interval_and_difference(systems, listeners, tmp_path):
    lines = table(evaluate(systems, SENTENCES, listeners, tmp_path)).splitlines()

    assert lines[0].split() == ["zh,", "2", "sentences", "teacher", "student"]
    assert "  word error, %" in "\n".join(lines)
    (mos,) = [line for line in lines[11:] if "DistillMOS" in line]
    assert mos.endswith("4.50 [4.50, 4.50]     3.25 [3.25, 3.25]  (-1.25 [-1.25, -1.25])")


@pytest.mark.parametrize(
    ("names", "sentences", "reference"),
    [([], SENTENCES, None), (["a", "a"], SENTENCES, None), (["a"], [], None), (["a"], SENTENCES, "b")],
)
def test_an_impossible_evaluation_is_refused(names, sentences, reference, tmp_path):
    with pytest.raises(EvaluationError, match=r"differently named"):
        evaluate([Speaking(name) for name in names], sentences, [], tmp_path, reference=reference)
    assert not (tmp_path / "scores.json").exists()


def test_a_system_that_says_nothing_is_named(tmp_path):
    class Mute(Speaking):
        def speak(self, asked):
            return Clip(np.zeros(0, np.int16), RATE)

    with pytest.raises(EvaluationError, match=r"quiet gives no samples at all for zh-01"):
        evaluate([Mute("quiet")], SENTENCES, [], tmp_path)


def test_silence_is_scored_not_refused():
    voice = Clip.of(sentence(0.5), RATE)
    found = signal_measures(Clip(np.zeros_like(voice.audio), RATE), voice)

    assert found["f0"] == (0, 1)
    assert found["voicing"][0] / found["voicing"][1] > 0.5
    assert found["spectral"][0] > 10
    assert "whistle" not in found


def test_pitch_is_compared_in_place():
    rising, quicker = np.linspace(150, 250, RATE), np.linspace(180, 300, RATE // 2)
    reference = Clip.of(glide(rising), RATE, np.array([40, 40]))

    assert signal_measures(Clip.of(glide(quicker), RATE, np.array([20, 20])), reference)["f0"][0] > 0.99
    assert signal_measures(Clip.of(glide(rising[::-1]), RATE, np.array([40, 40])), reference)["f0"][0] < -0.99


def test_another_sample_rate_is_no_difference():
    reference = Clip.of(sentence(1.0), RATE)
    same = Clip.of(reference.wave(48_000), 48_000)

    assert signal_measures(same, reference)["spectral"][0] < 1


@pytest.mark.parametrize(
    "damage",
    [None, "", "{}", '{"format": 9}', '{"format": 1, "rows": [{}]}', '{"format": 1, "rows": [{"measures": 3}]}', "[1]"],
)
def test_unreadable_results_are_named(damage, tmp_path):
    if damage is not None:
        (tmp_path / "scores.json").write_text(damage)
    with pytest.raises(EvaluationError, match=r"scores.json"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--without=mos", "--without=speaker"], "recognition needs --whisper DIR"),
        (["--without=recognition", "--without=mos", "--without=speaker"], "is no system: expected a teacher's folder"),
        (["--without=recognition", "--without=mos", "--without=speaker", "--set=fr"], "no evaluation set 'fr'"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, message, tmp_path, capsys):
    status = main(["evaluate", "--system", f"student={tmp_path}", "--out", str(tmp_path / "out"), *arguments])

    assert status == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments", [["--system=x"], ["--system=../x=y"], ["--limit=0"], ["--limit=-1"], ["--style=5"], ["--threads=a"], ["--without=ears"]]
)
def test_the_command_refuses_bad_options(arguments, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "--system=a=b", f"--out={tmp_path}", *arguments])
    assert caught.value.code == 2
    assert arguments[0].split("=")[0] in capsys.readouterr().err


def test_the_sets_are_used_by_their_keys(tmp_path):
    scores = evaluate([Speaking("teacher")], evaluation_set("mixed", 2), [], tmp_path)

    assert [row.key for row in scores.of("teacher", "mixed")] == ["mixed-01", "mixed-02"]
