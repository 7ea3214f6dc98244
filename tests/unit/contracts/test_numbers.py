"""Telephone numbers are kept in one form, and a mobile is what a text can reach."""

import pytest

from contracts.numbers import can_be_mobile, is_drama, normalise


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+441632960111", "+441632960111"),
        ("+44 1632 960111", "+441632960111"),
        ("+44 (0)1632 960111", "+441632960111"),
        ("0044 1632 960111", "+441632960111"),
        ("01632 960111", "+441632960111"),
        ("(01632) 960-111", "+441632960111"),
        ("020 7946 0123", "+442079460123"),
        ("07700 900123", "+447700900123"),
        ("07700.900.123", "+447700900123"),
        ("0800 1111", "+448001111"),
        ("+1 202 555 0143", "+12025550143"),
        ("+49 30 23125 000", "+493023125000"),
    ],
)
def test_a_number_is_kept_as_e164(written: str, kept: str) -> None:
    """One customer must not be two because a clerk typed a space."""
    assert normalise(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "",
        "12",
        "withheld",
        "0800 FLOWERS",
        "01632 960111 ext 4",
        "+44 1632 960111 x4",
        "+999 1632 960111",
        "+44",
        "016329601110000",
        "tel:+441632960111",
        "٠١٦٣٢٩٦٠١١١",
        "01632 960111\n",
    ],
)
def test_what_is_no_number_is_refused_without_being_quoted(written: str) -> None:
    """A complaint travels further than the number it is about."""
    with pytest.raises(ValueError, match="must be a telephone number") as refused:
        normalise(written)

    assert written.strip() in {"", "12", "+44"} or written.strip() not in str(refused.value)


@pytest.mark.parametrize(
    ("number", "drama"),
    [
        ("+447700900000", True),
        ("+447700900999", True),
        ("+447700901000", False),
        ("+441632960000", True),
        ("+441632961000", False),
        ("+442079460999", True),
        ("+441134960123", True),
        ("+441914980123", True),
        ("+442896496123", True),
        ("+442920180123", True),
        ("+448081570123", True),
        ("+449098790123", True),
        ("+443069990123", True),
        ("+441302499300", False),
        ("+12025550143", False),
    ],
)
def test_ofcoms_drama_numbers_are_known(number: str, drama: bool) -> None:
    """They belong to nobody, so tests may use them and nobody is rung."""
    assert is_drama(number) is drama


@pytest.mark.parametrize(
    ("number", "admit_drama", "mobile"),
    [
        ("+447700900123", True, True),
        ("+447700900123", False, False),
        ("+441632960111", True, False),
        ("+441632960111", False, False),
        ("+447400123456", False, True),
        ("+442079460123", False, False),
        ("+12025550143", False, True),  # where the plan does not tell, it may be one
        ("+33612345678", False, True),
        ("+33123456789", False, False),
        ("nonsense", False, False),
    ],
)
def test_a_text_goes_only_to_what_can_be_a_mobile(
    number: str,
    admit_drama: bool,
    mobile: bool,
) -> None:
    """A text to a landline is paid for and read by nobody."""
    assert can_be_mobile(number, admit_drama=admit_drama) is mobile
