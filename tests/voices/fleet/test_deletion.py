from __future__ import annotations

import json
from typing import Any

import pytest

from edge_agent.ingress import Route
from edge_agent.voices.fleet import DeletionOrder, Deletions, to_bytes
from edge_agent.voices.keys import PublicKey, SecretKey, Signature
from edge_agent.voices.store import Store
from tests.rigs.depot import Depot
from tests.rigs.mqtt_peer import eventually

BY = "mqtt:voice/store/kiosk-1/cmd"


def answer(store: Store, depot: Depot, *, key: SecretKey | None = None, **changes: Any) -> dict[str, Any]:
    fields = {"voice": "anna", "up_to": 7, "devices": ("kiosk-1",), "expires": "2027-01-01T00:00:00Z", **changes}
    order = to_bytes(DeletionOrder(**fields))
    said: list[dict[str, Any]] = []
    Deletions(store, lambda: depot.trust).follow(order, (key or depot.key).sign(order, "delete"), Route(BY, said.append))
    eventually(lambda: said, "the answer")
    return said[0]


def test_an_order_is_followed_and_answered_with_a_signed_receipt(store: Store, depot: Depot) -> None:
    store.install(depot.pack(7), by="test")
    said = answer(store, depot)
    assert (said["ok"], said["voice"], json.loads(said["receipt"])["requested_by"]) == (True, "anna", BY)
    device: PublicKey = depot.device_signer.public_key
    assert device.made(Signature.from_bytes(said["signature"].encode()), said["receipt"].encode())
    assert not store.voices()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"key": SecretKey.generate()}, "not trusted"), ({"devices": ("kiosk-2",)}, "is for kiosk-2, and this is kiosk-1"),
        ({"up_to": 6}, "the order is for those up to 6"), ({"expires": "2026-11-22T07:00:00Z"}, "to be followed before"),
        ({"voice": "berta"}, "there is no voice 'berta'"),
    ],
)  # fmt: skip
def test_an_order_that_may_not_be_followed_is_refused_and_recorded(store: Store, depot: Depot, changes: dict[str, Any], why: str) -> None:
    store.install(depot.pack(7), by="test")
    said = answer(store, depot, **changes)
    assert (said["ok"], said["device"], why in said["reason"]) == (False, "kiosk-1", True), said
    newest = store.book.records()[-1]
    assert (newest.event, newest.by) == ("refused", BY)
    assert why in newest.detail["problem"]
    assert [facts.id for facts in store.voices()] == ["anna"]


def test_who_asks_is_answered_whatever_happens(store: Store, depot: Depot, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    monkeypatch.setattr(store, "delete", lambda *_, **__: 1 / 0)
    assert answer(store, depot) == {"ok": False, "reason": "internal error; the daemon's log has more", "device": "kiosk-1"}
    assert "deletion failed" in caplog.text
