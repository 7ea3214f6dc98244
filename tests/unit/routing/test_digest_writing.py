"""Does a digest name its events, within the limit, and say what it leaves out?"""

import pytest

from contracts.vocabulary import Content, Purpose
from tests.unit.routing.samples import event
from tests.unit.routing.test_rendering import COMPANY, READER
from workers.routing.digest_writing import Together
from workers.routing.enclosing import Enclosed, Enclosure
from workers.routing.rendering import Renderer
from workers.routing.sms_length import segments
from workers.routing.together import TogetherRenderer

RENDERER = Renderer(COMPANY)
WRITER = TogetherRenderer(RENDERER)
LONG = "The boiler in the back room leaks again and nobody can be reached. " * 12


def messages(*texts: str) -> list[Together]:
    """So many messages."""
    return [
        Together(
            "call.message_taken",
            event(
                "call.message_taken", text=text, caller={"name": f"Caller {n}", "withheld": True}
            ).data,
        )
        for n, text in enumerate(texts)
    ]


def text(together: list[Together], content: Content = Content.FULL, most: int = 10) -> str:
    """The text about them."""
    found = WRITER.text(together, content, Purpose.MESSAGES, READER, most)
    assert segments(found.body) == found.segments <= most
    return found.body


def test_each_event_has_a_line_with_its_words() -> None:
    """Who, when, and what was said."""
    body = text(messages("Bring the keys.", "The van is late."))

    heading, first, second, name = body.split("\n")
    assert heading == "2 messages for you:"
    assert "Caller 0" in first
    assert first.endswith("Bring the keys.")
    assert second.endswith("The van is late.")
    assert name == "Brightwater Offices"


@pytest.mark.parametrize(
    ("content", "told", "untold"),
    [
        (Content.SUMMARY, "Caller 0", "keys"),
        (Content.NOTICE, "1 message for you", "Caller 0"),
    ],
)
def test_a_digest_tells_no_more_than_was_asked_for(
    content: Content, told: str, untold: str
) -> None:
    """A summary leaves out the words, a notice everything but the number."""
    body = text(messages("Bring the keys."), content)

    assert told in body
    assert untold not in body
    assert "For the rest call us" in body


def test_long_words_are_cut_alike_so_that_every_event_is_named() -> None:
    """One long message does not crowd out the others."""
    body = text(messages(LONG, "The van is late.", LONG))

    assert [f"Caller {n}" in body for n in range(3)] == [True] * 3
    assert "The van is late." in body
    assert "..." in body
    assert "For the rest call us" in body


def test_more_events_than_fit_are_counted() -> None:
    """As many lines as the limit holds, and how many more there are."""
    body = text(messages(*["x"] * 30), most=3)

    lines = [line for line in body.split("\n") if line.startswith("-")]
    assert 0 < len(lines) < 30
    assert f"And {30 - len(lines)} more." in body
    assert body.startswith("30 messages for you")


def test_a_single_part_still_says_how_many() -> None:
    """However small the limit."""
    body = text(messages(*[LONG] * 5), most=1)

    assert body.startswith("5 messages for you")
    assert "And 5 more." in body or "Caller 0" in body


def test_what_a_caller_wrote_is_never_markup_or_template() -> None:
    """In a digest as elsewhere."""
    hostile = messages("{{ 7 * 7 }} <script>alert(1)</script>")

    found = WRITER.email(hostile, Content.FULL, Purpose.MESSAGES, READER, [Enclosure()])

    assert "{{ 7 * 7 }}" in found.text
    assert "<script>" not in found.html
    assert "&lt;script&gt;" in found.html
    assert "> {{ 7 * 7 }}" in found.text


def test_an_email_says_of_each_document_what_became_of_it() -> None:
    """One is attached, one was too large, one had none."""
    items = [Together("post.scanned", event("post.scanned").data)] * 2
    items.append(Together("post.received", event("post.received").data))
    fates = [
        Enclosure(Enclosed.ATTACHED, 10),
        Enclosure(Enclosed.TOO_LARGE, 9_000_000),
        Enclosure(),
    ]

    found = WRITER.email(items, Content.FULL, Purpose.POST, READER, fates)

    assert found.subject == "3 items of post for you"
    assert found.text.count("Attached.") == 1
    assert "Too large to attach (9.0 MB)" in found.html


def test_the_code_stands_under_the_text_and_is_never_cut() -> None:
    """It is what the customer must send back."""
    (one,) = messages(LONG)

    found = RENDERER.render_text(
        one.event_type, one.event, Content.FULL, READER, most=2, code="012345"
    )

    assert found.body.endswith("Reply 012345 to confirm that you have read this.")
    assert found.segments <= 2


def test_every_kind_of_event_can_be_gathered() -> None:
    """A digest of a kind without a line would fail as a whole."""
    kinds = [
        ("call.waiting", Purpose.MESSAGES),
        ("post.received", Purpose.POST),
        ("post.scanned", Purpose.POST),
        ("invoice.issued", Purpose.INVOICE),
        ("invoice.overdue", Purpose.INVOICE),
        ("invoice.cancelled", Purpose.INVOICE),
        ("payment.failed", Purpose.PAYMENT),
    ]
    for kind, purpose in kinds:
        together = [Together(kind, event(kind).data)] * 2
        body = WRITER.text(together, Content.FULL, purpose, READER).body
        assert body.startswith("2 ")
        assert body.count("\n- ") == 2
