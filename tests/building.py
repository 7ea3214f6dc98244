"""How does a test get a store with customers in it, at a time of its choosing?"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.engine import make_url

from config.policies import Policies, policies
from config.settings import Settings
from contracts.envelope import parse_structured
from contracts.events import Event, keepable, parse_event
from contracts.problems import Malformed
from contracts.vocabulary import Answer, DeliveryStatus, Door, Role
from store import outbox, publishers, tables
from store.customers.known import Readings
from store.deliveries import advancing
from store.deliveries.adding import Due
from store.deliveries.claiming import Claim, Claimed, claim
from store.encryption import root_keys
from store.encryption.keys import MasterKey, RootKey
from store.engine import Clock, Store, open_engine
from store.publishers import Publisher
from tests import factories
from tests.factories import Sample
from workers.following_up import follow_up
from workers.intake.submission import Answered, Submission
from workers.intake.taking_in import Taken, TakingIn

START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # a Friday; the samples' events are of then
ROOT = RootKey(b"k" * 32)
MASTER = MasterKey(b"k" * 32)  # that processes are given, to open the root key with
EVERYTHING = Publisher("all", ("*",), ("*",), tuple(Door), tuple(Role))
PHONE = ("phone_answering",)
POST = ("mail_forwarding",)
BOTH = PHONE + POST
MOBILE = "+447700900123"
MAIL = "jo@harbourlane.example"

Row = Mapping[str, Any]


class SettableClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Give the time."""
        return self.now

    def advance(self, **by: float) -> None:
        """Move on by so many ``seconds``, ``hours`` or ``days``."""
        self.now += timedelta(**by)


@contextlib.contextmanager
def open_test_store(url: str, clock: Clock | None = None, *, make: bool = False) -> Iterator[Store]:
    """Open a store, where asked after making its tables, and close it."""
    engine = open_engine(url)
    if make:
        tables.metadata.create_all(engine, checkfirst=False)
    store = Store(engine, ROOT, policy_version="2020-04", clock=clock)
    try:
        root_keys.add(engine, ROOT, MASTER)
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def open_house(
    url: str, clock: SettableClock | None = None, *, make: bool = False
) -> Iterator["House"]:
    """Open an empty store, and what takes events in to it."""
    settable = clock or SettableClock()
    with open_test_store(url, settable, make=make) as store:
        house = House(store, settable)
        house.admit(EVERYTHING)
        yield house


def parsed(body: bytes) -> Event | Malformed:
    """Read an event as a door does."""
    try:
        return parse_event(parse_structured(body), admit_drama=True)
    except Malformed as broken:
        return broken


def submission(event: Sample, publisher: Publisher = EVERYTHING) -> Submission:
    """Hand an event in as a door does."""
    body = json.dumps(event).encode()
    return Submission(publisher, "test", parsed(body), keepable(body))


def sandbox_policies(**settings: Any) -> Policies:
    """Give the policies of a sandbox."""
    return policies(Settings(sandbox=True, **settings))


