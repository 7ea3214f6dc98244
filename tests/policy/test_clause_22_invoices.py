"""Clause 22: an invoice goes by email, to where invoices go, whatever is said of messages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.vocabulary import Channel
from tests.dispatch.documents import keep, pdf
from tests.dispatch.sending import Sending, open_sending
from tests.factories import Sample, catch_all, envelope

INVOICE = pdf()
INVOICES = "accounts@harbourlane.example"
BILLING = ("invoice.issued", "invoice.overdue", "payment.failed")


@pytest.fixture
def sending(empty_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give a customer who wants everything by text, and nothing by email."""
    with open_sending(empty_url, tmp_path) as opened:
        opened.house.serve(rules=[catch_all("d-mobile")], invoice_email=INVOICES)
        yield opened


def _invoice(sending: Sending) -> Sample:
    return envelope("invoice.issued", document=keep(sending, INVOICE))


def _deliver(sending: Sending) -> list[tuple[str, str]]:
    for channel in (Channel.EMAIL, Channel.SMS):
        sending.deliver(channel)
    return sorted((one.kind, one.to) for one in sending.accepted())


@pytest.mark.parametrize("type_", BILLING)
def test_clause_22_who_prefers_texts_gets_it_by_email_all_the_same(
    sending: Sending, type_: str
) -> None:
    """A rule adds a text beside it, and takes nothing away."""
    sending.house.tell(_invoice(sending) if type_ == "invoice.issued" else envelope(type_))

    assert _deliver(sending) == [("email", INVOICES), ("sms", "+447700900123")]


def test_clause_22_the_invoice_itself_is_in_the_email(sending: Sending) -> None:
    """And in nothing that goes elsewhere."""
    sending.house.tell(_invoice(sending))

    _deliver(sending)

    (mail,) = sending.mails()
    assert [part.get_payload(decode=True) for part in mail.iter_attachments()] == [INVOICE]


def test_clause_22_who_takes_messages_is_sent_no_invoice(sending: Sending) -> None:
    """A receptionist's address is for messages; what is owed is the account's own business."""
    house = sending.house
    rule = catch_all("d-mail", rule_id="messages")
    rule["match"] = {"events": ["call.message_taken"]}
    rules = [rule, catch_all(rule_id="rest", timing="none", steps=[])]
    house.tell(envelope("preferences.set", rules=rules, based_on_version=...))

    house.tell(_invoice(sending), envelope("call.message_taken"))
    sent = _deliver(sending)

    assert sent == [("email", INVOICES), ("email", "jo@harbourlane.example")]
    mails = {mail["To"]: mail["Subject"] for mail in sending.mails()}
    assert "INV-2026-0107" not in mails["jo@harbourlane.example"]


def test_clause_22_nobody_mutes_what_they_owe(sending: Sending) -> None:
    """A rule that sends nothing is heard for messages alone."""
    house = sending.house
    silent = catch_all(rule_id="silent", timing="none", steps=[])
    house.tell(envelope("preferences.set", rules=[silent], based_on_version=...))

    house.tell(_invoice(sending))

    assert _deliver(sending) == [("email", INVOICES)]
