from urllib.parse import quote_plus

from hypothesis import given
from hypothesis import strategies as st

from workers.providers.twilio_http import _quoted


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_form_is_quoted_as_the_standard_library_does(text: str) -> None:
    """A text that is quoted otherwise reaches the customer with other words."""
    assert _quoted(text) == quote_plus(text)
