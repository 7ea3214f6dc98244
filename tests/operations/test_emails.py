"""Is an email shown before it is sent, and does it come in the name set for its customer?"""

import json
from base64 import b64encode
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.vocabulary import Channel
from store import tables
from store.audit import By, last_acts
from store.customers.mail_from import MailFrom
from tests.building import House, bytes_of, open_house
from tests.dispatch.sending import Sending, open_sending
from tests.factories import catch_all, envelope
from workers.cli import app
from workers.previewing.samples import SAMPLES

EMAIL = Channel.EMAIL
DOMAIN = "harbour-desks.example"
BY = By("kim", "agreed by telephone")
WHY = ("--reason", "agreed by telephone", "--as", "kim")


class Desk:
    """An installation, and a command line before it."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder = house, folder

    def type(self, *words: str, fails: bool = False) -> str:
        """Run a command; give what it printed on either stream."""
        result = CliRunner().invoke(app, list(words))
        assert (result.exit_code != 0) is fails, result.output
        return result.output

    def preview(self, *words: str) -> bytes:
        """Have an email written to a file; give it."""
        out = self.folder / "preview.eml"
        self.type("preview", *words, "--out", str(out))
        return out.read_bytes()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give an embedded installation with C-1042 served."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONWARD_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ONWARD_SANDBOX", "true")
    monkeypatch.setenv("ONWARD_MAIL_DOMAINS", DOMAIN)
    monkeypatch.setenv("ONWARD_MASTER_KEY", b64encode(b"k" * 32).decode())
    made = CliRunner().invoke(app, ["migrate"])
    assert made.exit_code == 0, made.output
    with open_house(f"sqlite:///{tmp_path}/onward.db") as house:
        house.serve()
        yield Desk(house, tmp_path)


@pytest.mark.parametrize("event_type", SAMPLES)
def test_every_event_that_is_written_about_can_be_seen_beforehand(
    desk: Desk, event_type: str
) -> None:
    """As the very bytes that would go to the relay."""
    mail = message_from_bytes(desk.preview(event_type), policy=policy.default)

    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "Brindle & Hart" in plain.get_content()
    assert "Brindle &amp; Hart" in html.get_content()
    assert mail["Subject"]
    assert not mail.defects


def test_a_preview_goes_to_the_screen_as_it_reads(desk: Desk) -> None:
    """A text with its parts, an email with its subject."""
    sms = desk.type("preview", "call.message_taken", "--channel", "sms", "--content", "notice")
    email = desk.type("preview", "invoice.issued", "--document", "linked")

    assert "A message was taken for you." in sms
    assert "1 segments" in sms
    assert email.startswith("Subject: Invoice INV-2026-0107 for £120.00")
    assert "you can fetch it here:" in email
    assert "template version " in email


def test_a_past_event_is_shown_as_it_was_said_and_who_looked_is_on_record(desk: Desk) -> None:
    """What a caller said is nobody's to read without a reason."""
    desk.house.tell(envelope("call.message_taken", id="e-77", text="The boiler leaks again."))

    refused = desk.type("preview", "e-77", fails=True)
    shown = desk.type("preview", "e-77", *WHY)

    assert "--reason" in refused
    assert "> The boiler leaks again." in shown
    with desk.house.store.read() as tx:
        (act,) = last_acts(tx, 10)
    assert (act.verb.value, act.actor, act.reason) == ("preview", "kim", "agreed by telephone")
    assert act.targets[0].target == str(desk.house.event("e-77")["id"])
    assert desk.house.deliveries(status="sending") == []


def test_what_cannot_be_shown_says_why(desk: Desk) -> None:
    """In a sentence, with what to do."""
    assert "try onward find" in desk.type("preview", "e-0", *WHY, fails=True)
    assert "no customer C-9" in desk.type("preview", "--customer", "C-9", fails=True)
    assert "sms or email" in desk.type("preview", "--channel", "call", fails=True)
    assert "sms/offer.published" in desk.type(
        "preview", "offer.published", "--channel", "sms", fails=True
    )


