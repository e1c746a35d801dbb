"""English announcements as senders write them, each of which was once read wrongly."""

from __future__ import annotations

import pytest

from edge_agent.text import normalise

READINGS = [
    # Abbreviations do not end a sentence.
    ("Ms. Lee, Capt. Kirk and Gen. Grant", "Ms Lee, Captain Kirk and General Grant"),
    ("Ft. Worth and Mt. Fuji", "Fort Worth and Mount Fuji"),
    ("Call ext. 5512 from rm. 204.", "Call extension five five one two from room two zero four."),
    ("Max. height 2.1 m", "Maximum height two point one meters"),
    ("Wait 10 min. before entering.", "Wait ten minutes before entering."),
    ("You are no. 3.", "You are number three."),
    ("Your ticket no. is 004512.", "Your ticket number is zero zero four five one two."),
    ("He said no. Is it so?", "He said no. Is it so?"),
    ("Acme Inc., Bolt Ltd. & Co.", "Acme Incorporated, Bolt Limited and Company."),
    ("w/ ID, w/o fee, c/o Ann", "with ID, without fee, care of Ann"),
    # Initials and dotted letters.
    ("Patient J. Smith to room 2", "Patient J Smith to room two"),
    ("John F. Kennedy Airport", "John F Kennedy Airport"),
    ("J. K. Lee", "J K Lee"),
    ("Mr. A. Lee", "mister A Lee"),
    ("Hall B. Doors open now.", "Hall B. Doors open now."),
    ("Use exit C. Turn left.", "Use exit C. Turn left."),
    ("The U.S. Postal Service and the U.N. We wait.", "The U.S Postal Service and the U.N. We wait."),
    # Half of the day.
    ("at 3 a.m. EST", "at three A M EST"),
    ("at 9 p.m. Please leave.", "at nine P M. Please leave."),
    ("the a.m. shift", "the AM shift"),
    # Directions.
    ("Winds NW at 5 mph", "Winds northwest at five miles per hour"),
    ("12 N Main St. and NE 4th St.", "twelve North Main Street and Northeast fourth Street."),
    ("NJ-495 E", "N J four nine five East"),
    ("US 101 S", "US one zero one South"),
    # Dates and years.
    ("the 21st of June", "the twenty first of June"),
    ("Closed 25 Dec. through 1 Jan.", "Closed December twenty fifth through January first."),
    ("Nov. 24–27", "November twenty fourth to twenty seventh"),
    ("Open July 4 and 5.", "Open July fourth and fifth."),
    ("from May 3 to 5 pm", "from May third to five P M"),
    ("Sat 10-4", "Saturday ten to four"),
    ("in Dec. It rained.", "in December. It rained."),
    ("Mon. 12/4 at 3", "Monday December fourth at three"),
    ("From 2019 to 2023", "From twenty nineteen to twenty twenty three"),
    ("From 2000 to 2500", "From two thousand to two thousand five hundred"),
    ("between 1800 and 2000 rpm", "between one thousand eight hundred and two thousand revolutions per minute"),
    ("In 1995, 1998 and 2003.", "In nineteen ninety five, nineteen ninety eight and two thousand three."),
    ("the 2024-25 season", "the twenty twenty four to twenty five season"),
    ("1914–18", "nineteen fourteen to eighteen"),
    ("1990-1995 models", "one thousand nine hundred ninety to one thousand nine hundred ninety five models"),
    ("1990-1995, in all", "nineteen ninety to nineteen ninety five, in all"),
    ("The log of 2026-03-05T14:30", "The log of March fifth, twenty twenty six at fourteen thirty"),
    # Money.
    ("That is 99¢.", "That is ninety nine cents."),
    ("a £60 fine", "a sixty pound fine"),
    ("Win a $5 million prize", "Win a five million dollar prize"),
    ("a $4.99 coffee", "a four ninety nine coffee"),
    ("a $20 or $30 card", "a twenty dollars or thirty dollars card"),
    ("$10-off", "ten dollars off"),
    ("in the mid-$30s, from the $200s, $300Ks", "in the mid-thirties, from the two hundreds, three hundred thousands"),
    ("$.99 each, a twenty or $5s", "ninety nine cents each, a twenty or fives"),
    # Quantities.
    ("a 12/24V supply on 110/220 VAC", "a twelve or twenty four volt supply on one hundred ten or two hundred twenty volts A C"),
    ("2.4/5GHz bands, every 30/60min.", "two point four or five gigahertz bands, every thirty or sixty minutes."),
    ("1/4 hp, 3/4 h, 5/12 V", "one quarter of a horsepower, three quarters of an hour, five or twelve volts"),
    ("Use a 15/20A outlet, completed 20/60 kWh.", "Use a fifteen or twenty amp outlet, completed twenty of sixty kilowatt hours."),
    ("a 5 km run", "a five kilometer run"),
    ("a run of 5 km", "a run of five kilometers"),
    ("15-min walk", "fifteen minute walk"),
    ("1 1/2 cups", "one and a half cups"),
    ("2 ½ lbs and 3½ h", "two and a half pounds and three and a half hours"),
    ("from platform 9¾.", "from platform nine and three quarters."),
    ("Fill it 3/4.", "Fill it three quarters."),
    ("1/3 oz of 1/4 lb burgers", "one third of an ounce of quarter pound burgers"),
    ("3/4-inch bolts", "three quarter inch bolts"),
    ("5'10\" tall", "five feet ten inches tall"),
    ('a 55" screen', "a fifty five inch screen"),
    ('He said "gate 55" twice.', 'He said "gate fifty five" twice.'),
    ("0.25 in. expected", "zero point two five inches expected"),
    ("1-3 in. of snow", "one to three inches of snow"),
    ("Flight time 1h 45m", "Flight time one hour forty five minutes"),
    ("14 of 500 pcs", "fourteen of five hundred pieces"),
    ("Blood pressure 120/80 mmHg", "Blood pressure one hundred twenty over eighty millimeters of mercury"),
    ("2x daily", "two times daily"),
    ("at 30 mpg, 2 gal.", "at thirty miles per gallon, two gallons."),
    ("level > 80%", "level greater than eighty percent"),
    ("if pressure <= 5 bar", "if pressure at most five bar"),
    # Codes.
    ("track 14W and gate 12V", "track fourteen W and gate twelve V"),
    ("Terminals A–E", "Terminals A to E"),
    ("gates 12L and 14W, seats 5C-5F", "gates twelve L and fourteen W, seats five C to five F"),
    ("Lot #A-2291, section 8(b), p. 5", "Lot number A two two nine one, section eight b, page five"),
    ("Dial *9 or press *", "Dial star nine or press star"),
    ("Rooms 101-109", "Rooms one zero one to one zero nine"),
    ("Order #A1B2", "Order number A one B two"),
    ("Your OTP is 739-204.", "Your OTP is seven three nine two zero four."),
    ("Call from 020 7946 0018.", "Call from zero two zero seven nine four six zero zero one eight."),
    ("It is 212 555 0147.", "It is two one two five five five zero one four seven."),
    ("Dial 1-800-FLOWERS.", "Dial one eight zero zero FLOWERS."),
    ("PO Box 1234", "PO Box one two three four"),
    ("New York, NY 10118", "New York, NY one zero one one eight"),
    ("A350-1000", "A three five zero one thousand"),
    ("1080p", "ten eighty P"),
    ("Scan SKU 884-2019-B, PLU 4011", "Scan SKU eight eight four two zero one nine B, PLU four zero one one"),
    ("UPC 0 12345 67890 5", "UPC zero one two three four five six seven eight nine zero five"),
    ("22 pallets of PN 1002-33", "twenty two pallets of PN one zero zero two three three"),
    ("P/N 33-0912-REV-D, part 33-0912-REV-D", "P N three three zero nine one two rev D, part three three zero nine one two rev D"),
    ("Pump P-12A and valve XV-301", "Pump P twelve A and valve X V three zero one"),
    ("Valve XV-301, Chapter XV", "Valve X V three zero one, Chapter fifteen"),
    ("10-10-10 fertilizer", "ten ten ten fertilizer"),
    # Prices and offers.
    ("Salsa, 3/$10.", "Salsa, three for ten dollars."),
    ("$49.95/mo. or $5/ea", "forty nine dollars and ninety five cents per month or five dollars each"),
    ("$3 a gal., $5 each additional hr", "three dollars a gallon, five dollars each additional hour"),
    ("$8.99 per lb", "eight dollars and ninety nine cents per pound"),
    ("size 4, 128 ct", "size four, one hundred twenty eight count"),
    ("a 2 ct diamond and a CT scan", "a two carat diamond and a CT scan"),
    ("ages 6+, ID 21+.", "ages six plus, ID twenty one plus."),
    ("14/500 pcs", "fourteen of five hundred pieces"),
    ("1,846/2,000 units", "one thousand eight hundred forty six of two thousand units"),
    ("Left after 1/2 mile, on 3/4 inch pipe, after 1/2.", "Left after half a mile, on three quarters inch pipe, after January second."),
    ("24/7 services, now at 1,846/2,000.", "twenty four seven services, now at one thousand eight hundred forty six of two thousand."),
    ("3/4 pallets done, 3/4 cup, 3/8 bolts", "three of four pallets done, three quarters of a cup, three eighths bolts"),
    (
        "container 123456-7 on 192.168.0.15",
        "container one two three four five six, seven on one nine two dot one six eight dot zero dot one five",
    ),
    ("Flight AA 98, rev. C", "Flight A A nine eight, revision C"),
    ("in Rm. B12, on sale 12/5", "in Room B twelve, on sale December fifth"),
    ("021-6437 0045", "zero two one six four three seven zero zero four five"),
    ("pages 3/12, 18/24 done, 50/50", "pages three of twelve, eighteen of twenty four done, fifty fifty"),
    # Amounts of a kind, and units.
    ("2-for-$5 on 12-oz. bags and a 16 oz. tea", "two for five dollars on twelve ounce bags and a sixteen ounce tea"),
    ("limited to 10 kg/22 lbs.", "limited to ten kilograms, twenty two pounds."),
    ("250 mg/5 mL, 5 dB softer", "two hundred fifty milligrams per five milliliters, five decibels softer"),
    ("$4/hr., $24 max/day, 24 mos.", "four dollars per hour, twenty four dollars max per day, twenty four months."),
    ("25 min delay, 2 L bottles, 6 mm hex key", "twenty five minute delay, two liter bottles, six millimeter hex key"),
    ("in 500 yds, add 1 qt", "in five hundred yards, add one quart"),
    ("5W-30 oil", "five W thirty oil"),
    ("M8x1.25 thread", "M eight by one point two five thread"),
    ('0.4" by midnight', "zero point four inches by midnight"),
    ('a 3/8" bolt, 1 1/2" pipe', "a three eighths inch bolt, one and a half inch pipe"),
    ('"gate 55", a 60" screen', '"gate fifty five", a sixty inch screen'),
    ("Your 10k mile service", "Your ten thousand mile service"),
    ("9,800/m³, 85 dBA, 92 dB(A)", "nine thousand eight hundred per cubic meter, eighty five decibels A, ninety two decibels A"),
    ("5 mbar, 150 psig, 0.12 μSv/h", "five millibars, one hundred fifty P S I G, zero point one two microsieverts per hour"),
    ("24 VDC, current 225 A, seat 12 A", "twenty four volts D C, current two hundred twenty five amps, seat twelve A"),
    ("ΔP is 250 Pa", "delta P is two hundred fifty pascals"),
    # Times in four figures.
    ("expires at 1530.", "expires at fifteen thirty."),
    ("at 0930, meet", "at oh nine thirty, meet"),
    ("by 0600 hrs", "by oh six hundred hours"),
    ("Drill at 10:00 hrs.", "Drill at ten hundred hours."),
    (
        "at 1500 rpm, at 1530 Elm Street",
        "at one thousand five hundred revolutions per minute, at one thousand five hundred thirty Elm Street",
    ),
    ("before 1990", "before nineteen ninety"),
    # Shortened words.
    ("dew pt. 62, lvl. 2, qty. 16, est. 25 min", "dew point sixty two, level two, quantity sixteen, estimated twenty five minutes"),
    ("Est. 1995, Pt. 2, Op. 67, Ep. 214", "Established in nineteen ninety five, Part two, Opus sixty seven, Episode two hundred fourteen"),
    ("Love (feat. Jay)", "Love, featuring Jay"),
    ("Loyalty pts", "Loyalty points"),
    ("Head NW on the Bronx Expwy.", "Head northwest on the Bronx Expressway."),
    ("Harvard Sq., Oak Ct and 5th Pl", "Harvard Square, Oak Court and fifth Place"),
    # Brackets.
    ("The lift (now open) is here (again).", "The lift, now open, is here, again."),
    ("Press (1) or (2) now", "Press one or two now"),
    ("passenger(s)", "passengers"),
    # A sentence in capitals stays one.
    ("THE STORE IS CLOSING IN 10 MINUTES.", "THE STORE IS CLOSING IN TEN MINUTES."),
    ("DR. SMITH TO ROOM 204", "DOCTOR SMITH TO ROOM TWO ZERO FOUR"),
    ("Take A4 now.", "Take A four now."),
]


@pytest.mark.parametrize(("written", "spoken"), READINGS)
def test_reading(written: str, spoken: str) -> None:
    assert normalise(written, "en") == spoken
    assert normalise(spoken, "en") == spoken


@pytest.mark.parametrize(("written", "spoken"), [("等了3½小时。", "等了三又二分之一小时。"), ("№ 5", "number 五")])
def test_signs_that_mandarin_shares(written: str, spoken: str) -> None:
    assert normalise(written, "zh") == spoken
