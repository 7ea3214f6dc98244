"""Is a text that is too long cut at a word, and says so?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Content
from tests.unit.routing.samples import DATA
from workers.routing.rendering import Company, Reader, RenderedText, Renderer
from workers.routing.sms_cut import cut
from workers.routing.sms_length import segments

COMPANY = Company(
    "Brightwater Holdings Ltd",
    "Brightwater Offices",
    "01632 960001",
    "help@brightwater.example",
)
REST = f"... (cut; for the rest call us on {COMPANY.phone})"
RENDERER = Renderer(COMPANY)


def text(words: str, most: int, **changes: object) -> RenderedText:
    """What a customer is texted of a message."""
    model, required = DATA["call.message_taken"]
    event = model.model_validate(required | changes).model_copy(update={"text": words})
    return RENDERER.render_text("call.message_taken", event, Content.FULL, Reader(), most)


@pytest.mark.parametrize(
    ("words", "length", "left"),
    [
        ("short", 12, "short"),
        ("please do not ring", 12, "please do"),
        ("please do not ring", 13, "please do not"),
        ("please do not ring", 14, "please do not"),
        ("please do\nnot ring", 11, "please do"),
        ("x" * 20, 12, "x" * 12),
        ("a " + "x" * 20, 12, "a " + "x" * 10),
        ("one two", 0, ""),
        ("one two", -1, ""),
        ("cafe\u0301s", 4, "caf"),  # the accent is the letter's
        ("cafe\u0301s", 5, "cafe\u0301"),
        ("xx👩\u200d🔧xx", 3, "xx"),  # one picture, of two and a joiner
        ("xx👩\u200d🔧xx", 4, "xx"),
        ("xx👍🏽xx", 3, "xx"),
        ("xx☎\ufe0fxx", 3, "xx"),
        ("xx🇬🇧🇫🇷xx", 3, "xx"),  # flags, of two letters each
        ("xx🇬🇧🇫🇷xx", 4, "xx🇬🇧"),
        ("xx🇬🇧🇫🇷xx", 5, "xx🇬🇧"),
        ("xx🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007fxx", 7, "xx"),
    ],
)
def test_a_cut_ends_at_a_word_and_parts_nothing(words: str, length: int, left: str) -> None:
    """Half a word can be another word, and half a picture another picture."""
    assert cut(words, length) == left


@pytest.mark.parametrize("most", range(1, 11))
@pytest.mark.parametrize("word", ["leak ", "x", "€ ", "é\u0301 ", "😀", "Łódź "])
def test_a_text_has_as_many_segments_as_it_may_and_says_where_the_rest_is(
    word: str, most: int
) -> None:
    """A message that just stops would be taken for the whole."""
    told = text((word * 4000)[:4000], most)

    assert told.segments == segments(told.body) <= most
    assert REST in told.body
    if most > 2:
        assert told.segments == most
        assert told.body.endswith("Brightwater Offices")


@given(words=st.text(min_size=1, max_size=2000), most=st.integers(1, 10))
def test_whatever_was_said_the_limit_holds(words: str, most: int) -> None:
    """Each segment costs, and a provider refuses more than 1,600 characters."""
    told = text(words, most)

    assert told.segments == segments(told.body) <= most
    assert len(told.body) <= 1530


def test_what_fits_is_not_cut() -> None:
    """A limit is no reason to shorten."""
    assert "(cut" not in text("The boiler leaks again.", 2).body


def test_where_the_frame_alone_is_too_long_the_whole_is_cut() -> None:
    """Long names in one segment: what stands first is what can be told."""
    caller = {"name": "A" * 180, "company": "B" * 180}

    told = text("The boiler leaks.", 1, caller=caller)

    assert told.body.startswith("Message")
    assert told.body.endswith(REST)
    assert told.segments == 1
