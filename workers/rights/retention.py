"""What is kept for its time, never a second less, and then surely destroyed, with a certificate.

A class of a customer's records ends so many years after their services did, by the calendar of the
office: of services that ended on 29 February, on 1 March. Who is under a legal hold, restricted, or
waits for an answer is left alone. Processors that hold a copy are asked to erase it, too.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from structlog import get_logger

from config.policies import Policies
from config.processors import Processor
from contracts.vocabulary import Retention
from store.engine import Store, Transaction, steadily
from store.rights import (
    alone,
    came_later,
    erased,
    erasing,
    processors,
    prospects,
    retaining,
)
from store.rights.prospects import Quiet
from store.rights.retaining import Over
from workers.rights.clock import months_after, years_after
from workers.rights.processors import to_be_asked, to_be_asked_with

if TYPE_CHECKING:
    from store.files import Files

log = get_logger(__name__)
_CUSTOMERS = 20
_ROWS = 2_000
_CERTIFICATES = 100  # looked through in one turn
_SETTLED = timedelta(days=30)  # what came later is left this long, to be dealt with
_SECONDS = 0.5  # of upkeep's time in one turn: others of its chores wait meanwhile
# What refers to the rest goes last: a customer's contact tells whose the others are.
_ORDER = (
    Retention.IDENTITY,
    Retention.CONTENT,
    Retention.SENDS,
    Retention.BILLING,
    Retention.CONTACT,
)


class Retaining:
    """Destroys what is over, a part at a time. ``open_files`` is called when files go.

    Those of ``runs`` that hold something of it are asked to erase it too, and have ``answer_days``
    for it.
    """

    def __init__(
        self,
        store: Store,
        policies: Policies,
        open_files: "Callable[[], Files]",
        runs: Sequence[Processor] = (),
        answer_days: int = 14,
    ) -> None:
        self._store = store
        self._policies = policies
        self._open_files = open_files
        self._runs = runs
        self._answer_days = answer_days
        # In this process: another begins at the front.
        self._upto: dict[Over, UUID | None] = {}
        self._looked: str | None = None

    def run(self) -> int:
        """Destroy some of what is over, for a moment; give how much there was to do."""
        until = steadily() + _SECONDS
        done = self._prospects() + self._reopen()
        for retention in _ORDER:
            with self._store.read() as tx:
                latest = self._latest_end(tx, self._policies.retention.years[retention])
                found = retaining.over(tx, retention, latest, _CUSTOMERS)
            for one in found:
                if steadily() >= until:
                    return max(done, 1)  # there may be more: the next turn looks
                if self._is_over(one):
                    done += self._destroy(one, until)
        return done

    def _reopen(self) -> int:
        """Look through some certificates for what came after them: it is over already."""
        with self._store.write() as tx:
            before = tx.now - _SETTLED
            looked = came_later.reopen_some(tx, self._looked, before, _CERTIFICATES)
        self._looked = looked.upto
        return looked.reopened

    def _is_over(self, one: Over) -> bool:
        """Whether the whole time has passed: by the calendar, to the second."""
        with self._store.read() as tx:
            tx.ask_the_time()
            years = self._policies.retention.years[one.retention]
            return self._end(one.ended_at, years) <= tx.now

    def _end(self, ended_at: datetime, years: int) -> datetime:
        return _later(ended_at, partial(years_after, years=years), self._zone)

    def _latest_end(self, tx: Transaction, years: int) -> datetime:
        """The latest instant at which services may have ended whose records are over by now."""
        # A day too many: what is over is decided for each, by the calendar.
        return tx.now - timedelta(days=365 * years) + timedelta(days=1)

    def _destroy(self, one: Over, until: float) -> int:
        """Begin with a class, or go on with it; what is left by then goes in the next turn."""
        with self._store.write() as tx:
            alone.hold_customers(tx, [one.customer_ref])
            if not retaining.is_over(tx, one):
                return 0
            if retaining.begin(tx, one):
                self._pass_on(tx, one)
        rows, done = 0, False
        while not done and steadily() < until:
            with self._store.write() as tx:
                alone.hold_customers(tx, [one.customer_ref])
                if not retaining.is_over(tx, one):
                    break  # held for a court, say, since its key went: what is left stays
                some = retaining.destroy_some(tx, one, _ROWS, self._upto.get(one))
            self._delete(some.files)
            self._upto[one] = some.upto
            rows, done = rows + some.rows, some.done
        if done:
            del self._upto[one]
            log.info("records_destroyed", kind=one.retention.value)
        return max(rows, 1)

    def _prospects(self) -> int:
        """Forget who was never served, so long after they were last heard of; they may come back.

        Starting a service holds the same name: one of the two finds what the other did.
        """
        with self._store.read() as tx:
            quiet = self._quiet(tx.now)
            found = prospects.forgotten(tx, quiet, _CUSTOMERS)
        for one in found:
            ref = one.customer_ref
            with self._store.write() as tx:
                names = alone.hold_customers(tx, [ref])
                if not prospects.is_forgotten(tx, ref, quiet):
                    continue  # heard of again, served, or held for a court meanwhile
                askings = to_be_asked(self._runs, processors.held_by_parts(tx, ref))
                gone = erasing.erase(tx, ref, erased.index_of(tx, ref), names)
                erasing.forget_that_keys_were(tx, ref)
                processors.ask_for_all(tx, ref, askings, self._answer_days)
            self._delete(gone.files)
        return len(found)

    def _quiet(self, now: datetime) -> Quiet:
        """Before when was somebody last heard of whose time is over by now?"""
        policy = self._policies.retention
        months = partial(months_after, months=policy.prospect_months)
        return Quiet(
            _latest_over(now, months, self._zone),
            {
                retention: _latest_over(
                    now, partial(years_after, years=policy.years[retention]), self._zone
                )
                for retention in prospects.BY_LAW
            },
        )

    def _pass_on(self, tx: Transaction, one: Over) -> None:
        """Ask processors to erase what goes with a class of a customer's records."""
        if self._runs:
            held = processors.held_by_parts(tx, one.customer_ref)
            years = self._policies.retention.years
            askings = to_be_asked_with(one.retention, years, self._runs, held)
            processors.ask_for_all(tx, one.customer_ref, askings, self._answer_days)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._policies.office_time_zone)

    def _delete(self, files: Sequence[str]) -> None:
        if files:
            kept = self._open_files()
            for path in files:
                kept.delete(path)


def _later(moment: datetime, after: Callable[[date], date], zone: ZoneInfo) -> datetime:
    """The instant so much later, by the calendar of the office."""
    local = moment.astimezone(zone)
    day = after(local.date())
    return local.replace(year=day.year, month=day.month, day=day.day)


def _latest_over(now: datetime, after: Callable[[date], date], zone: ZoneInfo) -> datetime:
    """The latest instant that is so long ago by now, by the calendar of the office."""
    low, high = now - (_later(now, after, zone) - now) - timedelta(days=7), now
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if _later(middle, after, zone) <= now else (low, middle)
    return low