def test_all_templates_are_tried_at_once_and_the_broken_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the processes start with them, not when the first delivery is parked."""
    assert "every template can be used" in desk.type("preview", "--all")
    own = desk.folder / "own" / "cy" / "email" / "invoice.overdue"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("Anfoneb {{ invoice }}")
    (own / "body.txt").write_text("{{ amount_owed }}")
    (own / "body.html").write_text("<p>{{ invoice }}</p>")
    unused = desk.folder / "own" / "cy" / "sms" / "later.txt"
    unused.parent.mkdir()
    unused.write_text("{% if %}")
    monkeypatch.setenv("ONWARD_TEMPLATES_DIR", str(desk.folder / "own"))

    said = desk.type("preview", "--all", fails=True)

    assert "cy/email/invoice.overdue/body.txt line 1: UndefinedError" in said
    assert "cy/sms/later.txt line 1: TemplateSyntaxError" in said
    assert "2 faults" in said


def test_a_customers_emails_come_in_a_name_of_its_own(desk: Desk) -> None:
    """Set by an operator, with a reason; seen in the preview before the first is sent."""
    desk.type(
        "mail-from",
        "set",
        "C-1042",
        *("--address", f"desk@{DOMAIN}", "--name", "Harbour Desks, Zoë", *WHY),
        *("--reply-to", f"answers@{DOMAIN}"),
    )

    mail = message_from_bytes(desk.preview("--customer", "C-1042"), policy=policy.default)
    everyones = message_from_bytes(desk.preview(), policy=policy.default)
    shown = json.loads(desk.type("mail-from", "show", "C-1042", "--json"))

    assert mail["From"].addresses[0].display_name == "Harbour Desks, Zoë"
    assert mail["From"].addresses[0].addr_spec == f"desk@{DOMAIN}"
    assert mail["Reply-To"].addresses[0].addr_spec == f"answers@{DOMAIN}"
    assert everyones["From"].addresses[0].addr_spec == "onward@brindle-hart.example"
    assert everyones["Reply-To"] is None
    assert shown[0]["address"] == f"desk@{DOMAIN}"
    with desk.house.store.read() as tx:
        acts = [(act.verb.value, act.targets[0].target) for act in last_acts(tx, 10)]
    assert acts == [("set_mail_from", "C-1042")]
    assert DOMAIN.encode() not in bytes_of(f"sqlite:///{desk.folder}/onward.db")


def test_a_name_can_be_taken_back(desk: Desk) -> None:
    """And doing nothing is said to be nothing."""
    desk.type("mail-from", "set", "C-1042", "--name", "Harbour Desks", *WHY)
    desk.type("mail-from", "clear", "C-1042", *WHY)

    again = desk.type("mail-from", "clear", "C-1042", *WHY, fails=True)

    assert "it is so already" in again
    assert desk.house.rows(tables.customers)[0]["mail_from"] is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--address", "desk@elsewhere.example"), f"(brindle-hart.example, {DOMAIN})"),
        (("--reply-to", "desk@elsewhere.example"), "--reply-to: its domain is not one"),
        (("--address", "no address"), "--address: must be an email address"),
        (("--name", "Harbour\r\nBcc: eve@evil.example"), "--name: "),
        ((), "give --address, --name or --reply-to"),
    ],
)
def test_a_name_that_may_not_be_is_refused_with_the_fix(
    desk: Desk, given: tuple[str, ...], told: str
) -> None:
    """Mail in the name of a domain that is not ours is refused by whoever gets it."""
    said = desk.type("mail-from", "set", "C-1042", *given, *WHY, fails=True)

    assert told in " ".join(said.split())
    assert desk.house.rows(tables.customers)[0]["mail_from"] is None


def test_an_unknown_customer_is_said_to_be_unknown(desk: Desk) -> None:
    """A mistyped reference must not look done."""
    said = desk.type("mail-from", "set", "C-9", "--name", "Harbour Desks", *WHY, fails=True)

    assert "nothing is known by this name" in said


def _send(sending: Sending) -> tuple[str, str | None]:
    sending.house.have_message()
    sending.deliver(EMAIL)
    mail = sending.mails()[-1]
    reply_to = mail["Reply-To"]
    return (
        mail["From"].addresses[0].addr_spec,
        reply_to.addresses[0].addr_spec if reply_to is not None else None,
    )


def test_emails_are_sent_in_the_name_that_is_set(sending: Sending) -> None:
    """From the next claim on, on either database; another customer's are not touched."""
    operations = sending.parts.operations
    operations.set_mail_from("C-1042", MailFrom(f"desk@{DOMAIN}", None, f"answers@{DOMAIN}"), BY)

    own = _send(sending)
    sending.house.serve("C-7", rules=[catch_all("d-mail")])
    sending.house.tell(envelope("call.message_taken", subject="C-7"))
    sending.deliver(EMAIL)

    assert own == (f"desk@{DOMAIN}", f"answers@{DOMAIN}")
    assert sending.mails()[-1]["From"].addresses[0].addr_spec == "onward@brindle-hart.example"


@pytest.fixture
def sending(empty_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give a house with C-1042 served at one email address, and a second domain of the office's."""
    with open_sending(empty_url, tmp_path, mail_domains=(DOMAIN,)) as opened:
        opened.house.serve(rules=[catch_all("d-mail")])
        yield opened


def test_a_domain_that_is_the_offices_no_more_is_not_used(
    empty_sqlite_url: str, tmp_path: Path
) -> None:
    """The email goes out all the same, in the company's own name."""
    with open_sending(empty_sqlite_url, tmp_path) as sending:
        sending.house.serve(rules=[catch_all("d-mail")])
        given = MailFrom(f"desk@{DOMAIN}", "Harbour Desks", None)
        sending.parts.operations.set_mail_from("C-1042", given, BY)

        assert _send(sending) == ("onward@brindle-hart.example", None)
