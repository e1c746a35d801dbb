"""Words with two readings, each in the sentences that tell them apart."""

from __future__ import annotations

import pytest

from edge_agent.text.english import phonemes


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("Close the door.", "klˈOz"),
        ("The doors close at ten.", "klˈOz"),
        ("The shop will close early.", "klˈOz"),
        ("the close of business", "klˈOz"),
        ("close to the station", "klˈOs"),
        ("a close call", "klˈOs"),
        ("Record your name.", "ɹəkˈɔɹd"),
        ("We record all calls.", "ɹəkˈɔɹd"),
        ("a new record", "ɹˈɛkəɹd"),
        ("live music", "lˈIv"),
        ("The show is live on channel two.", "lˈIv"),
        ("we live here", "lˈɪv"),
        ("Many families live in town.", "lˈɪv"),
        ("he lives here", "lˈɪvz"),
        ("nine lives", "lˈIvz"),
        ("Present your ticket.", "pɹizˈɛnt"),
        ("at present", "pɹˈɛzᵊnt"),
        ("a present for you", "pɹˈɛzᵊnt"),
        ("we object to it", "əbʤˈɛkt"),
        ("the object is lost", "ˈɑbʤəkt"),
        ("the content of the box", "kˈɑntɛnt"),
        ("I am content.", "kəntˈɛnt"),
        ("Contents may be hot.", "kˈɑntɛnts"),
        ("lead the way", "lˈid"),
        ("lead paint", "lˈɛd"),
        ("please read the sign", "ɹˈid"),
        ("she read it", "ɹˈɛd"),
        ("I have read it", "ɹˈɛd"),
        ("please use it", "jˈuz"),
        ("for staff use only", "jˈus"),
        ("not in use", "jˈus"),
        ("the use of phones", "jˈus"),
        ("Use of phones is forbidden.", "jˈus"),
        ("Use the stairs.", "jˈuz"),
        ("easy to use.", "jˈuz"),
        ("please wind the clock", "wˈInd"),
        ("the wind is strong", "wˈɪnd"),
        ("do not tear the ticket", "tˈɛɹ"),
        ("a tear in the ticket", "tˈɪɹ"),
        ("we estimate that", "ˈɛstəmˌAt"),
        ("an estimate", "ˈɛstəmət"),
        ("please separate the waste", "sˈɛpəɹˌAt"),
        ("separate lines", "sˈɛpəɹət"),
        ("one minute", "mˈɪnət"),
        ("a minute amount", "mInˈut"),
        ("an invalid ticket", "ɪnvˈælɪd"),
        ("we refund the ticket", "ɹəfˈʌnd"),
        ("a refund", "ɹˈifˌʌnd"),
        ("permit holders", "pˈɜɹmɪt"),
        ("we permit dogs", "pəɹmˈɪt"),
        ("a bass guitar", "bˈAs"),
        ("fresh sea bass", "bˈæs"),
        ("wound up", "wˈWnd"),
        ("a wound", "wˈund"),
        ("that is all", "ðˈæt"),
        ("like that.", "ðˈæt"),
        ("say that we go", "ðæt"),
    ],
)
def test_reading(text: str, sounds: str) -> None:
    assert sounds in [word.strip(".") for word in phonemes(text).split()]
