from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
from datetime import datetime, timezone

import numpy as np
import pytest

from distill import __main__ as distill
from distill.enrol import cli, speaker_sha256
from distill.evaluate import MissingExtra
from edge_agent.errors import EdgeAgentError
from edge_agent.voices.consent import verify_consent
from tests.distill import enrol_sounds as sounds
from tests.distill.enrol_sounds import ByPitch, speech, write

ALL_FILES = {"enrol.json", "report.html", "speaker.npy", "consent.json", "consent.json.minisig"}


@pytest.fixture
def good(tmp_path):
    return write(tmp_path / "good.wav", speech(18).wave)


@pytest.fixture
def bad(tmp_path):
    return write(tmp_path / "bad.wav", sounds.noisy(speech(18), 10).wave)


@pytest.fixture
def consent(tmp_path):
    key = tmp_path / "k.key"
    subprocess.run(["minisign", "-G", "-W", "-p", tmp_path / "k.pub", "-s", key], check=True, capture_output=True)
    return (
        f"--consent-subject speaker-7 --purpose announcements --territory DE --until 2099-01-01 --withdrawal a@example.org --sign-key {key}"
    ).split()


def enrol(*arguments):
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    return cli.run(parser.parse_args([str(each) for each in arguments]), ByPitch())


def files(folder):
    return {path.name for path in folder.iterdir()}


def test_a_good_voice_is_enrolled(tmp_path, good, consent):
    out = tmp_path / "anna"
    enrolled = enrol(good, "--out", out, *consent)
    vector = np.load(out / "speaker.npy")
    believed = verify_consent(out / "consent.json", [(tmp_path / "k.pub").read_text()], datetime.now(timezone.utc))

    assert enrolled.status == 0
    assert files(out) == ALL_FILES
    assert (vector.shape, vector.dtype) == ((256,), np.float32)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert believed.speaker_sha256 == speaker_sha256(vector)
    assert believed.recordings == (json.loads((out / "enrol.json").read_text())["recordings"][0]["sha256"],)
    assert re.search(r"minisign -Vm \S+consent.json -P RW[A-Za-z0-9+/]{54}\n?$", enrolled.shown)


def test_an_unfit_voice_gets_a_report_but_no_consent(tmp_path, bad, consent):
    enrolled = enrol(bad, "--out", tmp_path / "anna", *consent)

    assert enrolled.status == cli.UNFIT
    assert files(tmp_path / "anna") == ALL_FILES - {"consent.json", "consent.json.minisig"}
    assert "Move closer to the microphone" in " ".join(enrolled.shown.split())


def test_an_unfit_voice_may_be_accepted(tmp_path, bad, consent):
    enrol(bad, "--out", tmp_path / "anna", "--accept-unfit", *consent)

    assert files(tmp_path / "anna") == ALL_FILES
    assert json.loads((tmp_path / "anna" / "enrol.json").read_text())["accepted_unfit"] is True


def test_nobody_consents_for_somebody_else(tmp_path, good, consent):
    other = write(tmp_path / "other.wav", speech(8, base_hz=260).wave)
    enrolled = enrol(good, other, "--out", tmp_path / "anna", "--accept-unfit", *consent)

    assert enrolled.status == cli.UNFIT
    assert "consent.json" not in files(tmp_path / "anna")
    assert "does not cover another's voice" in enrolled.shown


def test_the_result_file_says_everything(tmp_path, good):
    enrolled = enrol(good, "--out", tmp_path / "anna", "--json")
    result = json.loads(enrolled.shown)

    assert result == json.loads((tmp_path / "anna" / "enrol.json").read_text())
    assert result["format"] == "voice-enrolment/1"
    assert result["verdict"] == "warn"
    assert set(result["measures"]) == {"speech", "silence", "rate", "reverberation", "one_speaker"}
    assert set(result["recordings"][0]["measures"]) == {
        "sample_rate", "bandwidth", "coding", "level", "clipping", "snr", "hum", "dc", "dropouts",
    }  # fmt: skip
    assert set(result["measures"]["speech"]) == {"value", "unit", "verdict", "good", "usable", "note", "advice", "detail"}
    assert "tmp" not in enrolled.shown  # no folder of this machine


def test_the_page_is_whole_and_harmless(tmp_path):
    path = write(tmp_path / "<script>alert(1)<&>.wav".replace("/", ""), speech(18).wave)
    enrol(path, "--out", tmp_path / "anna")
    page = (tmp_path / "anna" / "report.html").read_text()

    assert "<script" not in page
    assert page.count("<svg") == 2
    assert "http" not in page


