"""What may stand where a text's sender stands?"""

import pytest

from contracts.senders import read_sender


@pytest.mark.parametrize(
    ("text", "value", "answerable"),
    [
        ("+447700900100", "+447700900100", True),
        ("07700 900100", "+447700900100", True),
        (" Brindle ", "Brindle", False),
        ("A&B Joinery", "A&B Joinery", False),
        ("a", "a", False),
        ("24hourcalls", "24hourcalls", False),
    ],
)
def test_a_number_or_a_name_is_read(text: str, value: str, answerable: bool) -> None:
    """Both in the form that a provider takes."""
    found = read_sender(text)

    assert (found.value, found.answerable) == (value, answerable)


@pytest.mark.parametrize(
    "text", ["", "   ", "twelve chars", "Café", "Brindle!", "12345", "+44", "a\nb", "0800"]
)
def test_anything_else_is_refused_without_being_quoted(text: str) -> None:
    """A provider would refuse every text that came from it."""
    with pytest.raises(ValueError, match=r"must be a telephone number in E\.164") as refused:
        read_sender(text)

    assert len(text) < 5 or text not in str(refused.value)
