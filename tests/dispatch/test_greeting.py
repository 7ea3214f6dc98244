"""Whom does an email greet by name?"""

from html import escape

import pytest

from contracts.vocabulary import Channel
from tests.building import place, preferences, verified
from tests.dispatch.sending import Sending
from tests.factories import catch_all, envelope

EMAIL = Channel.EMAIL


def _said(sending: Sending, to: str, kind: str) -> str:
    (part,) = [mail.get_body((kind,)) for mail in sending.mails() if to in str(mail["To"])]
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize(
    ("person", "greeting"),
    [("Ana Ruiz <b>", "Hello Ana Ruiz <b>,"), (..., "Hello,")],
    ids=["named", "not named"],
)
def test_an_email_greets_whose_address_it_is(
    embedded: Sending, person: object, greeting: str
) -> None:
    """By the name that came with the address, and by nobody's where none did."""
    house = embedded.house
    house.serve("C-7")
    house.tell(
        place("C-7", "d-own", "email", "ana@example.com", person=person),
        verified("C-7", "d-own"),
        preferences("C-7", catch_all("d-own"), based_on=1),
        envelope("call.message_taken", subject="C-7"),
    )

    embedded.deliver(EMAIL)

    assert _said(embedded, "ana@example.com", "plain").startswith(greeting)
    assert escape(greeting) in _said(embedded, "ana@example.com", "html")


@pytest.mark.parametrize(
    ("own", "to", "greeting"),
    [
        (..., "tom@example.com", "Hello Tom Ash,"),
        ("accounts@example.com", "accounts@example.com", "Hello,"),
    ],
    ids=["the contact's", "another"],
)
def test_an_invoices_email_greets_the_contact_at_their_own_address_alone(
    embedded: Sending, own: object, to: str, greeting: str
) -> None:
    """Who reads mail at an address for accounts, nobody has said."""
    contact = {"name": "Tom Ash", "email": "tom@example.com"}
    embedded.house.serve("C-7", contact=contact, invoice_email=own)
    embedded.house.tell(envelope("invoice.overdue", subject="C-7"))

    embedded.deliver(EMAIL)

    assert _said(embedded, to, "plain").startswith(greeting)
