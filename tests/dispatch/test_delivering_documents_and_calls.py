"""Do documents go with their events, and callers to their customers, or is it said why not?"""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from pypdf import PdfWriter

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from tests.dispatch.sending import Sending, open_sending
from tests.factories import catch_all, envelope, file
from workers.sandbox.behaviour import Act, Rule

S = DeliveryStatus
SMS, EMAIL, CALL = Channel.SMS, Channel.EMAIL, Channel.CALL


def _pdf(pages: int = 1) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=200, height=200)
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def test_a_document_goes_with_its_invoice(embedded: Sending) -> None:
    """As it was kept, to the address that the customer specified."""
    page = _pdf()
    kept = file(page)
    embedded.keep_file(kept["sha256"], page)
    embedded.house.tell(envelope("invoice.issued", document=kept))

    embedded.deliver(EMAIL)

    (invoice,) = [a for a in embedded.accepted() if a.attachments]
    assert invoice.attachments[0].sha256 == kept["sha256"]
    assert invoice.attachments[0].name == "INV-2026-0107.pdf"


def test_a_document_that_is_not_here_yet_is_waited_for(embedded: Sending) -> None:
    """The event overtook its file: tried again, not failed, and nothing left us."""
    embedded.house.tell(envelope("invoice.issued"))

    embedded.deliver(EMAIL)

    row = embedded.house.delivery(destination_id="@invoice")
    assert (row["status"], row["reason"].value, row["detail"]) == (
        S.PENDING,
        "unusable_document",
        "missing",
    )
    assert [a.kind for a in embedded.accepted() if a.attachments] == []


def test_a_document_that_the_mail_server_finds_too_large_goes_by_a_link(
    empty_url: str, tmp_path: Path
) -> None:
    """Its limit is lower than ours: the customer still gets the invoice, and where to fetch it."""
    page = _pdf(200)
    kept = file(page)
    limits: dict[str, Any] = {"largest_mail": 16_000, "public_url": "https://onward.example"}
    with open_sending(empty_url, tmp_path, **limits) as sending:
        sending.house.serve(rules=[catch_all("d-mobile")])
        sending.keep_file(kept["sha256"], page)
        sending.house.tell(envelope("invoice.issued", document=kept))

        sending.deliver(EMAIL)
        row = sending.house.delivery(destination_id="@invoice")
        refused = (row["status"], row["reason"], sending.accepted())
        sending.house.clock.advance(seconds=1)
        sending.deliver(EMAIL)

        (mail,) = sending.mails()
        text = mail.get_body(("plain",))
        assert refused == (S.PENDING, Reason.EMAIL_TOO_LARGE, [])
        assert sending.house.status(row["id"]) is S.ACCEPTED
        assert text is not None
        assert "https://onward.example/" in text.get_content()
        assert list(mail.iter_attachments()) == []


def _waiting_call(sending: Sending, call_sid: str, seconds: float = 20) -> None:
    not_after = (sending.house.clock.now + timedelta(seconds=seconds)).isoformat()
    sending.house.tell(envelope("call.waiting", provider_call_id=call_sid, not_after=not_after))


def test_a_waiting_caller_is_put_through(embedded: Sending) -> None:
    """To the customer's verified number, and nowhere else."""
    sid = embedded.sandbox.waiting_call("+441632960111", "+441632960200")
    _waiting_call(embedded, sid)

    embedded.deliver(CALL)

    (call,) = embedded.accepted()
    assert (call.kind, "+447700900123" in str(call.body)) == ("call", True)
    assert embedded.house.standing() == [("d-mobile", "accepted", "provider_accepted")]


def test_a_caller_who_hung_up_is_told_of_as_a_message(embedded: Sending) -> None:
    """Nobody is dialled, and the customer learns who called."""
    sid = embedded.sandbox.waiting_call("+441632960111", "+441632960200")
    _waiting_call(embedded, sid)
    embedded.sandbox.hang_up(sid)

    embedded.deliver(CALL)
    embedded.deliver(SMS)

    (text,) = embedded.accepted()
    assert (text.kind, "Ada Quill" in str(text.body)) == ("sms", True)
    assert embedded.house.standing(channel=CALL) == [("d-mobile", "expired", "caller_gone")]
    (told,) = embedded.house.outcomes("call.forwarded")
    assert told["call_id"] == "call-1"


def test_no_number_that_an_agent_typed_is_shown_as_the_callers(embedded: Sending) -> None:
    """A provider refuses to show what is neither the leg's own number nor one of ours."""
    sid = embedded.sandbox.waiting_call("+441632960111", "+441632960200")
    not_after = (embedded.house.clock.now + timedelta(seconds=20)).isoformat()
    typed = {"name": "Ann Reed", "number": "020 7946 0999"}
    embedded.house.tell(
        envelope("call.waiting", provider_call_id=sid, not_after=not_after, caller=typed)
    )

    embedded.deliver(CALL)

    (call,) = embedded.accepted()
    assert "callerId" not in str(call.body)


def test_a_call_that_is_too_late_is_never_dialled(embedded: Sending) -> None:
    """Found at the claim, and told of as a message in the same transaction."""
    sid = embedded.sandbox.waiting_call("+441632960111", "+441632960200")
    _waiting_call(embedded, sid)
    embedded.house.clock.advance(seconds=21)

    embedded.deliver(CALL)

    assert embedded.accepted() == []
    assert [(r["channel"].value, r["status"].value) for r in embedded.house.deliveries()] == [
        ("call", "expired"),
        ("sms", "pending"),
        ("email", "pending"),
    ]


def test_a_message_says_that_its_call_was_told_of_before(embedded: Sending) -> None:
    """Two texts that seem to be of two callers would have the customer ring twice."""
    house = embedded.house
    house.serve("C-7", rules=[catch_all("d-mobile", "d-mail", mode="first")])
    house.tell(envelope("call.waiting", subject="C-7", not_after="2026-11-20T09:00:00Z"))
    embedded.deliver(SMS)
    house.tell(
        envelope("call.message_taken", subject="C-7"),
        envelope("call.message_taken", subject="C-7", call_id="another-call", text="The roof!"),
    )

    embedded.deliver(SMS)

    of_call, *rest = [str(a.body) for a in embedded.accepted() if a.kind == "sms"]
    again, another = sorted(rest, key=lambda body: "roof" in body)
    said = "About the call that we told you of before."
    assert "could not be put through" in of_call
    assert said in again
    assert said not in another


def test_the_next_step_of_a_message_says_so_as_well(embedded: Sending) -> None:
    """An email in place of a text that was refused tells of the same call."""
    house = embedded.house
    house.serve("C-7", rules=[catch_all("d-mobile", "d-mail", mode="first")])
    house.tell(envelope("call.waiting", subject="C-7", not_after="2026-11-20T09:00:00Z"))
    embedded.deliver(SMS)
    house.tell(envelope("call.message_taken", subject="C-7"))
    embedded.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=21211))

    embedded.deliver(SMS)
    embedded.deliver(EMAIL)

    (mail,) = embedded.mails()
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        assert "It is about the call that we told you of before." in part.get_content()
