"""The command, end to end: two checkpoints and a clip in, a voice that speaks or an exit status and the reason."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from distill.enrol.consent import write_consent
from edge_agent.synthesis import Runtime, load_engine
from edge_agent.voices.consent import Consent
from edge_agent.voices.keys import SecretKey
from quantize.cli import main
from tests.rigs.gptsovits import write_s1, write_s2

TEXT = "欢迎光临，请进。"


@pytest.fixture(scope="module")
def files(tmp_path_factory, clip, listeners):
    """What the command is given, by option."""
    place = tmp_path_factory.mktemp("files")
    return {
        "--s1": write_s1(place / "s1.ckpt"), "--s2": write_s2(place / "anna.pth", "v2Pro"), "--reference": clip, "--reference-text": TEXT,
        "--hubert": listeners.hubert, "--bert": listeners.bert, "--sv": listeners.speaker_net,
    }  # fmt: skip


def said(files, *more, **changes) -> list[str]:
    given = {**files, **{f"--{name.replace('_', '-')}": value for name, value in changes.items()}}
    return ["gptsovits", *(str(each) for name, value in given.items() if value is not None for each in (name, value)), *map(str, more)]


def test_a_whole_voice(files, tmp_path, capsys):
    out = tmp_path / "anna"
    assert main(said(files, out=out, name="Anna", licence="hers", seed=5, temperature=0.8)) == 0
    printed = capsys.readouterr().out
    for row in ("prefill", "decoder", "bert", "on disk", "peak resident"):
        assert row in printed
    assert "a v2Pro voice of" in printed
    card = json.loads((out / "voice.json").read_text("utf-8"))
    assert (card["voice_id"], card["display_name"], card["languages"], card["version"]) == ("anna", "Anna", ["zh", "en"], "v2Pro")
    assert (card["seed"], card["sampling"]["temperature"], card["made"]["precision"]) == (5, 0.8, "int8")
    assert card["made"]["checkpoints"] == [hashlib.sha256(files[each].read_bytes()).hexdigest() for each in ("--s1", "--s2")]
    assert card["made"]["cloned_from"] == [hashlib.sha256(files["--reference"].read_bytes()).hexdigest()]
    assert str(tmp_path) not in json.dumps(card)
    engine = load_engine(out, Runtime("cpu", 1))
    try:
        engine.check()
    finally:
        engine.close()
    with np.load(out / "prompt.npz") as prompt:
        assert len(prompt["tokens"]) in (89, 90)  # 3 s, and 0.6 s of silence


class TestRefused:
    def refused(self, files, tmp_path, capsys, *more, **changes) -> str:
        before = sorted(tmp_path.rglob("*"))
        assert main(said(files, *more, **{"out": tmp_path / "voice", **changes})) == 1
        assert sorted(tmp_path.rglob("*")) == before
        return capsys.readouterr().err

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"s1": "/nowhere/a.ckpt"}, "a.ckpt: cannot be read: No such file"),
            ({"reference": "/nowhere/a.wav"}, "cannot be read: No such file"),
            ({"reference_text": ""}, "the reference text is empty"),
            ({"reference_text": "Привет"}, "Cyrillic"),
            ({"bert": None}, "give --bert DIR"),
            ({"sv": None}, "give --sv"),
            ({"hubert": "/nowhere"}, "holds no config.json"),
            ({"bert": "/nowhere"}, "/nowhere/vocab.txt cannot be read"),
            ({"top_p": 0}, "top_p = 0"),
            ({"voice_id": "a/b"}, "voice id 'a/b'"),
        ],
    )
    def test_with_a_message_and_nothing_written(self, files, tmp_path, capsys, changes, message):
        error = self.refused(files, tmp_path, capsys, **changes)
        assert message in error

    def test_checkpoints_that_are_no_such_thing(self, files, tmp_path, capsys):
        (tmp_path / "bad.pth").write_bytes(files["--s2"].read_bytes()[:50_000])
        assert "bad.pth: truncated or damaged" in self.refused(files, tmp_path, capsys, s2=tmp_path / "bad.pth")
        assert "the first stage is the .ckpt" in self.refused(files, tmp_path, capsys, s1=files["--s2"])


class TestConsent:
    @pytest.fixture
    def signed(self, tmp_path_factory):
        """A function that signs a consent over some recordings; gives the record's path and the public key's."""
        place, signer = tmp_path_factory.mktemp("consent"), SecretKey.generate()
        (place / "owner.pub").write_text(signer.public_key.text)

        def sign(*recordings):
            now = datetime.now(timezone.utc).replace(microsecond=0)
            consent = Consent(
                "person", "speaker-7", ("announcements",), ("worldwide",), now - timedelta(days=1), now + timedelta(days=9),
                "a@example.org", recordings, now,
            )  # fmt: skip
            write_consent(consent, signer, place)
            return place / "consent.json", place / "owner.pub"

        return sign

    def test_of_another_recording_or_by_somebody_unknown(self, files, tmp_path, capsys, signed):
        record, key = signed("0" * 64)
        refuse = TestRefused().refused
        assert "says nothing of r.wav" in refuse(files, tmp_path, capsys, consent=record, trust=key)
        assert "not trusted here" in refuse(files, tmp_path, capsys, consent=record)
        assert "--trust takes minisign public keys" in refuse(files, tmp_path, capsys, consent=record, trust=files["--reference"])

    def test_of_this_recording(self, files, tmp_path, capsys, signed, clip):
        record, key = signed(hashlib.sha256(clip.read_bytes()).hexdigest())
        error = TestRefused().refused(files, tmp_path, capsys, consent=record, trust=key, reference_text="")
        assert "the reference text is empty" in error  # so the consent was good


def test_options(capsys):
    """Changing the command is a decision."""
    with pytest.raises(SystemExit):
        main(["gptsovits", "--help"])
    shown = capsys.readouterr().out
    for option in (
        "--s1", "--s2", "--reference", "--reference-text", "--hubert", "--bert", "--sv", "--out", "--replace", "--voice-id", "--name",
        "--languages", "--licence", "--consent", "--trust", "--precision", "--top-k", "--top-p", "--temperature", "--repetition-penalty",
        "--seed",
    ):  # fmt: skip
        assert option in shown
    with pytest.raises(SystemExit):
        main(["verify-vectors", "--help"])
    assert "--json" in capsys.readouterr().out
