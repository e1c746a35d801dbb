from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import minisign
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.enrol import speaker_sha256, write_consent
from edge_agent.voices import consent as module
from edge_agent.voices.consent import Consent, ConsentError, verify_consent, verify_consent_bytes
from edge_agent.voices.keys import SecretKey

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
CONSENT = Consent(
    kind="person",
    subject="speaker-7 (安娜)",
    purposes=("announcements", "fleet-tests"),
    territory=("DE", "AT"),
    valid_from=NOW - DAY,
    valid_until=NOW + DAY,
    withdrawal_contact="voice@example.org",
    recordings=("ab" * 32, "cd" * 32),
    created=NOW - DAY,
    speaker_sha256="ef" * 32,
)


@pytest.fixture
def keys(tmp_path):
    """A key pair made by the stock tool, without a password."""
    subprocess.run(["minisign", "-G", "-W", "-p", tmp_path / "k.pub", "-s", tmp_path / "k.key"], check=True, capture_output=True)
    return tmp_path / "k.key", (tmp_path / "k.pub").read_text()


@pytest.fixture
def signed(tmp_path, keys):
    write_consent(CONSENT, SecretKey.read(keys[0]), tmp_path)
    return tmp_path / "consent.json"


def reason(call, *arguments):
    with pytest.raises(ConsentError) as caught:
        call(*arguments)
    return caught.value.reason


def test_a_signed_consent_is_believed(signed, keys):
    public = keys[1].splitlines()[1]

    assert verify_consent(signed, [keys[1]], NOW) == verify_consent(signed, [public], NOW) == CONSENT
    assert SecretKey.read(keys[0]).public_key.text == public


def test_the_stock_tool_verifies_what_we_sign(signed, keys):
    public = keys[1].splitlines()[1]
    result = subprocess.run(["minisign", "-Vm", signed, "-P", public], capture_output=True, text=True, check=True)

    assert "voice consent, person, until 2026-06-02" in result.stdout


def test_we_verify_what_the_stock_tool_signs(signed, keys):
    signed.with_name("consent.json.minisig").unlink()
    subprocess.run(["minisign", "-Sm", signed, "-s", keys[0]], check=True, capture_output=True)

    assert verify_consent(signed, [keys[1]], NOW) == CONSENT


def test_a_legacy_signature_is_refused(signed, keys):
    subprocess.run(["minisign", "-Slm", signed, "-s", keys[0]], check=True, capture_output=True)

    assert reason(verify_consent, signed, [keys[1]], NOW) == "forged"


def test_any_changed_byte_is_found(signed, keys):
    record, signature = signed.read_bytes(), signed.with_name("consent.json.minisig").read_bytes()
    for place in range(len(record)):
        changed = record[:place] + bytes([record[place] ^ 1]) + record[place + 1 :]
        assert reason(verify_consent_bytes, changed, signature, [keys[1]], NOW) == "forged"
    ignored = signature.index(b"\n")  # the untrusted comment is not signed
    for place in range(ignored + 1, len(signature) - 1):
        changed = signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :]
        assert reason(verify_consent_bytes, record, changed, [keys[1]], NOW) in {"forged", "untrusted"}


@pytest.mark.parametrize("length", [0, 1, 50, -1, -40, -100])
def test_a_truncated_signature_is_found(signed, keys, length):
    path = signed.with_name("consent.json.minisig")
    path.write_bytes(path.read_bytes().rstrip(b"\n")[:length])

    assert reason(verify_consent, signed, [keys[1]], NOW) == "forged"


def test_only_trusted_keys_count(signed, keys):
    other = bytes(minisign.KeyPair.generate().public_key).decode()

    assert reason(verify_consent, signed, [], NOW) == "untrusted"
    assert reason(verify_consent, signed, [other], NOW) == "untrusted"
    assert verify_consent(signed, [other, keys[1]], NOW) == CONSENT


def test_a_key_that_borrows_a_trusted_id_is_found_out(tmp_path, signed, keys):
    import base64

    def with_id(encoded, key_id):
        raw = base64.b64decode(encoded)
        return base64.b64encode(raw[:2] + key_id + raw[10:]).decode()

    mine = base64.b64decode(keys[1].splitlines()[1])[2:10]
    other = minisign.KeyPair.generate()
    borrowed = with_id(other.public_key.to_base64(), mine)

    assert reason(verify_consent, signed, [borrowed], NOW) == "forged"
    assert verify_consent(signed, [borrowed, keys[1]], NOW) == CONSENT


@pytest.mark.parametrize(
    ("now", "expected"),
    [(CONSENT.valid_from - timedelta(seconds=1), "not_yet_valid"), (CONSENT.valid_until, "expired"), (NOW + 900 * DAY, "expired")],
)
def test_outside_its_time(signed, keys, now, expected):
    assert reason(verify_consent, signed, [keys[1]], now) == expected


def test_its_time_in_another_zone(signed, keys):
    zone = timezone(timedelta(hours=9))

    assert verify_consent(signed, [keys[1]], CONSENT.valid_from.astimezone(zone)) == CONSENT
    assert verify_consent(signed, [keys[1]], CONSENT.valid_until.astimezone(zone) - timedelta(seconds=1)) == CONSENT


