from __future__ import annotations

import errno
import json
import os
import re
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.voices import Catalog, UnknownVoice
from edge_agent.voices import store as store_package
from edge_agent.voices.catalog import BUILT_IN
from edge_agent.voices.keys import Signature, Signer, Trust, TrustFile
from edge_agent.voices.memory import VoiceMemory
from edge_agent.voices.pack import ALWAYS, PackError
from edge_agent.voices.pack.chime import read_chime
from edge_agent.voices.store import (
    REASONS,
    AlreadyInstalled,
    Downloads,
    EngineCache,
    Memory,
    Phrases,
    Settings,
    StoreError,
    StoreShelf,
    audit,
    disk,
)
from edge_agent.voices.store.canary import speaks
from tests.rigs.depot import NOW, Depot
from tests.voices.pack.maker import wav

SECRET = b"weights of anna "


def content_of(store, voice_id: str = "anna", seq: int | None = None) -> bytes:
    seq = seq or store.state().entry(voice_id).active
    with store.opened(voice_id, seq) as folder:
        return (folder / "weights.bin").read_bytes()


def events(store) -> list[str]:
    return [record.event for record in store.book.records()]


def refused(store, reason: str, source: Path) -> None:
    before = store.state().voices
    with pytest.raises((StoreError, PackError)) as error:
        store.install(source, by="test")
    assert error.value.reason == reason
    assert store.state().voices == before
    newest = store.book.records()[-1]
    assert (newest.event, newest.detail["reason"]) == ("refused", reason)


def bytes_below(*folders: Path) -> bytes:
    return b"".join(path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())


def test_an_installed_voice_is_chosen_opens_and_lies_sealed_on_the_disk(store, depot: Depot, tmp_path) -> None:
    facts = store.install(depot.pack(7), by="usb")
    assert (facts.id, facts.seq, facts.sealed, facts.version) == ("anna", 7, True, "1.7")
    assert store.state().chosen == "anna"
    assert content_of(store) == SECRET * 64
    assert SECRET not in bytes_below(store.layout.root)
    assert not list((tmp_path / "memory").iterdir())
    assert events(store) == ["installed"]
    assert store.book.damages() == []


