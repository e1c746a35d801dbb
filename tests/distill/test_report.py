from __future__ import annotations

import base64
import importlib.util
import io
import json
import re
from html.parser import HTMLParser

import pytest
import soundfile
from PIL import Image, ImageChops

from distill.__main__ import main
from distill.evaluate import Clip, EvaluationError, MissingExtra, Sentence, evaluate
from distill.report import render
from distill.report.losses import read_log
from distill.report.pictures import voiceprint
from tests.distill.evaluation_doubles import Answering, Speaking, unit_vector

SENTENCES = [
    Sentence("zh-01", "zh", "请到二十三号登机口。"),
    Sentence("zh-02", "zh", "电梯上行<script>。"),
    Sentence("en-01", "en", "Mind the gap."),
]
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Checks that tags nest, and collects sources and text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.sources, self.tags, self.text = [], [], [], ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def evaluation(tmp_path):
    listeners = [Answering("recognition", "Mind & <b>gap"), Answering("mos", 4.0), Answering("speaker", unit_vector(1.0))]
    evaluate([Speaking("teacher"), Speaking("student", 180.0)], SENTENCES, listeners, tmp_path / "evaluation")
    return tmp_path / "evaluation"


def decoded(sources, kind):
    return [base64.b64decode(source.split(",", 1)[1]) for source in sources if source.startswith(f"data:{kind};base64,")]


def test_everything_is_inside_the_page(evaluation):
    page = Page(render(evaluation, title="Voice 1 < 2"))

    assert page.sources and all(source.startswith("data:") for source in page.sources)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "Voice 1 < 2" in page.text
    assert "电梯上行<script>。" in page.text
    assert "heard: Mind & <b>gap" in page.text


def test_each_example_has_sound_and_picture_of_each_system(evaluation):
    page = Page(render(evaluation, title="x"))
    sounds, pictures = decoded(page.sources, "audio/flac"), decoded(page.sources, "image/png")

    assert len(sounds) == len(pictures) == 6
    wave, rate = soundfile.read(io.BytesIO(sounds[0]), dtype="int16")
    originals = {Clip.read(path).digest for path in evaluation.glob("teacher/*.wav")}
    assert Clip(wave, rate).digest in originals
    picture = Image.open(io.BytesIO(pictures[0]))
    assert picture.size == (640, 190)
    assert len(picture.convert("RGB").getcolors(100)) > 10


def test_the_summary_has_intervals_and_differences(evaluation):
    text = Page(render(evaluation, title="x")).text

    assert "DistillMOS (higher is better)4.00 [4.00, 4.00]4.00 [4.00, 4.00]+0.00 [+0.00, +0.00]" in text
    assert "word error, % (lower is better)" in text
    assert re.search(r"F0 correlation \(higher is better\)–0\.\d{3} \[", text)  # a comparison: nothing of the reference itself
    assert "F0 correlation 1.000" not in text
    assert "Mandarin" in text and "English" in text


def test_a_teachers_description_is_readable(tmp_path):
    evaluate([Speaking("teacher", identity='{"name": "K", "style": "{\\"a\\": 1}"}')], SENTENCES[:1], [], tmp_path)
    assert 'name: Kstyle: {"a": 1}' in Page(render(tmp_path, title="x", examples=1)).text


def test_f0_of_the_reference_is_drawn_over_another_clip():
    clip, other = (Speaking("x", base_hz).speak(SENTENCES[2]) for base_hz in (200.0, 150.0))
    alone, over = voiceprint(clip, clip.seconds), voiceprint(clip, clip.seconds, other)
    changed = ImageChops.difference(*(Image.open(io.BytesIO(png)).convert("L") for png in (alone, over)))
    assert alone == voiceprint(clip, clip.seconds) and changed.getbbox() is not None


def test_fewer_examples_are_spread_from_best_to_worst(tmp_path):
    sentences = [Sentence(f"en-{i:02d}", "en", "mind the gap") for i in range(1, 10)]
    order = iter([5, 1, 9, 2, 8, 3, 7, 4, 6])
    evaluate([Speaking("student")], sentences, [Answering("recognition", lambda clip, lang: "x " * next(order))], tmp_path)
    page = render(tmp_path, title="x", examples=3)

    assert re.findall(r'<p class="said"><small>(en-\d\d)</small>', page) == ["en-02", "en-01", "en-03"]


def test_what_was_not_scored_is_said(tmp_path):
    evaluate([Speaking("teacher")], SENTENCES[:1], [], tmp_path)

    assert "Not scored: recognition, mos, speaker." in Page(render(tmp_path, title="x", examples=1)).text


def test_losses_are_drawn(evaluation, tmp_path):
    log = "".join(json.dumps({"step": i, "mel": 2 / (i + 1), "f0": 0.1}) + "\n" for i in range(100))
    (tmp_path / "log.jsonl").write_text(log)
    page = render(evaluation, title="x", losses=read_log(tmp_path))

    assert 'alt="losses"' in page
    assert len(decoded(Page(page).sources, "image/png")) == 7


def test_the_log_of_a_resumed_run_counts_each_step_once(tmp_path):
    lines = [{"step": 0, "mel": 3}, {"step": 20, "mel": 2}, {"step": 20, "mel": 2.5, "f0": 1}, {"step": 40, "mel": 1}]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)) + '\n{"step": 60, "me')

    assert read_log(tmp_path) == {"mel": ([0, 20, 40], [3.0, 2.5, 1.0]), "f0": ([20], [1.0])}


def test_a_log_damaged_in_the_middle_is_named(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"step": 0}\nnonsense\n{"step": 1}\n')

    with pytest.raises(EvaluationError, match=r"log.jsonl line 2"):
        read_log(tmp_path)
    with pytest.raises(EvaluationError, match=r"no training log"):
        read_log(tmp_path / "absent")
    (tmp_path / "log.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(EvaluationError, match=r"log.jsonl is no training log"):
        read_log(tmp_path)


def test_a_missing_sound_is_named(evaluation):
    (evaluation / "student" / "zh-01.wav").unlink()

    with pytest.raises(EvaluationError, match=r"zh-01.wav"):
        render(evaluation, title="x")


def test_missing_matplotlib_is_named(evaluation, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MissingExtra, match=r"matplotlib"):
        render(evaluation, title="x")


def test_the_command_writes_one_file(evaluation, tmp_path, capsys):
    out = tmp_path / "reports" / "voice.html"

    assert main(["report", "--evaluation", str(evaluation), "--out", str(out), "--examples", "1", "--title", "T"]) == 0
    assert Page(out.read_text("utf-8")).text.count("heard: ") == 4
    assert [path.name for path in out.parent.iterdir()] == ["voice.html"]
    assert str(out) in capsys.readouterr().out


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    assert main(["report", "--evaluation", str(tmp_path), "--out", str(tmp_path / "x.html")]) == 1
    assert "scores.json" in capsys.readouterr().err


def test_a_folder_in_the_place_of_the_file_is_told_and_nothing_is_left_beside_it(evaluation, tmp_path, capsys):
    (tmp_path / "runs").mkdir()
    assert main(["report", "--evaluation", str(evaluation), "--out", str(tmp_path / "runs"), "--examples", "1"]) == 1
    assert f"it is a folder; name a file: '{tmp_path / 'runs'}'" in capsys.readouterr().err
    assert not list((tmp_path / "runs").iterdir()) and not list(tmp_path.glob(".*"))
