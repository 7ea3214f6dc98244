"""Does mail that comes back settle the email it is about, and nothing else?"""

import contextlib
import smtplib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from contracts.vocabulary import Channel, DeliveryStatus
from store import tables
from tests.building import MAIL, House, first_of, preferences, verified
from tests.dispatch.sending import Sending, open_sending
from tests.factories import catch_all
from tests.receipts.test_delivery_report import WHOLE
from tests.waiting import eventually
from workers.bootstrap.doors import open_mail_door
from workers.bootstrap.preparing import return_paths
from workers.receipts.counts import Meaning, Way
from workers.receipts.mail_door import MailDoor
from workers.return_path import ReturnPaths
from workers.sandbox.behaviour import Act, Rule

S = DeliveryStatus
EMAIL = Channel.EMAIL
DOMAIN = "bounces.brindle-hart.example"


@dataclass(frozen=True, slots=True)
class Mailing:
    """Sends email to a relay that reports back to us."""

    sending: Sending
    door: MailDoor

    @property
    def house(self) -> House:
        return self.sending.house

    @property
    def paths(self) -> ReturnPaths:
        paths = return_paths(self.sending.parts)
        if paths is None:
            raise AssertionError("a domain is set")
        return paths

    def email(self, *rules: Rule) -> dict[str, Any]:
        """Send one email, the relay behaving so; give its delivery."""
        self.sending.sandbox.behave(*rules)
        ids = self.house.have_message()
        self.sending.deliver(EMAIL, ids)
        return self.house.deliveries(channel=EMAIL)[-1]

    def counted(self, meaning: Meaning, times: int = 1) -> None:
        """Wait until so many have been counted."""
        counts = self.sending.parts.counts
        eventually(
            lambda: counts.numbers().get((Way.BOUNCE, meaning), 0) >= times, f"{times} {meaning}"
        )

    def bring(self, to: str, raw: bytes = WHOLE) -> int:
        """Bring one mail to the door, as a relay does; give the last reply's code."""
        with smtplib.SMTP("127.0.0.1", self.door.port, "relay.example", timeout=60) as client:
            client.ehlo()
            client.docmd("MAIL FROM:<>")
            code, _ = client.docmd(f"RCPT TO:<{to}>")
            return client.data(raw)[0] if code == 250 else code

    def own_address(self) -> str:
        """The return path of the last email."""
        row = self.house.deliveries(channel=EMAIL)[-1]
        return self.paths.address(row["id"], row["fence"])


@contextlib.contextmanager
def _mailing(url: str, folder: Path, **settings: Any) -> Iterator[Mailing]:
    given = {"mail_bounce_domain": DOMAIN, "bounce_port": 0, **settings}
    with open_sending(url, folder, **given) as sending:
        sending.house.serve(rules=[catch_all("d-mail")])
        door = open_mail_door(sending.parts)
        door.start()
        sending.sandbox.bounce_to(door.port)
        try:
            yield Mailing(sending, door)
        finally:
            door.stop()


