"""Are segments counted as networks send and bill them?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.routing.sms_length import EXTENDED, GSM, is_gsm, segments
from workers.sandbox.segments import segments as as_the_sandbox_counts

GREEK = "ΔΦΓΛΩΠΨΣΘΞ"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 1530, 10),
        ("a" * 1531, 11),
        # all of the alphabet is one septet each, the line's ends and Greek capitals among it
        ("\n" * 160, 1),
        ("\r" * 160, 1),
        (GREEK * 16, 1),
        ("Ç" * 160, 1),
        ("@£$¥èéùìò" * 17 + "à" * 7, 1),
        # the extension table's are two
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("\f" * 80, 1),
        ("^{}\\[~]|" * 10, 1),
        ("^{}\\[~]|" * 10 + "^", 2),
        ("a" * 158 + "€", 1),
        ("a" * 159 + "€", 2),
        # a pair stays together: 306 septets, and yet three segments
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("a" * 151 + "€" + "a" * 153, 2),
        ("€" * 152, 2),
        ("€" * 153, 3),
        # one character of no GSM alphabet makes the whole UCS-2
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("a" * 70 + "ç", 2),
        ("a" * 69 + "ç", 1),
        ("`" * 71, 2),
        ("€" * 70 + "ж", 2),
        # beyond the plane a character is two units, and stays whole
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("ж" * 66 + "😀" + "ж" * 65, 2),
        ("ж" * 66 + "😀" + "ж" * 66, 3),
    ],
)
def test_segments_are_counted_as_networks_bill_them(text: str, count: int) -> None:
    """3GPP TS 23.038 and 23.040: what is two places wide is never parted."""
    assert segments(text) == count


def test_no_character_is_of_both_tables() -> None:
    """128 places, of which one is the escape; and ten beyond it, less the reserved."""
    assert len(GSM) == 127 + len(EXTENDED)
    assert len(EXTENDED) == 10


@given(text=st.text(alphabet=sorted(GSM) + list("жç😀ł"), max_size=700))
def test_who_receives_it_counts_as_we_do(text: str) -> None:
    """The sandbox counts by code of its own; a difference is a bill that nobody expected."""
    assert segments(text) == as_the_sandbox_counts(text)


@given(text=st.text(max_size=300), more=st.text(max_size=300))
def test_a_longer_text_never_takes_fewer(text: str, more: str) -> None:
    """Cutting looks for the longest that fits, and relies on it."""
    assert segments(text) <= segments(text + more)


@pytest.mark.parametrize(("text", "gsm"), [("", True), ("naïve", False), ("[ñ]", True)])
def test_an_alphabet_is_told(text: str, gsm: bool) -> None:
    """ï is none of it, ñ is."""
    assert is_gsm(text) is gsm
