"""Does a sealed value open in its own place, with its own key, and there alone?"""

import base64
import contextlib

import pytest
from sqlalchemy import insert, select

from contracts.vocabulary import Retention
from store.encryption.keys import MasterKey, RootKey, Unopenable
from store.tables import customers, data_keys, metadata
from store.types import Sealed, SealedBytes
from tests.building import (
    BOTH,
    ROOT,
    START,
    House,
    SettableClock,
    bytes_of,
    open_house,
    open_test_store,
)
from tests.factories import catch_all, envelope, valid

HERE = "destinations.value:here"
TEXT = "the lease of the boathouse"
CANARIES = (
    TEXT,
    "boathouse",
    "Ada Quill",
    "1632960111",  # the caller's number, in whatever form
    "7700900123",
    "jo@harbourlane",
    "Quay Street",
    "Rings only",
    "Westport",
    "1632960200",
    "Canary Wharfinger",
    "Kestrel",
    "Tom Ash",
    "kept on paper",
)


def test_no_table_holds_a_personal_value_in_plain(empty_sqlite_url: str) -> None:
    """Read as bytes on the disk, journal included, as whoever finds the disk would read it."""
    with open_house(empty_sqlite_url) as house:
        house.tell(envelope("customer.enquired"))
        house.hand_in(envelope("call.message_taken", subject="C-9", text=TEXT))
        post = {"do": "forward", "postal_destination": "d-postal"}
        house.serve(
            services=BOTH,
            rules=[catch_all("d-mobile", "d-mail", post=post)],
            legal_name="Canary Wharfinger Ltd",
            also_known_as=["Kestrel"],
        )
        house.tell(
            envelope("number.assigned"),
            envelope("call.message_taken", text=TEXT),
            envelope("post.received", addressee="Kestrel"),
            envelope("post.scanned", item_id="item-2", addressee="Kestrel"),
            envelope("invoice.issued"),
            envelope("consent.given", data=valid("consent.given", evidence="kept on paper")),
            envelope("note.recorded", data=valid("note.recorded", text=TEXT, amends=...)),
            envelope("correspondence.recorded", data=valid("correspondence.recorded", text=TEXT)),
        )
        house.hand_in(envelope("call.message_taken", text=TEXT, urgency="whenever"))
        house.claim()
        house.tell(envelope("service.terminated", terminated_at="2026-11-20T09:00:00Z"))

        found = bytes_of(empty_sqlite_url)

    assert b"C-1042" in found  # it was really looked at
    assert [canary for canary in CANARIES if canary.encode() in found] == []


def test_a_plain_value_cannot_be_bound_to_a_sealed_column(house: House) -> None:
    """Forgetting to seal is an error at once, not a breach found later."""
    with pytest.raises(Exception, match="SealedBytes"), house.store.write() as tx:
        tx.connection.execute(
            insert(customers).values(
                ref="C-1",
                revision=1,
                profile=b"plain",
                time_zone="Europe/London",
                locale="en-GB",
                rules_version=0,
                first_seen_at=START,
            )
        )


def test_every_sealed_column_is_of_the_one_encrypted_type() -> None:
    """A column for what is personal that takes plain bytes would pass unnoticed."""
    sealed = {
        f"{t.name}.{c.name}"
        for t in metadata.tables.values()
        for c in t.c
        if isinstance(c.type, Sealed)
    }

    assert sealed == {
        "acts.reason",
        "complaints.answer",
        "complaints.detail",
        "consents.evidence",
        "consents.method",
        "consents.withdrawn_how",
        "correspondence.content",
        "custody.content",
        "customers.mail_from",
        "customers.profile",
        "customers.sms_sender",
        "destinations.label",
        "destinations.masked",
        "destinations.person",
        "destinations.value",
        "disclosures.content",
        "destinations.verified_how",
        "earlier_values.content",
        "events.content",
        "identities.content",
        "incidents.content",
        "ledger.personal",
        "legal_holds.reason",
        "notes.content",
        "numbers.number",
        "outbox.content",
        "rejected_events.body",
        "replies.content",
        "rights_requests.answer",
        "rights_requests.detail",
        "rule_sets.content",
        "rule_sets.set_by",
        "subscriptions.content",
        "transfers.key",
        "transfers.place",
        "supplier_disclosures.content",
    }


@pytest.mark.parametrize("owner", ["C-1042", None])
def test_a_sealed_value_opens_in_its_own_place_alone(house: House, owner: str | None) -> None:
    """Whoever moves it to another row gets nothing to read, and we notice."""
    with house.store.write() as tx:
        sealed = tx.seal(owner, "destinations.value:C-1042/d-mail/1", b"jo@example.com")

    with house.store.read() as tx:
        opened = tx.open("destinations.value:C-1042/d-mail/1", sealed)
        with pytest.raises(Unopenable) as moved:
            tx.open("destinations.value:C-7/d-mail/1", sealed)

    assert opened == b"jo@example.com"
    assert "destinations.value:C-7/d-mail/1" in moved.value.place
    assert "jo@" not in str(moved.value)