def test_auditing_writes_nothing(store, depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.book.damages() == []
    assert not store.layout.root.exists()
    store.install(depot.pack(7), by="usb")
    store.layout.lock.unlink()

    def read_only(path: object, flags: int, *_arguments: object, **_options: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(os, "open", read_only)
    assert store.book.damages() == []
    assert events(store) == ["installed"]


def test_auditing_takes_no_change_beside_it_for_damage(store, depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    store.install(depot.pack(7), by="usb")
    check = audit.check

    def late(path: Path, last_line: str) -> list[audit.Damage]:
        if len(store.book.records()) < 3:
            store.choose("default" if store.state().chosen == "anna" else "anna", by="cli")
        return check(path, last_line)

    monkeypatch.setattr(audit, "check", late)
    assert store.book.damages() == []
    assert len(events(store)) == 3


def test_whoever_sees_a_change_sees_its_record_too(store, depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    real = audit.settle

    def settle(path: Path, line: str) -> None:
        if store.stamp() is not None:  # between the state and the log
            seen.append(events(store))
        real(path, line)

    monkeypatch.setattr(audit, "settle", settle)
    store.install(depot.pack(7), by="usb")
    assert seen == [["installed"]]
    store.layout.state.write_text("rubbish")
    assert events(store) == ["installed"], "the log can be read without the state"


def test_without_device_keys_a_pack_that_is_not_sealed_is_kept_as_it_is(make_store, depot: Depot) -> None:
    store = make_store(with_keys=False)
    store.install(depot.pack(7, sealed=False), by="cli")
    assert content_of(store) == SECRET * 64
    assert SECRET in bytes_below(store.layout.root)


def test_a_newer_version_takes_over_and_the_one_before_is_kept(store, depot: Depot) -> None:
    for seq in (7, 8, 9):
        store.install(depot.pack(seq, depot.voice(content=b"%d" % seq)), by="cli")
    entry = store.state().entry("anna")
    assert (entry.active, entry.previous, entry.counter) == (9, 8, 9)
    assert content_of(store) == b"9"
    assert sorted(path.name for path in store.layout.voice("anna").iterdir()) == ["8", "9"]
    store.roll_back("anna", by="cli")
    assert content_of(store) == b"8"
    store.activate("anna", 9, by="cli")
    assert content_of(store) == b"9"
    assert events(store) == ["installed"] * 3 + ["rolled_back", "activated"]


def test_the_same_pack_twice_is_nothing_to_do(store, depot: Depot) -> None:
    pack = depot.pack(7)
    store.install(pack, by="usb")
    before = store.stamp()
    with pytest.raises(AlreadyInstalled):
        store.install(pack, by="usb")
    assert events(store) == ["installed"]
    assert store.stamp() != before, "a daemon that could not load it tries again"


def test_older_and_replayed_packs_are_refused_even_after_rollback_and_deletion(store, depot: Depot) -> None:
    old, new = depot.pack(7), depot.pack(8)
    store.install(old, by="cli")
    store.install(new, by="cli")
    refused(store, "downgrade", old)
    store.roll_back("anna", by="cli")
    refused(store, "downgrade", old)
    refused(store, "downgrade", depot.pack(8, depot.voice(content=b"another with the number of an old one")))
    store.delete("anna", by="cli")
    refused(store, "replayed", new)
    refused(store, "replayed", old)
    store.install(depot.pack(9), by="cli")
    assert store.state().entry("anna").active == 9


def test_what_is_damaged_can_be_installed_again_from_the_same_pack(store, depot: Depot) -> None:
    pack = depot.pack(7)
    store.install(pack, by="cli")
    victim = store.layout.version("anna", 7) / "files" / "weights.bin.age"
    content = victim.read_bytes()
    victim.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(StoreError, match="install the voice again"), store.opened("anna", 7):
        pass
    store.install(pack, by="cli")
    assert content_of(store) == SECRET * 64


@pytest.mark.parametrize(
    ("reason", "days"), [("expired", {"expires": 1}), ("consent_expired", {"consent_until": 1}), ("not_yet_valid", {"valid_from": 20})]
)
def test_what_may_not_be_used_now_is_refused(store, depot: Depot, clock, reason: str, days: dict[str, int]) -> None:
    pack = depot.pack(7, **{name: NOW + timedelta(days=n) for name, n in days.items()})
    clock.time += 86400 * 9
    refused(store, reason, pack)


@pytest.mark.parametrize(("reason", "days"), [("consent_not_yet_valid", -4000), ("consent_expired", 9000)])
def test_a_refusal_for_the_time_says_what_time_it_is_here_and_names_nobody(store, depot: Depot, clock, reason: str, days: int) -> None:
    pack = depot.pack(7, valid_from=ALWAYS)
    clock.time += 86400 * days
    refused(store, reason, pack)
    said = store.book.records()[-1].detail["problem"]
    assert f"here it is {NOW + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" in said
    assert "A. B." not in said


def test_what_has_expired_opens_no_more_even_when_the_clock_is_set_back(store, depot: Depot, clock) -> None:
    store.install(depot.pack(7, expires=NOW + timedelta(days=1)), by="cli")
    clock.time += 86400 * 2
    for _ in range(2):
        store.record_end("anna", by="daemon")
    assert events(store) == ["installed", "expired"]
    clock.time -= 86400 * 3
    with pytest.raises(PackError) as error, store.opened("anna", 7):
        pass
    assert error.value.reason == "expired"


def test_what_has_expired_is_not_spoken_from_recordings_either_when_the_clock_is_set_back(store, depot: Depot, clock, tmp_path) -> None:
    store.install(depot.pack(7, consent_until=NOW + timedelta(days=3)), by="test")
    clock.time += 4 * 86400
    store.record_end("anna", by="daemon")
    clock.time -= 5 * 86400
    catalog = Catalog(tmp_path, shelf=StoreShelf(store.layout.root), clock=clock)
    with pytest.raises(UnknownVoice, match="has expired"):
        catalog.get("anna")


def test_only_who_signed_a_voice_makes_it_distrusted(store, depot: Depot, tmp_path) -> None:
    trusted = TrustFile(tmp_path / "keys")
    trusted.trust(Signer("depot", depot.key.public_key))
    store.gate = replace(store.gate, trust=trusted.read)
    store.install(depot.pack(7), by="test")
    for roles, lacking in ((("station", "consent"), "author"), (("author", "station"), "consent")):
        trusted.trust(Signer("depot", depot.key.public_key, roles))
        assert f"is not trusted as {lacking} here" in store.distrust("anna", 7)
    trusted.trust(Signer("depot", depot.key.public_key, ("author", "consent")))
    assert store.distrust("anna", 7) is None, "who brought it does not matter once it is here"
    kept = trusted.path.read_bytes()
    trusted.path.write_bytes(b"rubbish")
    assert store.distrust("anna", 7) is None, "that nobody can tell is no reason to fall silent"
    trusted.path.write_bytes(kept)
    for _ in range(2):
        store.record_end("anna", by="daemon", distrusted="signed by a thief")
    assert events(store) == ["installed", "revoked"]
    assert store.book.records()[-1].detail == {"problem": "signed by a thief"}
    next(store.layout.version("anna", 7).rglob("consent.json.age")).write_bytes(b"damaged")
    assert store.distrust("anna", 7) is None, "that is found when it is loaded"


def test_who_made_a_voice_is_told_without_the_key_it_is_sealed_to(store, make_store, depot: Depot) -> None:
    """It cannot be loaded any more, but its recordings can be played."""
    store.install(depot.pack(7), by="test")
    keyless = make_store(with_keys=False)
    assert keyless.distrust("anna", 7) is None
    keyless.gate = replace(keyless.gate, trust=lambda: Trust(depot.trust.signers, {depot.key.public_key: "stolen"}))
    assert "stolen" in keyless.distrust("anna", 7)


def test_a_pack_for_others_or_by_others_is_refused(store, depot: Depot, tmp_path) -> None:
    (tmp_path / "elsewhere").mkdir()
    stranger = Depot(tmp_path / "elsewhere")
    refused(store, "untrusted", stranger.pack(7))
    stranger.key = depot.key
    refused(store, "wrong_device", stranger.pack(7))
    refused(store, "reserved", depot.pack(7, depot.voice("default")))
    assert not store.voices()


def test_a_staged_release_binds_what_comes_by_itself_and_not_what_somebody_brings(store, depot: Depot) -> None:
    pack = depot.pack(7, rollout_percent=0)
    with pytest.raises(StoreError, match="is for 0 % of the devices") as refused:
        store.install(pack, by="fleet", device="c7e6-920a-0e70-59b9", detail={"pack": "ab"})
    assert refused.value.reason == "rollout"
    (record,) = store.book.records()
    assert (record.event, record.voice, record.seq, record.detail["pack"]) == ("refused", "anna", 7, "ab")
    store.install(depot.pack(8, rollout_percent=100), by="fleet", device="c7e6-920a-0e70-59b9")
    assert store.install(depot.pack(9, rollout_percent=0), by="usb").seq == 9


def test_a_voice_that_does_not_say_what_it_should_is_refused(make_store, depot: Depot) -> None:
    def mute(folder: Path) -> None:
        assert (folder / "weights.bin").read_bytes() == SECRET * 64
        raise StoreError("canary", "it says nothing")

    store = make_store(canary=mute)
    refused(store, "canary", depot.pack(7))
    assert not store.layout.leftovers() and not store.layout.folders()


def test_what_is_wrong_with_a_voice_is_not_told_at_the_length_of_its_card(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes((BUILT_IN / "manifest.json").read_bytes())
    card = json.loads((BUILT_IN / "voice.json").read_bytes())
    card["golden"]["levels_db"][0][0] = "x" * 100_000
    (tmp_path / "voice.json").write_text(json.dumps(card))
    with pytest.raises(StoreError, match="could not convert") as refused:
        speaks(tmp_path)
    assert refused.value.reason == "canary"
    assert len(str(refused.value)) < 1000


def test_the_quota_counts_what_is_kept(make_store, depot: Depot) -> None:
    store = make_store(quota_bytes=20_000)
    store.install(depot.pack(7, depot.voice(content=b"7" * 6000)), by="cli")
    store.install(depot.pack(8, depot.voice(content=b"8" * 6000)), by="cli")
    store.install(depot.pack(9, depot.voice(content=b"9" * 6000)), by="cli")
    refused(store, "quota", depot.pack(1, depot.voice("berta", content=b"b" * 6000)))
    refused(store, "quota", depot.pack(10, depot.voice(content=b"x" * 19_000)))


def test_voices_live_beside_each_other(store, depot: Depot) -> None:
    store.install(depot.pack(7), by="cli")
    store.install(depot.pack(3, depot.voice("berta", content=b"b")), by="cli", choose=False)
    assert [facts.id for facts in store.voices()] == ["anna", "berta"]
    assert store.state().chosen == "anna"
    store.activate("berta", by="cli")
    assert store.state().chosen == "berta"
    store.choose("default", by="cli")
    assert store.state().chosen == "default"
    store.delete("anna", by="cli")
    assert content_of(store, "berta") == b"b"


def test_one_version_in_the_place_of_another_is_damage(store, depot: Depot) -> None:
    for seq in (7, 8):
        store.install(depot.pack(seq, depot.voice(content=b"%d" % seq)), by="cli")
    store.layout.version("anna", 8).rename(store.layout.version("anna", 9))
    store.layout.version("anna", 7).rename(store.layout.version("anna", 8))
    with pytest.raises(StoreError, match="lies anna 7"), store.opened("anna", 8):
        pass


def test_a_version_that_failed_is_given_up_for_the_one_before(store, depot: Depot) -> None:
    for seq in (7, 8):
        store.install(depot.pack(seq), by="cli")
    assert store.roll_back("anna", by="daemon", failed="it crashes", seq=8).seq == 7
    assert (store.state().entry("anna").previous, store.state().entry("anna").counter) == (None, 8)
    assert store.book.records()[-1].detail == {"from": 8, "failed": "it crashes"}
    assert store.roll_back("anna", by="daemon", failed="it crashes", seq=8).seq == 7, "it was rolled back already"
    with pytest.raises(StoreError, match="no version before"):
        store.roll_back("anna", by="daemon", failed="it crashes", seq=7)


def test_what_is_not_there_is_said(store, depot: Depot) -> None:
    for action in (store.activate, store.roll_back, store.delete, store.choose):
        with pytest.raises(StoreError, match="there is no voice 'nobody'"):
            action("nobody", by="cli")
    store.install(depot.pack(7), by="cli")
    with pytest.raises(StoreError, match="version 5 of voice anna is not kept here; there are: 7"):
        store.activate("anna", 5, by="cli")


def test_deletion_leaves_nothing_but_a_signed_receipt(make_store, depot: Depot, tmp_path) -> None:
    phrases, engines, memory = tmp_path / "phrases", tmp_path / "engines", tmp_path / "voices.json"
    phrases.mkdir()
    (phrases / "anna.flac").write_bytes(SECRET)
    (engines / ("ab" * 16)).mkdir(parents=True)
    (engines / ("ab" * 16) / "engine").write_bytes(SECRET)
    for spared in ("cd" * 16, "cuda"):
        (engines / spared).mkdir()
    memory.write_text(json.dumps({"version": 1, "anna": {"name": "Anna"}, "default": {}, "": {"last": "anna"}}))

    def clear(voice_id: str) -> int:
        (phrases / f"{voice_id}.flac").unlink(missing_ok=True)
        return 1

    incoming = tmp_path / "incoming"
    incoming.mkdir()
    (incoming / f"{'ab' * 32}.part").write_bytes(SECRET)
    traces = (Phrases(clear), EngineCache(engines, lambda: {"cd" * 32}), Downloads(incoming), Memory(VoiceMemory(tmp_path)))
    store = make_store(traces=traces)
    for seq in (7, 8):
        store.install(depot.pack(seq), by="cli")
    (engines / ("ab" * 16)).mkdir(exist_ok=True)
    receipt = store.delete("anna", by="mqtt:voice/x/cmd")
    assert (receipt.voice, receipt.versions, receipt.keys_destroyed, receipt.signed) == ("anna", (7, 8), 2, True)
    assert receipt.erased == {"files": 16, "phrases": 1, "engine_cache": 1, "downloads": 1, "memory": 1}
    signature = Signature.from_bytes(receipt.path.with_name(f"{receipt.path.name}.minisig").read_bytes())
    assert depot.device_signer.public_key.made(signature, receipt.path.read_bytes())
    assert json.loads(receipt.path.read_bytes())["requested_by"] == "mqtt:voice/x/cmd"
    assert SECRET not in bytes_below(store.layout.root, phrases, engines, incoming)
    assert sorted(path.name for path in engines.iterdir()) == ["cd" * 16, "cuda"]
    assert json.loads(memory.read_text()) == {"version": 1, "default": {}}
    assert store.layout.folders() == []
    assert store.state().chosen is None
    assert events(store) == ["installed", "installed", "deleting", "deleted"]
    with pytest.raises(StoreError), store.opened("anna", 8):
        pass


def test_destroying_the_key_makes_a_copy_of_everything_else_useless(store, depot: Depot, tmp_path) -> None:
    store.install(depot.pack(7), by="cli")
    version = store.layout.version("anna", 7)
    held = (version / "key.age").open("rb")
    with held:
        size = len(held.read())
        kept = {path: path.read_bytes() for path in version.rglob("*") if path.is_file() and path.name != "key.age"}
        store.delete("anna", by="cli")
        held.seek(0)
        assert held.read() == bytes(size), "what an open file, or the disk below it, still had"
    for path, content in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with pytest.raises(StoreError, match="does not open"), store.opened("anna", 7):
        pass


def test_a_deletion_that_could_not_end_is_ended_at_the_next_start(make_store, depot: Depot) -> None:
    broken = [OSError("the disk of the phrases is away")]

    def clear(_voice_id: str) -> int:
        if broken:
            raise broken.pop()
        return 3

    store = make_store(traces=(Phrases(clear),))
    store.install(depot.pack(7), by="cli")
    with pytest.raises(StoreError, match="the disk of the phrases is away"):
        store.delete("anna", by="cli")
    assert not store.voices() and not store.layout.folders()
    store.sweep()
    newest = store.book.records()[-1]
    assert (newest.event, newest.by, newest.detail["phrases"], newest.detail["signed"]) == ("deleted", "cli", 3, True)
    store.sweep()
    assert events(store) == ["installed", "deleting", "deleted"]


def test_a_deletion_that_ends_at_the_second_go_has_one_receipt(store, depot: Depot, clock, monkeypatch: pytest.MonkeyPatch) -> None:
    store.install(depot.pack(7), by="cli")
    real, failed = store.book.commit, []

    def commit(state, event, **more):
        if event == "deleted" and not failed:
            failed.append(event)
            raise OSError(errno.EIO, "the disk is away")
        return real(state, event, **more)

    monkeypatch.setattr(store.book, "commit", commit)
    with pytest.raises(StoreError, match="the disk is away"):
        store.delete("anna", by="cli")
    clock.time += 3600
    store.sweep()
    (receipt,) = store.layout.receipts.glob("*.json")
    assert json.loads(receipt.read_bytes())["at"] == f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert store.book.records()[-1].detail["receipt"] == receipt.name


def test_an_order_up_to_a_version_does_not_touch_a_newer_one(store, depot: Depot) -> None:
    store.install(depot.pack(8), by="cli")
    with pytest.raises(StoreError, match="up to 7") as error:
        store.delete("anna", by="mqtt", up_to=7)
    assert error.value.reason == "order"
    store.delete("anna", by="mqtt", up_to=8)


@pytest.mark.parametrize(
    "state", ["", "[]", "{}", '{"version": 1}', '{"version": 1, "chosen": 3, "seen_at": 0, "last_line": "", "voices": {}}']
)
def test_a_damaged_state_refuses_every_change_and_loses_nothing(store, depot: Depot, state: str) -> None:
    store.install(depot.pack(7), by="cli")
    store.layout.state.write_text(state)
    for change in (store.sweep, lambda: store.install(depot.pack(8), by="cli"), lambda: store.delete("anna", by="cli")):
        with pytest.raises(StoreError) as error:
            change()
        assert error.value.reason == "state"
    assert store.layout.version("anna", 7).is_dir()


def test_two_changes_at_a_time_wait_for_each_other(store, make_store, depot: Depot) -> None:
    with store.book.writing(), pytest.raises(StoreError) as error, make_store().book.writing(wait=False):
        pass
    assert error.value.reason == "busy"


def test_a_start_does_not_wait_for_an_installation(store, make_store) -> None:
    starting = threading.Thread(target=make_store().sweep)
    with store.book.writing():
        starting.start()
        starting.join(20)
        assert not starting.is_alive()
    starting.join()


def test_settings_default_to_a_place_in_memory() -> None:
    assert Settings(canary=lambda _folder: None).memory.is_dir()


def test_on_a_full_disk_nothing_is_installed_and_a_voice_can_still_be_deleted(make_store, depot: Depot, monkeypatch) -> None:
    store = make_store()
    store.install(depot.pack(7), by="cli")
    store.sweep()
    pack, real = depot.pack(8), os.open
    monkeypatch.setattr(disk, "free_bytes", lambda _folder: 0)

    def full(path, flags, mode=0o777, *, dir_fd=None):
        if flags & os.O_EXCL and Path(path).name.startswith(".active.json") and store.layout.reserve.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(StoreError, match="make room on the disk"):
        store.install(pack, by="cli")
    store.delete("anna", by="cli")
    assert not store.layout.reserve.exists()
    assert events(store) == ["installed", "refused", "deleting", "deleted"]
    store.sweep()
    assert store.layout.reserve.exists()


def with_chime(depot: Depot, content: bytes = b"7") -> Path:
    voice = depot.voice(content=content)
    (voice / "gate.wav").write_bytes(wav())
    return voice


@pytest.mark.parametrize("with_keys", [True, False])
def test_what_a_pack_brings_besides_its_voice(make_store, depot: Depot, tmp_path, with_keys: bool) -> None:
    store = make_store(with_keys=with_keys)
    more = {"phrases": ["请取票"], "templates": ["请{ticket}号"], "chimes": {"gate": "gate.wav"}}
    store.install(depot.pack(7, with_chime(depot), sealed=with_keys, **more), by="test")
    for weights in store.layout.version("anna", 7).rglob("weights.bin*"):
        weights.write_bytes(b"damaged")  # is not looked at
    extras = store.extras("anna", 7)
    assert (extras.phrases, extras.templates) == (("请取票",), ("请{ticket}号",))
    assert extras.chimes == {"gate": read_chime("gate", wav())}
    assert not list((tmp_path / "memory").iterdir())


def test_extras_are_verified_as_the_voice_is(store, depot: Depot, clock) -> None:
    store.install(depot.pack(7, with_chime(depot), chimes={"gate": "gate.wav"}, consent_until=NOW + timedelta(days=1)), by="test")
    files = store.layout.version("anna", 7) / "files"
    for name in ("manifest.json", "gate.wav.age"):
        kept = (files / name).read_bytes()
        (files / name).write_bytes(kept.replace(b"gate", b"bell") if name == "manifest.json" else kept[:-1])
        with pytest.raises((StoreError, PackError)):
            store.extras("anna", 7)
        (files / name).write_bytes(kept)
    assert store.extras("anna", 7).chimes
    clock.time += 2 * 86400
    with pytest.raises(PackError, match="consent"):
        store.extras("anna", 7)
    with pytest.raises(StoreError):
        store.extras("anna", 8)


def test_every_reason_is_described() -> None:
    found = set()
    for path in (Path(store_package.__file__).parent).glob("*.py"):
        found |= set(re.findall(r'StoreError\(\s*"(\w+)"', path.read_text("utf-8")))
    assert found | {"installed"} == set(REASONS)
    guide = (Path(store_package.__file__).parents[1] / "STORE.md").read_text("utf-8")
    assert not [reason for reason in REASONS if f"`{reason}`" not in guide]
