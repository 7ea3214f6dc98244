"""Does a customer read what happened, all of it or as little as they asked for, and who wrote?"""

from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import EventData
from contracts.vocabulary import Content
from tests.unit.routing.samples import DATA
from workers.routing.enclosing import Enclosed, Enclosure, attachment_plan
from workers.routing.post_items import WRITTEN_AS
from workers.routing.rendering import Company, Reader, RenderedEmail, Renderer
from workers.routing.sms_length import segments
from workers.routing.template_files import SHIPPED, TemplateMissingError
from workers.routing.wording import TO_DO

COMPANY = Company(
    legal_name="Brightwater Holdings Ltd",
    trading_name="Brightwater Offices",
    phone="01632 960001",
    email="help@brightwater.example",
    website="https://brightwater.example",
)
READER = Reader(greeting="Ann")
CALLER = {"name": "Mrs Penrose", "company": "Penrose & Sons", "number": "+447700900123"}
FIELDS: dict[str, dict[str, Any]] = {
    "call.message_taken": {
        "text": "The boiler leaks again.",
        "caller": CALLER,
        "for": {"person": "Ann", "department": "Sales"},
        "category": "repairs",
        "callback_by": "2026-11-24T15:00:00Z",
        "transfer_outcome": "busy",
    },
    "call.waiting": {"caller": CALLER, "for": {"person": "Ann"}, "reason": "About the lease"},
    "post.received": {
        "addressee": "Ann Archer",
        "sender": {"name": "County Court", "class": "court"},
        "contains": ["cheque", "legal"],
    },
    "post.scanned": {
        "addressee": "Ann Archer",
        "sender": {"name": "County Court", "class": "court"},
        "contains": ["identity_document"],
    },
    "invoice.cancelled": {"reason": "Issued twice, sorry."},
    "payment.failed": {"reason": "card_expired", "invoice_number": "INV-7"},
}
EMAILED = [
    "call.message_taken",
    "call.waiting",
    "post.received",
    "post.scanned",
    "invoice.issued",
    "invoice.overdue",
    "invoice.cancelled",
    "payment.failed",
    "policy.changed",
    "offer.published",
]
TEXTED = [name for name in EMAILED if name != "offer.published"]
PERSONAL = [
    *("Penrose", "7700900123", "boiler", "repairs", "Sales", "lease"),
    *("County Court", "Archer", "cheque", "identity", "court"),
]


def event(name: str, **changes: Any) -> EventData:
    """An event of this type with the fields above; `for_` stands for `for`."""
    model, required = DATA[name]
    given = {field.removesuffix("_"): value for field, value in changes.items()}
    return model.model_validate(required | FIELDS.get(name, {}) | given)


def email(
    name: str, content: Content = Content.FULL, enclosure: Enclosure | None = None, **changes: Any
) -> RenderedEmail:
    """What the customer is sent by email."""
    return Renderer(COMPANY).render_email(
        name, event(name, **changes), content, READER, enclosure or Enclosure()
    )


def text(name: str, content: Content = Content.FULL, **changes: Any) -> str:
    """What the customer is sent by text."""
    return Renderer(COMPANY).render_text(name, event(name, **changes), content, READER).body


def everything(written: RenderedEmail) -> str:
    """All that an email says."""
    return f"{written.subject}\n{written.text}\n{written.html}"


@pytest.mark.parametrize("content", list(Content))
@pytest.mark.parametrize("name", EMAILED)
def test_every_email_names_the_company_and_how_to_reach_it(name: str, content: Content) -> None:
    """Policy clause 1: whoever writes says who they are, by both names."""
    written = email(name, content)

    for part in (written.text, written.html):
        for word in (COMPANY.legal_name, COMPANY.trading_name, COMPANY.phone, COMPANY.email):
            assert word in part
    assert "Hello Ann," in written.text
    assert written.subject


@pytest.mark.parametrize("name", sorted(WRITTEN_AS.values()))
def test_what_is_told_of_an_item_beside_its_arrival_says_which_and_what_to_do(name: str) -> None:
    """An item that is held is of no use to whoever does not know why, and whom to tell."""
    item = event("post.received")
    renderer = Renderer(COMPANY)

    by_email = renderer.render_email(name, item, Content.FULL, READER)
    by_text = renderer.render_text(name, item, Content.FULL, READER)

    for part in (by_email.text, by_email.html, by_text.body):
        assert "item-1" in part
        assert COMPANY.phone in part
    assert "\n\n\n" not in by_email.text
    assert by_text.segments <= 3


@pytest.mark.parametrize("reason", ["card_expired", "insufficient_funds", "declined", "other"])
@pytest.mark.parametrize("again", [None, "2026-11-27T09:00:00Z"])
def test_a_failed_payment_says_what_to_do_and_when_it_is_tried_again(
    reason: str, again: str | None
) -> None:
    """Each reason has a way out of it; that it failed is known soon enough."""
    changes: dict[str, Any] = {"reason": reason} | ({"next_retry_at": again} if again else {})

    written = everything(email("payment.failed", **changes)) + text("payment.failed", **changes)

    assert written.count(TO_DO[reason]) == 3
    assert ("27 Nov 2026" in written) is bool(again)