@dataclass(slots=True)
class House:
    """A store and what takes events in to it; its clock stands still until it is moved."""

    store: Store
    clock: SettableClock
    readings: Readings = field(default_factory=Readings)
    policies: Policies = field(default_factory=sandbox_policies)

    @property
    def taking_in(self) -> TakingIn:
        """Give what takes events in."""
        return TakingIn(self.store, self.readings, self.policies)

    def admit(self, publisher: Publisher) -> Publisher:
        """Enter a publisher."""
        with self.store.write() as tx:
            publishers.add(tx, publisher)
        return publisher

    def hand_in(self, *events: Sample, publisher: Publisher = EVERYTHING) -> Taken:
        """Take events in as one batch, whatever is answered."""
        return self.taking_in.take_in([submission(event, publisher) for event in events])

    def hand_in_one(self, event: Sample, publisher: Publisher = EVERYTHING) -> Answered:
        """Take one event in; give its answer."""
        return self.hand_in(event, publisher=publisher).answers[0]

    def tell(self, *events: Sample) -> list[Due]:
        """Take in, one after the other, events that must all be accepted; give what is due."""
        return [due for event in events for due in self.tell_at_once(event)]

    def tell_at_once(self, *events: Sample) -> list[Due]:
        """Do the same with events in one batch."""
        taken = self.hand_in(*events)
        found = [(a.answer, a.waits_for, a.problems) for a in taken.answers]
        assert all(answer is Answer.ACCEPTED for answer, _, _ in found), found
        self.clock.advance(milliseconds=1)
        return list(taken.due)

    def register(
        self,
        ref: str = "C-1042",
        services: Sequence[str] = PHONE,
        *,
        legal_name: str | None = None,
        **registered: Any,
    ) -> None:
        """Have a customer with a verified mobile and email, and no rules yet.

        One with a post service has a verified postal address, too.
        """
        name = legal_name or f"{ref} Ltd"
        has_post = bool(set(services) & set(POST))
        postal = [
            place(ref, "d-postal", "postal", "4 Quay Street\nWestport\nZZ1 1AB"),
            verified(ref, "d-postal"),
        ]
        about = {
            "legal_name": name,
            "trading_name": name,
            "also_known_as": [],
            **({} if has_post else {"addresses": ...}),
            **registered,
        }
        self.tell_at_once(
            factories.envelope("customer.registered", subject=ref, services=[*services], **about),
            place(ref, "d-mobile", "mobile", MOBILE),
            place(ref, "d-mail", "email", MAIL),
            verified(ref, "d-mobile"),
            verified(ref, "d-mail"),
            *(postal if has_post else ()),
        )

    def serve(
        self,
        ref: str = "C-1042",
        services: Sequence[str] = PHONE,
        rules: Sequence[Sample] | None = None,
        **registered: Any,
    ) -> None:
        """Have a customer whose services have started; the catch-all sends to mobile and mail."""
        self.register(ref, services, **registered)
        self.tell_at_once(
            preferences(ref, *(rules or [factories.catch_all("d-mobile", "d-mail")])),
            factories.envelope("service.started", subject=ref, services=[*services]),
        )

    def go_on(self) -> list[Due]:
        """Send on what has had its time without reaching anybody, as upkeep does."""
        with self.store.write() as tx:
            rows = advancing.waited(tx, 500)
            silent = advancing.unreached(tx, rows)
            due = follow_up(tx, self.readings, self.policies.lanes, silent)
            advancing.settle(tx, rows, silent)
            return due

    def rows(self, table: Table, **where: Any) -> list[dict[str, Any]]:
        """Give a table's rows by primary key; ``where`` compares columns."""
        statement = select(table).order_by(*table.primary_key.columns)
        for column, value in where.items():
            statement = statement.where(table.c[column] == value)
        with self.store.read() as tx:
            return [dict(row) for row in tx.connection.execute(statement).mappings()]

    def deliveries(self, **where: Any) -> list[dict[str, Any]]:
        """Give deliveries in the order in which they were planned."""
        return self.rows(tables.deliveries, **where)

    def delivery(self, **where: Any) -> dict[str, Any]:
        """Give the one delivery that there is."""
        (row,) = self.deliveries(**where)
        return row

    def standing(self, **where: Any) -> list[tuple[str, str, str]]:
        """Give each delivery's destination, status and reason."""
        return [
            (row["destination_id"], row["status"].value, row["reason"].value)
            for row in self.deliveries(**where)
        ]

    def event(self, event_id: str) -> dict[str, Any]:
        """Give an event's row by the id that its publisher gave it."""
        (row,) = self.rows(tables.events, event_id=event_id)
        return row

    def outcomes(self, name: str) -> list[dict[str, Any]]:
        """Give the facts of all outcomes of a name, in the order in which they are told."""
        with self.store.write() as tx:
            while outbox.give_positions(tx):
                pass
        found = sorted(self.rows(tables.outbox, name=name), key=lambda row: row["position"])
        return [json.loads(row["facts"]) for row in found]

    def entries(self, **where: Any) -> list[dict[str, Any]]:
        """Give ledger entries in the order in which they were written."""
        return self.rows(tables.ledger, **where)

    def claim(
        self, *delivery_ids: UUID, worker: str = "w-1", lease_seconds: float = 60
    ) -> list[Claimed]:
        """Claim deliveries as a worker does; all that there are, where none is named."""
        ids = delivery_ids or [row["id"] for row in self.deliveries()]
        with self.store.write() as tx:
            return [*claim(tx, ids, Claim(worker, "provider", lease_seconds)).claimed]

    def have_message(self, **message: Any) -> list[UUID]:
        """Take in a `call.message_taken` for C-1042; give the ids of its deliveries."""
        event = factories.envelope("call.message_taken", **message)
        self.tell(event)
        return [row["id"] for row in self.deliveries(event_id=self.event(event["id"])["id"])]

    def status(self, delivery_id: UUID) -> DeliveryStatus:
        """Give how a delivery stands."""
        found: DeliveryStatus = self.delivery(id=delivery_id)["status"]
        return found


def place(ref: str, destination_id: str, kind: str, value: str, **more: Any) -> Sample:
    """Make a `destination.added`."""
    return factories.envelope(
        "destination.added",
        subject=ref,
        destination_id=destination_id,
        kind=kind,
        value=value,
        **more,
    )


def verified(ref: str, destination_id: str) -> Sample:
    """Make a `destination.verified`."""
    return factories.envelope("destination.verified", subject=ref, destination_id=destination_id)


def preferences(ref: str, *rules: Sample, based_on: Any = ...) -> Sample:
    """Make a `preferences.set`."""
    return factories.envelope(
        "preferences.set", subject=ref, rules=[*rules], based_on_version=based_on
    )


def first_of(*destinations: str, rule_id: str = "in-turn") -> Sample:
    """Make a catch-all whose steps are tried one after the other."""
    return factories.catch_all(*destinations, rule_id=rule_id, mode="first")


def waits_for_a_lock(house: House) -> bool:
    """Tell whether anybody waits for a lock in PostgreSQL that another holds."""
    with house.store.read() as tx:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(
            tx.connection.exec_driver_sql(f"{asked} AND datname = current_database()").scalar_one()
        )


def bytes_of(url: str) -> bytes:
    """Give all that stands in a SQLite store, as it lies on the disk."""
    file = Path(str(make_url(url).database))
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))
