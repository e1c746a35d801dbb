"""A hundred words that announcements are made of, as misaki 0.9.4 reads them."""

from __future__ import annotations

import pytest

from edge_agent.text.english import phonemes

WORDS = """
attention ətˈɛnʧən|passengers pˈæsᵊnʤəɹz|boarding bˈɔɹdɪŋ|departure dəpˈɑɹʧəɹ|arrival əɹˈIvəl|platform plˈætfˌɔɹm
station stˈAʃən|airport ˈɛɹpˌɔɹt|terminal tˈɜɹmənəl|gate ɡˈAt|flight flˈIt|train tɹˈAn
delayed dəlˈAd|cancelled kˈænsəld|ticket tˈɪkət|passport pˈæspˌɔɹt|luggage lˈʌɡɪʤ|baggage bˈæɡɪʤ
elevator ˈɛləvˌATəɹ|escalator ˈɛskəlˌATəɹ|exit ˈɛɡzət|entrance ˈɛntɹəns|emergency əmˈɜɹʤənsi|evacuate əvˈækjəwˌAt
immediately ɪmˈidiətli|security səkjˈʊɹəTi|police pəlˈis|customer kˈʌstəməɹ|customers kˈʌstəməɹz|counter kˈWntəɹ
window wˈɪndO|queue kjˈu|please plˈiz|thank θˈæŋk|welcome wˈɛlkəm|sorry sˈɔɹi
apologize əpˈɑləʤˌIz|inconvenience ˌɪnkənvˈinjəns|patience pˈAʃəns|store stˈɔɹ|closing klˈOzɪŋ|opening ˈOpᵊnɪŋ
minutes mˈɪnəts|hour ˈWəɹ|hours ˈWəɹz|today tədˈA|tomorrow təmˈɑɹO|Monday mˈʌndˌA
Tuesday tˈuzdˌA|Wednesday wˈɛnzdˌA|Thursday θˈɜɹzdˌA|Friday fɹˈIdˌA|Saturday sˈæTəɹdˌA|Sunday sˈʌndˌA
January ʤˈænjəwˌɛɹi|February fˈɛbjəwˌɛɹi|doctor dˈɑktəɹ|nurse nˈɜɹs|hospital hˈɑspˌɪTᵊl|patient pˈAʃənt
pharmacy fˈɑɹməsi|appointment əpˈYntmənt|room ɹˈum|floor flˈɔɹ|left lˈɛft|right ɹˈIt
straight stɹˈAt|turn tˈɜɹn|kilometers kəlˈɑməTəɹz|meters mˈiTəɹz|highway hˈIwˌA|traffic tɹˈæfɪk
parking pˈɑɹkɪŋ|vehicle vˈiəkᵊl|driver dɹˈIvəɹ|bus bˈʌs|subway sˈʌbwˌA|line lˈIn
transfer tɹˈænsfəɹ|discount dˈɪskˌWnt|percent pəɹsˈɛnt|dollars dˈɑləɹz|yuan juˈɑn|receipt ɹəsˈit
payment pˈAmᵊnt|battery bˈæTəɹi|charging ʧˈɑɹʤɪŋ|temperature tˈɛmpɹəʧəɹ|weather wˈɛðəɹ|rain ɹˈAn
smoking smˈOkɪŋ|prohibited pɹəhˈɪbɪTᵻd|children ʧˈɪldɹᵊn|restaurant ɹˈɛstəɹənt|restroom ɹˈɛstɹˌum|water wˈɔTəɹ
order ˈɔɹdəɹ|number nˈʌmbəɹ|ready ɹˈɛdi|available əvˈAləbᵊl|temporarily tˈɛmpəɹˌɛɹəli|maintenance mˈAntᵊnəns
information ˌɪnfəɹmˈAʃən|service sˈɜɹvəs
"""


@pytest.mark.parametrize(("word", "sounds"), [pair.split() for pair in WORDS.strip().replace("\n", "|").split("|")])
def test_word(word: str, sounds: str) -> None:
    assert phonemes(word) == sounds