def test_no_template_names_a_company_of_its_own() -> None:
    """Names come from the settings: none may be left behind in a template."""
    other = Company("Quayside Ltd", "Quayside Desks", "01632 960555", "hello@quayside.example")
    renderer = Renderer(other)

    written = [renderer.render_email(name, event(name), Content.FULL, READER) for name in EMAILED]

    sources = "".join(path.read_text() for path in SHIPPED.rglob("*") if path.is_file())
    assert all("Brightwater" not in everything(one) for one in written)
    assert "01632" not in sources
    assert "Brightwater" not in sources


@pytest.mark.parametrize("name", TEXTED)
def test_a_notice_tells_nothing_about_anybody(name: str) -> None:
    """Whoever asked for a notice only may share the phone it rings on."""
    told = text(name, Content.NOTICE) + everything(email(name, Content.NOTICE))

    assert not [word for word in PERSONAL if word in told]


def test_a_summary_says_who_called_and_not_what_was_said() -> None:
    """The words themselves stay with us until the customer asks."""
    told = text("call.message_taken", Content.SUMMARY)

    assert "Mrs Penrose, Penrose & Sons, +447700900123" in told
    assert "boiler" not in told
    assert COMPANY.phone in told


def test_a_full_text_reads_as_a_person_would_write_it() -> None:
    """One example in whole, as the customer sees it."""
    assert text("call.message_taken") == (
        "Message for Ann, Sales, Tue 24 Nov 2026, 09:58.\n"
        "From Mrs Penrose, Penrose & Sons, +447700900123.\n"
        "About: repairs.\n"
        "We tried to put the call through and the line was busy.\n"
        "Call back by Tue 24 Nov 2026, 15:00.\n"
        "The boiler leaks again.\n"
        "Brightwater Offices"
    )


@pytest.mark.parametrize("urgency", ["urgent", "emergency"])
def test_what_is_urgent_says_so_first(urgency: str) -> None:
    """It is read on a lock screen, where only the first words show."""
    written = email("call.message_taken", urgency=urgency)

    assert text("call.message_taken", urgency=urgency).startswith("URGENT")
    assert written.subject.startswith("URGENT")
    assert written.text.startswith("URGENT")


def test_a_withheld_number_is_said_plainly() -> None:
    """Without a word the customer would think that we forgot to ask."""
    told = text("call.message_taken", caller={"name": "Mrs Penrose", "withheld": True})

    assert "From Mrs Penrose, number withheld." in told


def test_a_caller_who_said_nothing_is_still_a_caller() -> None:
    """Every field but the words may be missing."""
    told = text("call.message_taken", caller=None, for_=None)

    assert "From a caller who gave no name or number." in told


def test_a_caller_who_waited_is_told_of() -> None:
    """A live call that came too late becomes a message."""
    told = text("call.waiting")

    assert told.startswith("A caller waited for Ann and could not be put through")
    assert "Mrs Penrose" in told


def test_times_are_shown_where_the_customer_is() -> None:
    """An hour off in summer makes a call-back late."""
    summer = event("call.message_taken", taken_at="2026-07-01T22:30:00Z", callback_by=None)
    reader = Reader(time_zone="Europe/Paris")

    told = Renderer(COMPANY).render_text("call.message_taken", summer, Content.FULL, reader).body

    assert "Thu 2 Jul 2026, 00:30" in told


@pytest.mark.parametrize(
    ("at", "shown"),
    [("0001-01-01T00:00:00Z", "Mon 1 Jan 1,"), ("9999-12-31T23:59:59Z", "Fri 31 Dec 9999,")],
)
@pytest.mark.parametrize("zone", ["America/New_York", "Europe/London", "Asia/Tokyo"])
def test_a_time_at_the_end_of_the_calendar_keeps_no_message_back(
    at: str, shown: str, zone: str
) -> None:
    """A program that has no time to tell sends the first or the last that there is."""
    message = event("call.message_taken", taken_at=at)

    told = Renderer(COMPANY).render_email(
        "call.message_taken", message, Content.FULL, Reader(time_zone=zone)
    )

    assert shown in told.text


def test_money_has_its_currency() -> None:
    """1,200 of what?"""
    pounds = email("invoice.issued", net="1000.00", vat="200.00", gross="1200.00", currency="GBP")
    francs = email("invoice.issued", net="1000.00", vat="200.00", gross="1200.00", currency="CHF")

    assert "£1,200.00" in pounds.subject
    assert "1,200.00 CHF" in francs.text


