from __future__ import annotations

from dataclasses import dataclass

import pytest

from edge_agent.speech.pair import Pair


@dataclass(eq=False)
class Loaded:
    voice_id: str
    closed: bool = False

    @property
    def pack_digest(self) -> str:
        return f"digest of {self.voice_id}"

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def anna() -> Loaded:
    return Loaded("anna")


@pytest.fixture
def ben() -> Loaded:
    return Loaded("ben")


@pytest.fixture
def pair(anna: Loaded, ben: Loaded) -> Pair:
    """anna speaks, ben follows."""
    pair = Pair()
    pair.put_beside(anna)
    pair.put_beside(ben)
    return pair


def test_the_first_speaks_and_the_second_follows_until_it_is_taken(pair: Pair, anna: Loaded, ben: Loaded) -> None:
    assert pair.speaks is anna
    assert pair.find(ben.pack_digest) is ben
    assert pair.speaks is anna, "finding changes nothing"
    assert pair.take(ben.pack_digest) is ben
    assert pair.speaks is ben
    assert pair.find(anna.pack_digest) is None
    assert not anna.closed, "somebody may be speaking with it"


def test_one_is_replaced_where_it_is(pair: Pair, anna: Loaded, ben: Loaded) -> None:
    better = Loaded("ben")
    pair.replace(ben, better)
    assert pair.speaks is anna
    assert pair.find(ben.pack_digest) is better
    pair.replace(ben, Loaded("ben"))
    assert pair.find(ben.pack_digest) is better, "what has no place any more gives none"


def test_a_dropped_voice_is_forgotten_and_the_other_is_not(pair: Pair, anna: Loaded, ben: Loaded) -> None:
    pair.drop("anna")
    assert pair.speaks is None
    assert pair.find(ben.pack_digest) is ben


def test_one_put_alone_has_none_to_follow_it(pair: Pair, ben: Loaded) -> None:
    pair.put_alone(other := Loaded("other"))
    assert pair.speaks is other
    assert pair.take(ben.pack_digest) is None


def test_closing_closes_both(pair: Pair, anna: Loaded, ben: Loaded) -> None:
    pair.close()
    assert anna.closed
    assert ben.closed
    assert pair.speaks is None