def test_files_that_are_not_there(tmp_path, signed, keys):
    assert reason(verify_consent, tmp_path / "none.json", [keys[1]], NOW) == "missing"
    signed.with_name("consent.json.minisig").unlink()
    assert reason(verify_consent, signed, [keys[1]], NOW) == "unsigned"


def test_a_huge_record_is_not_read(tmp_path, keys):
    path = tmp_path / "consent.json"
    path.write_bytes(b"")
    with path.open("r+b") as file:
        file.truncate(1 << 33)

    assert reason(verify_consent, path, [keys[1]], NOW) == "malformed"


def test_mistakes_of_the_caller_are_no_verdict_on_the_consent(signed, keys):
    with pytest.raises(ValueError, match="time zone"):
        verify_consent(signed, [keys[1]], NOW.replace(tzinfo=None))
    with pytest.raises(ValueError):
        verify_consent(signed, ["nonsense"], NOW)


def values():
    return json.loads(CONSENT.to_bytes())


@pytest.mark.parametrize(
    "change",
    [
        {"format": "voice-consent/2"},
        {"extra": 1},
        {"kind": "firm"},
        {"subject": ""},
        {"subject": " anna"},
        {"subject": "an\nna"},
        {"subject": "x" * 301},
        {"subject": 7},
        {"subject": None},
        {"purposes": []},
        {"purposes": "announcements"},
        {"purposes": ["Everything!"]},
        {"purposes": ["a", "a"]},
        {"purposes": [["a"]]},
        {"purposes": [f"p{i}" for i in range(251)]},
        {"territory": ["Germany"]},
        {"territory": []},
        {"valid_from": None},
        {"valid_from": "2026-06-01"},
        {"valid_from": "2026-06-01T00:00:00+00:00"},
        {"valid_from": "2026-13-01T00:00:00Z"},
        {"valid_from": 1780000000},
        {"valid_until": None},
        {"valid_until": "2026-05-31T00:00:00Z"},
        {"valid_until": "0000-00-00T00:00:00Z"},
        {"withdrawal_contact": ""},
        {"recordings": []},
        {"recordings": ["AB" * 32]},
        {"recordings": ["ab"]},
        {"recordings": {"a": 1}},
        {"speaker_sha256": "no"},
        {"document_sha256": 5},
    ],
)
def test_a_malformed_record_is_refused_even_if_signed(change):
    record = json.dumps({**values(), **change}, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    assert reason(Consent.from_bytes, record) == "malformed"


@pytest.mark.parametrize("name", sorted(values()))
def test_every_field_is_needed(name):
    record = {key: value for key, value in values().items() if key != name}

    assert reason(Consent.from_bytes, json.dumps(record, sort_keys=True, separators=(",", ":")).encode()) == "malformed"


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"null",
        b"[]",
        b"[" * 200_000,
        b"\xff\xfe",
        b'{"format":1,"format":2}',
        CONSENT.to_bytes() + b"\n",
        b" " + CONSENT.to_bytes(),
        json.dumps(values(), sort_keys=True).encode(),
        json.dumps(values(), sort_keys=True, separators=(",", ":")).encode(),  # escapes what need not be
    ],
)
def test_there_is_one_way_to_write_a_record(record):
    assert reason(Consent.from_bytes, record) == "malformed"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(record):
    assert reason(Consent.from_bytes, record) == "malformed"


PLAIN = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=50)


@settings(deadline=None, max_examples=50)
@given(subject=PLAIN, contact=PLAIN, purposes=st.lists(st.from_regex(r"[a-z0-9][a-z0-9-]{0,63}", fullmatch=True), min_size=1, unique=True))
def test_what_is_written_is_read_again(subject, contact, purposes):
    consent = replace(CONSENT, subject=subject, withdrawal_contact=contact, purposes=tuple(purposes))

    assert Consent.from_bytes(consent.to_bytes()) == consent


def test_nobodys_voice_needs_no_recordings_and_no_end(tmp_path, keys):
    consent = replace(CONSENT, kind="synthetic", recordings=(), valid_until=None)
    write_consent(consent, SecretKey.read(keys[0]), tmp_path)

    assert verify_consent(tmp_path / "consent.json", [keys[1]], NOW + 9000 * DAY) == consent


def test_the_schema_and_the_code_agree():
    schema = json.loads(Path(module.__file__).with_name("consent.schema.json").read_text())
    record = values()

    assert set(schema["required"]) == set(schema["properties"]) == set(record) == {each.name for each in fields(Consent)} | {"format"}
    assert not schema["additionalProperties"]
    for name, rule in schema["properties"].items():
        pattern = rule.get("pattern") or rule.get("items", {}).get("pattern")
        items = record[name] if isinstance(record[name], list) else [record[name]]
        assert all(re.search(pattern, item) for item in items if pattern and item), name
        if "maxItems" in rule:
            assert rule["maxItems"] == (module.MAX_RECORDINGS if name == "recordings" else module.MAX_LIST)
        if "maxLength" in rule:
            assert rule["maxLength"] == module.MAX_TEXT


def test_the_device_needs_neither_torch_nor_numpy():
    code = "import sys, edge_agent.voices.consent; print(sorted({'torch', 'numpy', 'soundfile'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_vector_has_one_digest_whatever_its_byte_order():
    vector = np.linspace(-1, 1, 256, dtype=np.float32)

    assert speaker_sha256(vector) == speaker_sha256(vector.astype(">f4")) != speaker_sha256(vector + np.float32(1e-3))