def test_transcript_of_the_recording(tmp_path, good):
    (tmp_path / "right.txt").write_text("今天下午三点开会。\n" * 18)
    (tmp_path / "other.txt").write_text("The train to the airport leaves in five minutes.\n" * 60)
    right = json.loads(enrol(good, "--out", tmp_path / "a", "--text", tmp_path / "right.txt", "--json").shown)
    other = json.loads(enrol(good, "--out", tmp_path / "b", "--text", tmp_path / "other.txt", "--json").shown)

    assert right["measures"]["transcript"]["note"].endswith(f"of {18 * 8}")
    assert right["measures"]["transcript"]["verdict"] == "ok"
    assert other["measures"]["transcript"]["verdict"] == "fail"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\xff", "。！\n".encode()])
def test_a_transcript_that_is_none(tmp_path, good, content):
    (tmp_path / "text.txt").write_bytes(content)

    with pytest.raises(EdgeAgentError, match=r"text\.txt"):
        enrol(good, "--out", tmp_path / "anna", "--text", tmp_path / "text.txt")


@pytest.mark.parametrize("left_out", ["--purpose", "--territory", "--until", "--withdrawal", "--sign-key"])
def test_half_a_consent_is_refused_before_the_work(tmp_path, consent, left_out):
    place = consent.index(left_out)

    with pytest.raises(EdgeAgentError, match=f"needs {left_out}"):
        enrol(tmp_path / "never-opened.wav", "--out", tmp_path / "anna", *consent[:place], *consent[place + 2 :])


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--until", "2001-01-01", "valid_until"),
        ("--purpose", "All of them!", "purposes"),
        ("--territory", "Germany", "territory"),
        ("--without", "speaker", "vector"),
        ("--consent-document", "/none.pdf", "none.pdf"),
        ("--sign-key", "/none.key", "none.key"),
    ],
)
def test_a_wrong_consent_is_refused_before_the_work(tmp_path, consent, option, value, says):
    with pytest.raises(EdgeAgentError, match=says):
        enrol(tmp_path / "never-opened.wav", "--out", tmp_path / "anna", *consent, option, value)


def test_nothing_is_replaced_unasked(tmp_path, good, bad, consent):
    out = tmp_path / "anna"
    enrol(good, "--out", out, *consent)
    before = (out / "enrol.json").read_bytes()

    with pytest.raises(EdgeAgentError, match="--replace"):
        enrol(bad, "--out", out)
    assert (out / "enrol.json").read_bytes() == before
    enrol(bad, "--out", out, "--replace")
    assert "consent.json" not in files(out)  # the one before was not for these recordings
    assert files(tmp_path) == {"anna", "bad.wav", "good.wav", "k.key", "k.pub"}


def test_a_folder_of_something_else_is_never_replaced(tmp_path, good):
    (tmp_path / "photos").mkdir()

    with pytest.raises(EdgeAgentError, match="holds no enrolment"):
        enrol(good, "--out", tmp_path / "photos", "--replace")


def test_a_failure_leaves_nothing(tmp_path, good):
    (tmp_path / "broken.wav").write_bytes(b"RIFF")

    with pytest.raises(EdgeAgentError):
        enrol(good, tmp_path / "broken.wav", "--out", tmp_path / "anna")
    assert files(tmp_path) == {"good.wav", "broken.wav"}


def test_without_the_extra_it_says_what_to_install(tmp_path, good, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "resemblyzer" else find(name))
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)

    with pytest.raises(MissingExtra, match=r"resemblyzer.*edge-voice-agent\[score\].*--without speaker"):
        cli.run(parser.parse_args([str(good), "--out", str(tmp_path / "anna")]))


def test_exit_statuses(tmp_path, good, bad, capsys):
    assert distill.main(["enrol", str(good), "--out", str(tmp_path / "a"), "--without", "speaker"]) == 0
    assert "warn: can be used" in capsys.readouterr().out
    assert distill.main(["enrol", str(bad), "--out", str(tmp_path / "b"), "--without", "speaker"]) == 3
    assert distill.main(["enrol", str(tmp_path / "none.wav"), "--out", str(tmp_path / "c"), "--without", "speaker"]) == 1
    assert "none.wav cannot be opened" in capsys.readouterr().err


def test_the_commands_of_distill(capsys):
    for command in ("evaluate", "report", "enrol"):
        with pytest.raises(SystemExit) as caught:
            distill.main([command, "--help"])
        assert caught.value.code == 0
        assert f"python -m distill {command}" in capsys.readouterr().out