@pytest.fixture
def mailing(empty_url: str, tmp_path: Path) -> Iterator[Mailing]:
    """Give one on each kind of store."""
    with _mailing(empty_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def embedded(empty_sqlite_url: str, tmp_path: Path) -> Iterator[Mailing]:
    """Give one on SQLite alone."""
    with _mailing(empty_sqlite_url, tmp_path) as opened:
        yield opened


def test_an_email_to_a_dead_address_is_undelivered_and_the_address_barred(
    mailing: Mailing,
) -> None:
    """The customer did not get it, and will not get the next one there."""
    mailing.email(Rule(Act.BOUNCE, channel="email"))
    mailing.counted(Meaning.CHANGED)

    row = mailing.house.delivery(channel=EMAIL)
    (mail,) = mailing.sending.accepted()
    assert (row["status"], row["reason"].value, row["detail"]) == (
        S.UNDELIVERED,
        "bounced",
        "failed 5.1.1",
    )
    assert row["reference"] == mail.reference
    assert (mail.sender, mail.envid) == (mailing.own_address(), mail.sender.partition("@")[0])
    (barred,) = mailing.house.rows(tables.suppressions)
    assert (barred["purpose"].value, barred["set_by"].value) == ("messages", "bounce")
    # In either order: a relay at hand may report before our record of its acceptance is written.
    assert sorted(one["outcome"] for one in mailing.house.entries()) == ["accepted", "undelivered"]


def test_a_dead_address_that_is_verified_again_is_used_again(embedded: Mailing) -> None:
    """Its owner has mended the mailbox."""
    embedded.email(Rule(Act.BOUNCE, channel="email"))
    embedded.counted(Meaning.CHANGED)

    embedded.house.tell(verified("C-1042", "d-mail"))

    (barred,) = embedded.house.rows(tables.suppressions)
    assert barred["lifted_at"] is not None


def test_a_full_mailbox_is_barred_once_it_bounced_often(mailing: Mailing) -> None:
    """Once, it will be empty again; three times in a week, nobody reads it."""
    standing = []
    for number in range(1, 4):
        mailing.email(Rule(Act.BOUNCE, channel="email", enhanced="5.2.2"))
        mailing.counted(Meaning.CHANGED, number)
        standing.append(len(mailing.house.rows(tables.suppressions)))

    (barred,) = mailing.house.rows(tables.suppressions)
    kept = [(row["kind"].value, row["status"]) for row in mailing.house.rows(tables.bounces)]
    assert standing == [0, 0, 1]
    assert (barred["reason"].value, barred["set_by"].value) == ("bounced", "bounce")
    assert kept == [("soft", "5.2.2")] * 3


def test_bounces_of_long_ago_bar_nothing(embedded: Mailing) -> None:
    """A mailbox that is full twice a year is read."""
    for number in range(1, 5):
        embedded.email(Rule(Act.BOUNCE, channel="email", enhanced="4.2.2"))
        embedded.counted(Meaning.CHANGED, number)
        embedded.house.clock.advance(days=4)

    assert embedded.house.rows(tables.suppressions) == []


def test_an_address_that_was_verified_again_begins_anew(embedded: Mailing) -> None:
    """Its owner has read our email there since: what bounced before says nothing any more."""
    for number in range(1, 3):
        embedded.email(Rule(Act.BOUNCE, channel="email", enhanced="5.2.2"))
        embedded.counted(Meaning.CHANGED, number)
    embedded.house.clock.advance(seconds=1)
    now = embedded.house.clock.now.isoformat()
    embedded.house.tell({**verified("C-1042", "d-mail"), "data": _shown(now)})
    embedded.house.clock.advance(seconds=1)

    embedded.email(Rule(Act.BOUNCE, channel="email", enhanced="5.2.2"))
    embedded.counted(Meaning.CHANGED, 3)

    assert embedded.house.rows(tables.suppressions) == []


def _shown(at: str) -> dict[str, str]:
    return {"destination_id": "d-mail", "how": "link in an email", "verified_at": at}


@pytest.mark.parametrize("enhanced", ["5.7.1", "5.3.4", "5.6.1", "5.1.8", "4.7.0"])
def test_what_is_about_the_email_bars_no_address(embedded: Mailing, enhanced: str) -> None:
    """Taken for spam, too large, from a sender unknown there: no fault of the address's."""
    for number in range(1, 5):
        embedded.email(Rule(Act.BOUNCE, channel="email", enhanced=enhanced))
        embedded.counted(Meaning.CHANGED, number)

    assert embedded.house.rows(tables.suppressions) == []
    assert {row["kind"].value for row in embedded.house.rows(tables.bounces)} == {"other"}


def test_a_bounce_that_comes_again_counts_once(embedded: Mailing) -> None:
    """Mail systems repeat themselves."""
    embedded.email(Rule(Act.BOUNCE, channel="email", enhanced="5.2.2"))
    embedded.counted(Meaning.CHANGED)
    for _ in range(4):
        embedded.bring(embedded.own_address(), WHOLE)
    embedded.counted(Meaning.REPEATED, 4)

    assert len(embedded.house.rows(tables.bounces)) == 1


def test_an_address_refused_in_the_dialogue_is_barred_at_once(embedded: Mailing) -> None:
    """A relay that asks ahead says it before it takes the email; it is the same word."""
    embedded.email(Rule(Act.REFUSE, channel="email", code=550))

    row = embedded.house.delivery(channel=EMAIL)
    (barred,) = embedded.house.rows(tables.suppressions)
    assert (row["status"], row["reason"].value) == (S.FAILED, "invalid_destination")
    assert (barred["reason"].value, barred["purpose"].value) == ("bounced", "messages")


def test_a_relay_that_refuses_without_a_word_bars_nobody(embedded: Mailing) -> None:
    """It may be out of order, and would bar every address that it is asked for."""
    embedded.email(Rule(Act.REFUSE, channel="email", code=551))

    assert embedded.house.delivery(channel=EMAIL)["status"] is S.FAILED
    assert embedded.house.rows(tables.suppressions) == []


def test_a_bounce_goes_on_to_the_rules_next_step(embedded: Mailing) -> None:
    """The rule names a mobile for exactly that."""
    embedded.house.tell(preferences("C-1042", first_of("d-mail", "d-mobile")))

    embedded.email(Rule(Act.BOUNCE, channel="email"))
    embedded.counted(Meaning.CHANGED)

    assert embedded.house.standing() == [
        ("d-mail", "undelivered", "bounced"),
        ("d-mobile", "pending", "next_step"),
    ]


@pytest.mark.parametrize(
    ("action", "wanted"),
    [("failed", S.UNDELIVERED), ("delayed", S.ACCEPTED), ("delivered", S.DELIVERED)],
)
def test_a_report_settles_an_email_that_nobody_answered_for(
    mailing: Mailing, action: Any, wanted: S
) -> None:
    """What comes back has been sent: it must not go out again."""
    mailing.email(
        Rule(Act.ACCEPT_THEN_DROP, channel="email", stage="dot"),
        Rule(Act.BOUNCE, channel="email", action=action, enhanced="4.4.1"),
    )
    mailing.counted(Meaning.CHANGED)

    assert mailing.house.delivery(channel=EMAIL)["status"] is wanted
    (attempt,) = mailing.house.rows(tables.attempts)
    assert attempt["verdict"] == "receipt"


def test_a_holiday_reply_shows_that_the_email_was_sent(embedded: Mailing) -> None:
    """Who did not get it does not know the address."""
    embedded.email(Rule(Act.ACCEPT_THEN_DROP, channel="email", stage="dot"))

    code = embedded.bring(embedded.own_address(), b"Subject: Away\r\n\r\nBack on Monday.\r\n")

    assert code == 250
    assert embedded.house.delivery(channel=EMAIL)["status"] is S.ACCEPTED


def test_a_bounce_that_comes_twice_changes_nothing_more(embedded: Mailing) -> None:
    """Relays repeat what they believe lost."""
    embedded.email(Rule(Act.BOUNCE, channel="email", how="duplicate"))
    embedded.counted(Meaning.CHANGED)
    embedded.counted(Meaning.REPEATED)

    # In either order, as above.
    outcomes = [entry["outcome"] for entry in embedded.house.entries()]
    assert sorted(outcomes) == ["accepted", "undelivered"]
    assert embedded.house.delivery(channel=EMAIL)["status"] is S.UNDELIVERED


def test_a_report_is_known_by_its_envelope_id_too(embedded: Mailing) -> None:
    """A gateway sent it to another address at our domain."""
    embedded.email()
    local = embedded.own_address().partition("@")[0]

    code = embedded.bring(f"postmaster@{DOMAIN}", WHOLE.replace(b"b.01.1.ff", local.encode()))

    assert code == 250
    assert embedded.house.delivery(channel=EMAIL)["status"] is S.UNDELIVERED


@pytest.mark.parametrize(
    "forge",
    [
        lambda own: own.replace(".1.", ".2."),
        lambda own: "b." + "0" * 32 + own[34:],
        lambda own: f"{MAIL.partition('@')[0]}@{own.partition('@')[2]}",
    ],
)
def test_a_forged_bounce_is_taken_politely_and_counted_and_does_nothing(
    embedded: Mailing, forge: Any
) -> None:
    """Whoever knows our ids must not be able to stop a customer's email."""
    embedded.email()

    code = embedded.bring(forge(embedded.own_address()))

    assert code == 250
    embedded.counted(Meaning.UNKNOWN)
    assert embedded.house.delivery(channel=EMAIL)["status"] is S.ACCEPTED


def test_a_bounce_of_a_delivery_that_is_gone_is_unknown(embedded: Mailing) -> None:
    """Its customer was erased; the relay need not know."""
    embedded.email()
    row = embedded.house.delivery(channel=EMAIL)

    code = embedded.bring(embedded.paths.address(row["id"], 7))

    assert code == 250
    embedded.counted(Meaning.UNKNOWN)


def test_no_mail_is_taken_for_anybody_else(embedded: Mailing) -> None:
    """The door is no relay."""
    assert embedded.bring("jo@harbourlane.example") == 550
    embedded.counted(Meaning.REFUSED)


def test_of_a_crowd_as_many_are_served_as_there_is_room_for(embedded: Mailing) -> None:
    """A mail server that comes with all it has must not find the door shut."""
    with contextlib.ExitStack() as crowd:
        callers = [
            crowd.enter_context(socket.create_connection(("127.0.0.1", embedded.door.port), 60))
            for _ in range(30)
        ]
        said = [caller.recv(4)[:3] for caller in callers]

    assert sorted(said) == [b"220"] * 16 + [b"421"] * 14


def test_while_the_store_is_away_the_relay_is_asked_to_come_again(embedded: Mailing) -> None:
    """A bounce that is answered and lost is lost for ever."""
    embedded.email()
    address = embedded.own_address()
    _rename(embedded.house, "deliveries", "away")

    code = embedded.bring(address)
    _rename(embedded.house, "away", "deliveries")
    later = embedded.bring(address)

    assert (code, later) == (451, 250)
    assert embedded.house.delivery(channel=EMAIL)["status"] is S.UNDELIVERED


def _rename(house: House, old: str, new: str) -> None:
    with house.store.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_bounces_come_by_lmtp_as_well(empty_sqlite_url: str, tmp_path: Path) -> None:
    """The usual way from a mail server to a program beside it."""
    with _mailing(empty_sqlite_url, tmp_path, bounce_protocol="lmtp") as mailing:
        mailing.email()
        address = mailing.own_address()
        with socket.create_connection(("127.0.0.1", mailing.door.port), 60) as raw:
            lines = raw.makefile("rwb")
            lines.readline()
            replies = []
            for said in (b"LHLO relay.example", b"MAIL FROM:<>", f"RCPT TO:<{address}>".encode()):
                lines.write(said + b"\r\n")
                lines.flush()
                while (reply := lines.readline())[3:4] == b"-":
                    pass
                replies.append(reply[:3])
            lines.write(b"DATA\r\n")
            lines.flush()
            replies.append(lines.readline()[:3])
            lines.write(WHOLE + b".\r\n")
            lines.flush()
            replies.append(lines.readline()[:3])

        assert replies == [b"250", b"250", b"250", b"354", b"250"]
        assert mailing.house.delivery(channel=EMAIL)["status"] is S.UNDELIVERED


def test_without_a_domain_email_goes_out_as_before(empty_sqlite_url: str, tmp_path: Path) -> None:
    """The sender's own mailbox gets the bounces then."""
    with open_sending(empty_sqlite_url, tmp_path) as sending:
        sending.house.serve(rules=[catch_all("d-mail")])
        sending.house.have_message()
        sending.deliver(EMAIL)

        (mail,) = sending.accepted()
        assert mail.sender == "onward@brindle-hart.example"