@pytest.mark.parametrize("owner", ["C-1042", None])
@pytest.mark.parametrize("place", [9, -1])
def test_an_altered_value_does_not_open(house: House, owner: str | None, place: int) -> None:
    """GCM tells: nothing that was changed is taken for what was written."""
    with house.store.write() as tx:
        sealed = bytearray(tx.seal(owner, HERE, b"value"))
        sealed[place] ^= 1

        with pytest.raises(Unopenable):
            tx.open(HERE, SealedBytes(bytes(sealed)))


def test_two_customers_values_are_under_two_keys(house: House) -> None:
    """To destroy one customer's key must erase that customer alone."""
    with house.store.write() as tx:
        one, other = (tx.seal(ref, HERE, b"value") for ref in ("C-1", "C-2"))

    assert one[1:9] != other[1:9]
    assert {row["owner"] for row in house.rows(data_keys)} == {"C-1", "C-2"}


def test_a_wrapped_key_given_to_another_owner_does_not_open(house: House) -> None:
    """Rows of the key table cannot be exchanged."""
    with house.store.write() as tx:
        tx.seal("C-1", HERE, b"value")
        row = tx.connection.execute(select(data_keys).limit(1)).one()

    with pytest.raises(Unopenable):
        ROOT.unwrap(row.key_id, "C-2\0contact", row.wrapped)


def test_another_master_key_opens_nothing(house: House) -> None:
    """And says so plainly instead of giving rubbish."""
    with house.store.write() as tx:
        tx.seal("C-1", HERE, b"value")
        row = tx.connection.execute(select(data_keys).limit(1)).one()

    with pytest.raises(Unopenable):
        RootKey(b"o" * 32).unwrap(row.key_id, "C-1\0contact", row.wrapped)


def test_a_key_of_a_rolled_back_transaction_seals_nothing_later(house: House) -> None:
    """Else values would be sealed under a key that stands nowhere, and be lost."""
    with contextlib.suppress(ZeroDivisionError), house.store.write() as tx:
        tx.seal("C-1", HERE, b"value")
        raise ZeroDivisionError

    with house.store.write() as tx:
        sealed = tx.seal("C-1", HERE, b"value")

    (kept,) = house.rows(data_keys, owner="C-1", retention=Retention.CONTACT)
    assert int.from_bytes(sealed[1:9], "big", signed=True) == kept["key_id"]


def test_another_process_opens_what_this_one_sealed(empty_url: str) -> None:
    """Keys are in the store, not in a process."""
    with open_house(empty_url) as house:
        with house.store.write() as tx:
            sealed = tx.seal("C-1", HERE, b"value")
        house.store.known_keys.clear()
        house.store.keys_by_id.clear()

        with house.store.read() as tx:
            assert tx.open(HERE, sealed) == b"value"


def test_equal_values_look_different(house: House) -> None:
    """Nobody may see that two customers' destinations are one."""
    with house.store.write() as tx:
        assert tx.seal("C-1", HERE, b"value") != tx.seal("C-1", HERE, b"value")


def test_a_look_up_digest_depends_on_the_key_and_on_the_kind() -> None:
    """A number cannot be found by hashing all numbers, nor a name under a number's digest."""
    other = RootKey(b"o" * 32)

    digests = {
        ROOT.index("number", "+441632960200"),
        ROOT.index("name", "+441632960200"),
        other.index("number", "+441632960200"),
        ROOT.digest(b"number\0+441632960200")[:16],
    }

    assert len(digests) == 4
    assert ROOT.index("number", "+441632960200") in digests


@pytest.mark.parametrize("text", ["not base64!", base64.b64encode(b"short").decode(), ""])
def test_a_bad_master_key_is_refused_without_being_quoted(text: str) -> None:
    """What was mistyped may be most of a real key."""
    with pytest.raises(ValueError, match="master key") as refused:
        MasterKey.from_base64(text)

    assert not text or text not in str(refused.value)


def test_the_store_asks_its_own_clock_once_a_transaction(empty_sqlite_url: str) -> None:
    """Leases and due times are compared by one clock, and one transaction has one moment."""
    clock = SettableClock()
    with open_test_store(empty_sqlite_url, clock) as store, store.write() as tx:
        first = tx.now
        clock.advance(seconds=5)

        assert (first, tx.now) == (START, START)
