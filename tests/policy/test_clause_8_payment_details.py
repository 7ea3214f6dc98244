"""Clause 8: payment details stay with the provider; none of ours holds one, wherever it was put."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.topology import DEAD_QUEUE, intake_queues
from contracts.events import TYPES
from contracts.vocabulary import Answer, ErrorCode, Family
from store import tables
from store.engine import open_engine
from store.migrating import migrate
from store.publishers import Publisher
from store.rights import copying
from tests.building import House, bytes_of, open_house, open_test_store
from tests.factories import Sample, envelope, valid
from tests.intake.amqp import Desk, admit, rejections
from tests.ops.processes import running, settings
from tests.waiting import eventually

# Numbers that the schemes and banks publish for tests; they pay for nothing.
CARD = "4111111111111111"
SPACED = "4111 1111 1111 1111"
IBAN = "GB82WEST12345698765432"
WITH_CODE = f"{CARD} cvv 737"
DETAILS = (CARD, SPACED, IBAN, WITH_CODE)
TRACES = (CARD, SPACED, IBAN, "cvv 737", "411111111111")
OURS = [name for name, one in TYPES.items() if one.family in {Family.BILLING, Family.CUSTOMERS}]
FREE = {  # what is said in words is masked, and reaches whom it is for
    "customer.enquired": {"preferences_note"},
    "customer.ordered": {"preferences_note"},
    "invoice.cancelled": {"reason"},
    "service.terminated": {"reason"},
    "consent.given": {"evidence"},
    "consent.withdrawn": {"evidence"},
    "rights.requested": {"detail"},
}
Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Planted:
    """An event with a payment detail in one of its fields."""

    event: Sample
    path: str
    free: bool


def _leaves(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    match value:
        case dict():
            for name, member in value.items():
                yield from _leaves(member, (*path, name))
        case list() if value:
            for number, member in enumerate(value):
                yield from _leaves(member, (*path, number))
        case _:
            yield path


def _put(value: Any, path: Path_, detail: str) -> Any:
    if not path:
        return detail
    value[path[0]] = _put(value[path[0]], path[1:], detail)
    return value


def _shown(path: Path_) -> str:
    return "data" + "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in path)


def _planted(type_: str, details: tuple[str, ...] = DETAILS) -> list[Planted]:
    """Every field of a type, with each detail in it."""
    found = []
    for path in _leaves(valid(type_)):
        for detail in details:
            data = _put(deepcopy(valid(type_)), path, detail)
            free = path[0] in FREE.get(type_, ())
            found.append(Planted(envelope(type_, data=data), _shown(path), free))
    return found


def _opened(house: House) -> str:
    """All that is held, opened: of the customer, and of what was rejected."""
    said: list[str] = []
    with house.store.read() as tx:
        said.append(json.dumps(dict(copying.everything(tx, "C-1042")), default=str))
        said += [
            tx.open(f"events.content:{row['id']}", row["content"]).decode()
            for row in tx.connection.execute(tables.events.select()).mappings()
        ]
        for row in tx.connection.execute(tables.rejected_events.select()).mappings():
            body = row["body"]
            if body is not None:
                said.append(tx.open(f"rejected_events.body:{row['id']}", body).decode())
            said.append(json.dumps({k: str(v) for k, v in row.items() if k != "body"}))
        for table in (tables.outbox, tables.ledger):
            said += [str(dict(row)) for row in tx.connection.execute(table.select()).mappings()]
    return "\n".join(said)


def _is_at(path: str, planted: str) -> bool:
    """Whether a path names where it was planted, or the rule or place of a list that holds it."""
    return path.startswith(planted) or (planted.startswith(path) and path.endswith("]"))


def _traces(text: str) -> list[str]:
    return [trace for trace in TRACES if trace in text]


@pytest.mark.parametrize("type_", OURS)
def test_clause_8_in_any_field_of_any_form_they_are_refused_and_kept_nowhere(
    house: House, type_: str
) -> None:
    """The answer names the field; what is written in words is masked instead."""
    house.register(services=["phone_answering", "mail_forwarding"])
    planted = _planted(type_)

    answers = [house.hand_in_one(one.event) for one in planted]

    assert len(planted) >= len(DETAILS)
    for one, answer in zip(planted, answers, strict=True):
        if one.free:
            assert ErrorCode.CARD_DATA not in {each.code for each in answer.problems}, one.path
        else:
            assert answer.answer is Answer.REJECTED, one.path
            assert any(_is_at(each.path, one.path) for each in answer.problems), one.path
    assert _traces(_opened(house)) == []


@pytest.mark.parametrize("attribute", ["id", "source", "subject"])
def test_clause_8_in_the_envelope_they_are_refused_as_well(house: House, attribute: str) -> None:
    """A reference that somebody made of a card number is one."""
    for detail in (CARD, IBAN):
        answer = house.hand_in_one(envelope("payment.received") | {attribute: detail})

        assert answer.answer is Answer.REJECTED
        assert (attribute, ErrorCode.CARD_DATA) in [(p.path, p.code) for p in answer.problems]
    assert _traces(_opened(house)) == []


@pytest.mark.parametrize("name", ["cvv", "cvc", "security_code", "securityCode", "card-code"])
def test_clause_8_a_security_code_in_a_field_of_its_own_is_not_kept_either(
    house: House, name: str
) -> None:
    """The event is rejected for its unknown fields; what is kept of it must not hold the code."""
    card: Sample = {"card_number": CARD, name: "737", "expires": "12/28"}

    refused = [
        house.hand_in_one(envelope("payment.received", **card)),
        house.hand_in_one(envelope("payment.received", card=card)),
    ]

    assert {one.answer for one in refused} == {Answer.REJECTED}
    assert '"737"' not in _bodies(house)
    assert _traces(_bodies(house)) == []


def _bodies(house: House) -> str:
    with house.store.read() as tx:
        return "\n".join(
            tx.open(f"rejected_events.body:{row['id']}", row["body"]).decode()
            for row in tx.connection.execute(tables.rejected_events.select()).mappings()
        )


def test_clause_8_of_how_a_customer_pays_there_is_a_token_and_a_label(house: House) -> None:
    """And both sealed; the provider has the rest."""
    house.register()

    house.tell(envelope("subscription.chosen"), envelope("payment.received"))

    (row,) = house.rows(tables.subscriptions)
    with house.store.read() as tx:
        kept = json.loads(tx.open("subscriptions.content:C-1042/sub-1", row["content"]))
    assert kept.keys() == {"plan", "method_label", "provider_token", "currency", "amount"}


def test_clause_8_the_disk_holds_none_of_them(empty_sqlite_url: str) -> None:
    """Not the tables, nor the log of what was written to them."""
    with open_house(empty_sqlite_url) as house:
        house.register()
        for type_ in OURS:
            house.hand_in(*(one.event for one in _planted(type_, (WITH_CODE, IBAN))))

    assert _traces(bytes_of(empty_sqlite_url).decode("latin-1")) == []


def test_clause_8_neither_a_log_nor_the_queue_of_the_dead_holds_them(
    postgresql_url: str, broker_url: str, tmp_path: Path
) -> None:
    """By the broker, into a process of ours: all are answered, none is dead, none was written."""
    engine = open_engine(postgresql_url, 1)
    migrate(engine)
    engine.dispose()
    desk = Desk(broker_url)
    with open_test_store(postgresql_url) as store:
        admit(store, Publisher(desk.user, ("*",), ("*",)))
        planted = [one for type_ in OURS for one in _planted(type_, (WITH_CODE, IBAN))]
        refused = [one for one in planted if not one.free]
        environment = settings(
            tmp_path,
            database_url=postgresql_url,
            broker_url=broker_url,
            log_level="debug",
        )
        with running(tmp_path, environment, "intake"):
            for one in planted:
                desk.publish(one.event)
            for one in refused[:3]:  # and as if intake had broken over them
                desk.put(json.dumps(one.event).encode(), DEAD_QUEUE, "", content_type="text/plain")
            eventually(lambda: len(rejections(store)) >= len(refused) + 3, "all are answered", 60)
            eventually(lambda: not _left(desk), "no queue holds any")

        log = (tmp_path / "intake.log").read_text()
        house = House(store, None)  # type: ignore[arg-type]
        assert _traces(log) == []
        assert _traces(_opened(house)) == []
    desk.close()


def _left(desk: Desk) -> int:
    return sum(desk.ready(queue) for queue in (*intake_queues(), DEAD_QUEUE))