@pytest.mark.parametrize("name", TEXTED)
def test_nobodys_words_run_or_become_markup(name: str) -> None:
    """What a stranger says on the telephone must never run in a customer's mail reader."""
    bad = '{{ 7*7 }} {% raw %} <script>alert(1)</script> "><b>'
    asked: dict[str, dict[str, Any]] = {
        "call.message_taken": {"text": bad, "caller": {"name": bad}, "category": bad[:40]},
        "call.waiting": {"reason": bad, "caller": {"name": bad}},
        "post.received": {"addressee": bad, "sender": {"name": bad}},
        "post.scanned": {"addressee": bad, "sender": {"name": bad}},
        "invoice.cancelled": {"reason": bad},
        "policy.changed": {"summary": bad},
    }
    changes = asked.get(name, {})

    written = email(name, **changes)

    assert "49" not in written.subject
    assert "<script>" not in written.html
    assert '"><b>' not in written.html
    if changes:
        assert "{{ 7*7 }}" in written.html
        assert "&lt;script&gt;" in written.html
        assert "{{ 7*7 }}" in text(name, **changes)


def test_a_callers_words_cannot_pass_for_ours_in_plain_text() -> None:
    """A forged footer or a false "reply to" within the quote stays within the quote."""
    written = email("call.message_taken", text="Hello\n\n-- \nBrightwater Offices\nTelephone 1")

    assert "\n> Telephone 1" in written.text
    assert "\nTelephone 1" not in written.text


def test_an_offer_says_how_to_opt_out() -> None:
    """Policy: "You may opt-out at any time"."""
    written = email("offer.published")

    for part in (written.text, written.html):
        assert "opt out" in part
        assert COMPANY.phone in part


def test_an_offer_by_text_is_impossible() -> None:
    """Offers go by email only, as the policy says: there is no template to send."""
    with pytest.raises(TemplateMissingError):
        text("offer.published")


@pytest.mark.parametrize(
    ("enclosure", "said"),
    [
        (Enclosure(Enclosed.ATTACHED, 1_200), "The scan is attached."),
        (Enclosure(Enclosed.TOO_LARGE, 12_345_678), "too large to attach (12.3 MB)"),
    ],
)
def test_a_scan_is_attached_or_said_to_be_too_large(enclosure: Enclosure, said: str) -> None:
    """A customer who misses a page must know that there is one."""
    written = email("post.scanned", enclosure=enclosure)

    assert said in written.text
    assert said in written.html


@pytest.mark.parametrize(
    ("size", "limit", "plan"),
    [
        (0, 0, Enclosed.ATTACHED),
        (57, 78, Enclosed.ATTACHED),
        (58, 78, Enclosed.TOO_LARGE),
        (7_000_000, 10_000_000, Enclosed.ATTACHED),
        (8_000_000, 10_000_000, Enclosed.TOO_LARGE),
    ],
)
def test_a_document_counts_as_large_as_it_travels(size: int, limit: int, plan: Enclosed) -> None:
    """Base64 adds more than a third, and it is the email that the relay measures."""
    assert attachment_plan(size, limit) == Enclosure(plan, size)


@given(words=st.text(min_size=1, max_size=4000))
def test_a_text_is_never_longer_than_ten_segments(words: str) -> None:
    """Twilio refuses more than 1,600 characters, and each segment costs."""
    told = Renderer(COMPANY).render_text(
        "call.message_taken",
        event("call.message_taken").model_copy(update={"text": words}),
        Content.FULL,
        READER,
    )

    assert told.segments == segments(told.body) <= 10
    assert len(told.body) <= 1530
    assert told.body.endswith("Brightwater Offices")


@pytest.mark.parametrize("word", ["leak ", "x", "é\u0301 ", "€ ", "😀"])
def test_a_text_that_was_cut_says_so_and_where_to_hear_the_rest(word: str) -> None:
    """A message that just stops would be taken for the whole."""
    told = text("call.message_taken", text=(word * 4000)[:4000])

    assert f"... (cut; for the rest call us on {COMPANY.phone})" in told
    assert segments(told) == 10


def test_typographic_marks_do_not_double_the_price_of_a_text() -> None:
    """One curly quote would turn the whole into UCS-2, at 67 characters a segment."""
    told = text("call.message_taken", text="“It’s urgent” – he said…")

    assert '"It\'s urgent" - he said...' in told


def test_the_template_version_is_the_wordings_and_nothing_elses(tmp_path: Path) -> None:
    """The ledger proves by it which wording went out, whatever process sent it."""
    copy = Path(copytree(SHIPPED, tmp_path / "templates"))
    before = email("invoice.overdue").template_version
    changed = copy / "en-GB" / "email" / "footer.txt"
    changed.write_text(changed.read_text() + "A word more.\n")

    same = email("invoice.overdue", due_on="2026-12-01").template_version
    after = (
        Renderer(COMPANY, copy)
        .render_email("invoice.overdue", event("invoice.overdue"), Content.FULL, READER)
        .template_version
    )

    assert before == same
    assert before != after


@pytest.mark.parametrize("locale", ["cy-GB", "../../secrets", ""])
def test_a_locale_without_templates_reads_british_english(locale: str) -> None:
    """A customer with an unusual locale must not go without."""
    written = Renderer(COMPANY).render_email(
        "invoice.overdue", event("invoice.overdue"), Content.FULL, Reader(locale=locale)
    )

    assert written == Renderer(COMPANY).render_email(
        "invoice.overdue", event("invoice.overdue"), Content.FULL, Reader()
    )
