"""Text to phonemes, as the voice was trained to read them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.text.english import phonemes
from edge_agent.text.symbols import SYMBOLS

ANNOUNCEMENTS = [
    ("The check-in counter is closed.", "ðə ʧˈɛkˌɪn kˈWntəɹ ɪz klˈOzd."),
    ("Please keep your ID ready.", "plˈiz kˈip jʊɹ ˌIdˈi ɹˈɛdi."),
    ("NASA and USB and VIP members", "nˈæsə ænd jˌuˌɛsbˈi ænd vˌiˌIpˈi mˈɛmbəɹz"),
    (
        "Please use the self-service machine, and mind the gap!",
        "plˈiz jˈuz ðə sˌɛlfsˈɜɹvəs məʃˈin, ænd mˈInd ðə ɡˈæp!",
    ),
    ('Welcome to the "Grand Hotel" (first floor).', "wˈɛlkəm tə ðə “ɡɹˈænd hOtˈɛl” (fˈɜɹst flˈɔɹ)."),
    ("A train leaves from Platform A at ten AM.", "ɐ tɹˈAn lˈivz fɹʌm plˈætfˌɔɹm ˈA æt tˈɛn ˌAˈɛm."),
    ("Mr. Smith, Dr. Jones and St. Mary", "mˈɪstəɹ smˈɪθ, dˈɑktəɹ ʤˈOnz ænd sˈAnt mˈɛɹi"),
    ("No. Go to No. five.", "nˈO. ɡˌO tə nˈʌmbəɹ fˈIv."),
]


@pytest.mark.parametrize(("text", "sounds"), ANNOUNCEMENTS)
def test_sentences(text: str, sounds: str) -> None:
    assert phonemes(text) == sounds


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("the bus", "ðə bˈʌs"),
        ("the elevator", "ði ˈɛləvˌATəɹ"),
        ("a bus", "ɐ bˈʌs"),
        ("an exit", "ɐn ˈɛɡzət"),
        ("A bus leaves", "ɐ bˈʌs lˈivz"),
        ("gate A", "ɡˈAt ˈA"),
        ("gate a", "ɡˈAt ˈA"),
        ("ticket A forty-seven", "tˈɪkət ˈA fˌɔɹTisˈɛvən"),
        ("A forty-minute delay", "ɐ fˌɔɹTimˈɪnət dəlˈA"),
        ("A two hour delay", "ɐ tˈu ˈWəɹ dəlˈA"),
        ("A five please", "ˈA fˈIv plˈiz"),
        ("A Nike shoe", "ɐ nˈIki ʃˈu"),
        ("A B C", "ˈA bˈi sˈi"),
        ("to go", "tə ɡˌO"),
        ("to open", "tʊ ˈOpᵊn"),
        ("where to?", "wˌɛɹ tu?"),
        ("in town", "ɪn tˈWn"),
        ("come in.", "kˈʌm ˈɪn."),
        ("check in at noon", "ʧˈɛk ˈɪn æt nˈun"),
        ("drive by.", "dɹˈIv bˈI."),
        ("by bus", "bI bˈʌs"),
        ("I am here", "ˌI ɐm hˈɪɹ"),
        ("yes, I am.", "jˈɛs, ˌI æm."),
        ("ten AM", "tˈɛn ˌAˈɛm"),
        ("we can go", "wi kæn ɡˌO"),
        ("yes, we can.", "jˈɛs, wi kˈæn."),
        ("we used to go", "wi jˈust tə ɡˌO"),
        ("it is used to open doors", "ɪt ɪz jˈuzd tʊ ˈOpᵊn dˈɔɹz"),
    ],
)
def test_small_words_follow_their_neighbours(text: str, sounds: str) -> None:
    assert phonemes(text) == sounds


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("ticket's bus's gate's", "tˈɪkəts bˈʌsᵻz ɡˈAts"),
        ("the passengers' lounge", "ðə pˈæsᵊnʤəɹz lˈWnʤ"),
        ("USBs", "jˌuˌɛsbˈiz"),
        ("the ATM's screen", "ði ˌAtˌiˈɛmz skɹˈin"),
        ("McDonald's", "məkdˈɑnəldz"),
        ("Haidilao's", "hˌIdilˈWz"),
        ("who'll that'd they've", "hˌul ðætəd ðAv"),
        ("o'clock don't isn't", "əklˈɑk dˈOnt ˈɪzᵊnt"),
    ],
)
def test_possessives_and_contractions(text: str, sounds: str) -> None:
    assert phonemes(text) == sounds


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("ATM", "ˌAtˌiˈɛm"),
        ("QR code", "kjˌuˈɑɹ kˈOd"),
        ("KTV", "kˌAtˌivˈi"),
        ("NFC", "ˌɛnˌɛfsˈi"),
        ("an LED light", "ɐn ˌɛlˌidˈi lˈIt"),
        ("the CEO", "ðə sˌiˌiˈO"),
        ("GPS, MRI, PPT", "ʤˌipˌiˈɛs, ˌɛmˌɑɹˈI, pˌipˌitˈi"),
        ("XQJ", "ˌɛkskjˌuʤˈA"),
        ("the IT department", "ði ˌItˈi dəpˈɑɹtmənt"),
        ("IS IT OPEN?", "ɪz ɪt ˈOpᵊn?"),
        ("EXIT ONLY", "ˈɛɡzət ˈOnli"),
        ("Do NOT enter", "dˈu nˈɑt ˈɛntəɹ"),
        ("LASER", "lˈAzəɹ"),
        ("atm", "ˌAtˌiˈɛm"),
        ("U.S. and p.m.", "jˌuˈɛs ænd pˌiˈɛm."),
        ("b2b", "bˈi tˈu bˈi"),
        ("brr", "bˌiˌɑɹˈɑɹ"),
        ("the U.S and D.C", "ðə jˌuˈɛs ænd dˌisˈi"),
        ("to D.C. Please go", "tə dˌisˈi. plˈiz ɡˌO"),
        ("J.R.R Smith", "ʤˌAˌɑɹˈɑɹ smˈɪθ"),
        ("the EHS and MMS", "ði ˌiˌAʧˈɛs ænd ˌɛmˌɛmˈɛs"),
        ("THE SIGNS", "ðə sˈInz"),
        ("P S I", "pˈi ˈɛs ˈI"),
        ("FLIGHT U A TEN", "flˈIt jˈu ˈA tˈɛn"),
        ("SOP", "ˌɛsˌOpˈi"),
        ("ABS", "ˌAbˌiˈɛs"),
        ("MES, WMS", "ˌɛmˌiˈɛs, dˌʌbᵊljuˌɛmˈɛs"),
        ("IT", "ˌItˈi"),
        ("A", "ˈA"),
        ("the SOP and PSI", "ði ˌɛsˌOpˈi ænd pˌiˌɛsˈI"),
        ("LOTO, SCADA and HEPA", "lˈOTO, skˈAdə ænd hˈɛpə"),
        ("AAA batteries", "tɹˌɪpᵊlˈA bˈæTəɹiz"),
        ("a QLED screen", "ɐ kjˈulˌɛd skɹˈin"),
    ],
)
def test_acronyms(text: str, sounds: str) -> None:
    assert phonemes(text) == sounds


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("iPhone", "ˈIfˌOn"),
        ("WeChat", "wˈiʧˌæt"),
        ("Wi-Fi", "wˈIfˌI"),
        ("eSIM", "ˈisˌɪm"),
        ("YouTube", "jˈutˌub"),
        ("Alipay", "ˈælipˌA"),
        ("Huawei", "hwˈɑwˌA"),
        ("Shenzhen", "ʃˌənʤˈʌn"),
        ("Beijing", "bˌAʤˈɪŋ"),
        ("Xi'an", "ʃˌiˈɑn"),
        ("Zhongguancun", "ʤˌʊŋɡwɑntsˈʊn"),
        ("Yizhuang", "jˌiʤwˈɑŋ"),
        ("SmartHome", "smˈɑɹthˌOm"),
        ("McGregor", "məɡɹˈɛɡəɹ"),
        ("McKinsey", "məkˈɪnzi"),
        ("MacTavish", "mæktˈAvɪʃ"),
        ("Siobhan", "ʃəvˈɔn"),
        ("Aoife and Niamh", "ˈifə ænd nˈiv"),
        ("Loughborough", "lˈʌfbəɹə"),
        ("La Cienega", "lˌɑ siˈɛnəɡə"),
        ("Le Creuset", "lˌə kɹuzˈA"),
        ("L'Oréal and Lancôme", "lˌɔɹiˈæl ænd lˌɑnkˈOm"),
        ("Mercedes and McLaren", "məɹsˈAdiz ænd məklˈɛɹən"),
        ("Champs-Élysées", "ʃˌɑnzˌAlizˈA"),
        ("Rio de Janeiro", "ɹˈiO də ʒənˈɛɹˌO"),
    ],
)
def test_names(text: str, sounds: str) -> None:
    assert phonemes(text) == sounds


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("state-of-the-art", "stˈAtʌvðiˈɑɹt"),
        ("T-shirt", "tˈiʃˌɜɹt"),
        ("real-time", "ɹˌiᵊltˈIm"),
        ("smartcard", "smˈɑɹtkˌɑɹd"),
        ("50%", "fˈIv zˈɪɹO pəɹsˈɛnt"),
        ("food & drinks", "fˈud ænd dɹˈɪŋks"),
        ("so - quick", "sˌO— kwˈɪk"),
        ("wait...", "wˈAt…"),
        ("“Hello”, 'hello'", "“həlˈO”, həlˈO"),
        ("café Müller", "kæfˈA mˈʌləɹ"),
        ("rosé and a rose", "ɹOzˈA ænd ɐ ɹˈOz"),
        ("two rosés", "tˈu ɹOzˈAz"),
        ("Rose\u0301", "ɹOzˈA"),
        ("resume your résumé", "ɹəzˈum jʊɹ ɹˈɛzəmˌA"),
        ("crème brûlée", "kɹˈɛm bɹulˈA"),
        ("π", "pˈI"),
        ("  two\n words ", "tˈu wˈɜɹdz"),
    ],
)
def test_compounds_punctuation_and_foreign_letters(text: str, sounds: str) -> None:
    assert phonemes(text) == sounds


def test_unknown_words_are_guessed_with_one_main_stress() -> None:
    for word in ("glorpish", "Flormbat", "unsubscribable", "quenzado"):
        assert phonemes(word).count("ˈ") == 1


def test_a_word_sounds_the_same_in_every_sentence() -> None:
    assert phonemes("boarding").strip() in phonemes("Now boarding, group one.")
    assert phonemes("Glorpish") in phonemes("Flight to Glorpish, boarding.")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_only_symbols_of_the_table(text: str) -> None:
    sounds = phonemes(text)
    assert set(sounds) <= SYMBOLS.keys()
    if any(letter.isalpha() for letter in text):
        assert any(symbol.isalpha() for symbol in sounds)


@settings(deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyzABCXYZ'-. ,", min_size=1, max_size=40))
def test_no_word_is_dropped(text: str) -> None:
    n_words = sum(any(letter.isalpha() for letter in word) for word in text.split())
    assert len(phonemes(text).split()) >= n_words


def test_nothing_to_say() -> None:
    assert [phonemes(text) for text in ("", " ", "'", "-", "\x00")] == [""] * 5


def test_a_very_long_word_is_read_in_pieces() -> None:
    assert len(phonemes("a" * 2000)) > 500
