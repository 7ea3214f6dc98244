"""Is a text written plainly where nothing is lost by it, and nowhere else?"""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.routing.sms_length import is_gsm, segments
from workers.routing.sms_plain import TWINS, plain

PAIRS = [(mark, twin) for pairs in TWINS.values() for mark, twin in pairs.items()]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("It\u2019s O\u2019Brien\u2019s", "It's O'Brien's"),
        ("\u201cNo,\u201d she said", '"No," she said'),
        ("\u201eNein\u201c, \u00absi\u00bb", '"Nein", "si"'),
        ("9\u201317 \u2014 daily \u2212 2", "9-17 - daily - 2"),
        ("wait\u2026", "wait..."),
        ("\u00a3\u00a05\u202f000", "\u00a3 5 000"),
        ("co\u00adoperate", "cooperate"),
        ("\u2022 one\u2028\u2022 two", "- one\n- two"),
        ("5\u2032 6\u2033", "5' 6\""),
        ("and\u2044or", "and/or"),
        ("Acme\u2122", "Acme(TM)"),
        ("a\r\nb\tc `d`", "a\nb c 'd'"),
        ("caf\u0065\u0301", "caf\u00e9"),  # typed as letter and accent
        ("plain already: ^{}[]~|\\ \u20ac", "plain already: ^{}[]~|\\ \u20ac"),
    ],
)
def test_marks_become_what_is_on_every_keyboard(written: str, sent: str) -> None:
    """The reader sees the same words, for half the price."""
    assert plain(written) == sent
    assert is_gsm(sent)


@pytest.mark.parametrize(
    "name",
    ["Łukasz", "François", "Nguyễn", "Ştefan", "Çelik", "Zoë", "Đorđe", "Ólafur", "ŒUVRE", "Ян"],
)
def test_nobodys_name_is_spelled_otherwise(name: str) -> None:
    """A letter without its mark is another letter: the text costs more, and names them right."""
    assert plain(name) == name


@pytest.mark.parametrize("sign", ["2½", "3 × 4", "20 °C", "5 µm", "H₂O", "x²", "±1", "№ 5"])
def test_a_sign_that_says_something_stays(sign: str) -> None:
    """21/2 is not 2½."""
    assert plain(sign) == sign


def test_where_the_whole_goes_as_ucs_2_marks_stay_as_they_were_written() -> None:
    """Dots for an ellipsis would only make it longer there."""
    assert plain("“Łukasz” rang…") == "“Łukasz” rang…"


@pytest.mark.parametrize(("mark", "twin"), PAIRS)
def test_every_twin_is_in_the_alphabet_and_no_mark_is_a_letter(mark: str, twin: str) -> None:
    """The table is data: whoever adds to it is held to its promise."""
    assert not is_gsm(mark) or mark in "`\t"
    assert is_gsm(twin)
    assert unicodedata.category(mark)[0] not in {"L", "M", "N"} or mark == "`"


def test_no_mark_stands_twice() -> None:
    """The later one would win, and the reason of the earlier be untrue."""
    marks = [mark for mark, _ in PAIRS]
    assert len(marks) == len(set(marks))


@given(text=st.text(max_size=400))
def test_writing_plainly_costs_nothing_and_is_done_once(text: str) -> None:
    """For any words at all."""
    once = plain(text)

    assert plain(once) == once
    assert segments(once) <= segments(unicodedata.normalize("NFC", text))
