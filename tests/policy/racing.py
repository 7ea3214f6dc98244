"""What comes of it when two things that exclude each other are done at once?"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from contracts.vocabulary import Answer
from store import tables
from tests.building import House, preferences
from tests.factories import Sample, catch_all, envelope
from tests.policy.desk import OFFICER, Office

_PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Raced:
    """What each of the two came to, and whether the customer is still on record."""

    ref: str
    erased: bool
    started: bool
    there: bool

    @property
    def fair(self) -> bool:
        """Whether exactly one was done, and the record says the same."""
        return self.erased is not self.started and self.there is self.started


def enquire(house: House, ref: str = "C-1042") -> None:
    """Have somebody who has enquired, registered and said how they want to be reached."""
    house.tell(envelope("customer.enquired", subject=ref))
    house.register(ref)
    house.tell(preferences(ref, catch_all("d-mobile", "d-mail")))


def started(ref: str) -> Sample:
    """Make the event that starts their service."""
    return envelope("service.started", subject=ref, services=["phone_answering"])


def race(office: Office, refs: Sequence[str]) -> list[Raced]:
    """Erase and start each of them at once, one after the other."""
    outcomes = [(ref, *_race(office, ref)) for ref in refs]
    with office.house.store.read() as tx:
        left = set(tx.connection.execute(select(tables.customers.c.ref)).scalars())
    return [Raced(ref, erased, began, ref in left) for ref, erased, began in outcomes]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do some things at once; give what each came to."""
    begin = threading.Barrier(len(acts))

    def act(one: Callable[[], Any]) -> Any:
        begin.wait(_PATIENCE)
        return one()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [one.result(_PATIENCE) for one in [threads.submit(act, one) for one in acts]]


def _race(office: Office, ref: str) -> tuple[bool, bool]:
    erasure, answered = at_once(
        lambda: office.erasing.erase(ref, OFFICER),
        lambda: office.house.hand_in_one(started(ref)),
    )
    erased = erasure.refusal is None and not erasure.kept
    return erased, answered.answer is Answer.ACCEPTED
