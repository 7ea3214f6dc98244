"""Is no number texted or rung that would run up a bill?"""

import pytest

from contracts.tolls import SAYS, bar_on, is_country, may_be_reached
from contracts.vocabulary import NumberBar

B = NumberBar


@pytest.mark.parametrize(
    ("number", "countries", "bar"),
    [
        # ordinary numbers of Great Britain, Ofcom's for drama among them
        ("+447400123456", {"GB"}, None),
        ("+447700900123", {"GB"}, None),
        ("+442079460123", {"GB"}, None),
        ("+441632960111", {"GB"}, None),
        ("+448081570123", {"GB"}, None),
        ("+443069990123", {"GB"}, None),
        # what shares its revenue
        ("+449098790123", {"GB"}, B.PREMIUM_RATE),
        ("+448719871234", {"GB"}, B.PREMIUM_RATE),
        ("+448449871234", {"GB"}, B.PREMIUM_RATE),
        ("+447012345678", {"GB"}, B.PERSONAL_NUMBER),
        ("+447640123456", {"GB"}, B.PAGER),
        ("+19002530000", {"GB", "US"}, B.PREMIUM_RATE),
        ("+33899123456", {"FR"}, B.PREMIUM_RATE),
        # the islands look British, and are billed as abroad
        ("+447797712345", {"GB"}, B.COUNTRY),
        ("+447797712345", {"GB", "JE"}, None),
        ("+447781123456", {"GB"}, B.COUNTRY),
        ("+447624012345", {"GB"}, B.COUNTRY),
        # abroad
        ("+353850123456", {"GB"}, B.COUNTRY),
        ("+353850123456", {"GB", "IE"}, None),
        ("+447700900123", {"IE"}, B.COUNTRY),
        ("+12025550143", {"GB"}, B.COUNTRY),
        ("+12025550143", {"GB", "US"}, None),
        # satellites are nobody's country
        ("+870773111632", {"GB"}, B.SATELLITE),
        ("+881612345678", {"GB"}, B.SATELLITE),
        ("+88213300001", {"GB"}, B.SATELLITE),
        ("+883510000000", {"GB"}, B.SATELLITE),
        ("+979123456789", {"GB"}, B.PREMIUM_RATE),
        ("nonsense", {"GB"}, B.COUNTRY),
        ("", {"GB"}, B.COUNTRY),
    ],
)
def test_a_number_is_barred_by_kind_and_by_country(
    number: str, countries: set[str], bar: NumberBar | None
) -> None:
    """Who is paid by the call enters such a number, and has us make the calls."""
    assert bar_on(number, countries) is bar


def test_every_bar_says_what_is_wrong_with_the_number() -> None:
    """Its publisher must know what to mend."""
    assert set(SAYS) == set(NumberBar)


@pytest.mark.parametrize(
    ("code", "known"), [("GB", True), ("JE", True), ("UK", False), ("", False)]
)
def test_a_country_is_known_by_its_iso_code(code: str, known: bool) -> None:
    """UK is what everybody types, and no code."""
    assert is_country(code) is known


@pytest.mark.parametrize(
    ("place", "reached"),
    [
        ("sip:desk@callcentre.example", True),
        ("SIPS:desk@callcentre.example", True),
        ("+442079460123", True),
        ("+449098790123", False),
        ("60777", False),
        ("", False),
    ],
)
def test_what_others_name_is_reached_only_where_it_costs_nobody_more(
    place: str, reached: bool
) -> None:
    """An agent may sit at a SIP address; a short code is a network's, at whatever price."""
    assert may_be_reached(place, {"GB"}) is reached
