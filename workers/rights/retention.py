"""What is kept for its time, never a second less, and then surely destroyed, with a certificate.

A class of a customer's records ends so many years after their services did, by the calendar of the
office: of services that ended on 29 February, on 1 March. Who is under a legal hold, or
restricted, is left alone.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from structlog import get_logger

from config.policies import Policies
from contracts.vocabulary import Retention
from store import inbox
from store.engine import Store, Transaction, steadily
from store.rights import came_later, erased, erasing, prospects, retaining
from store.rights.retaining import Over
from workers.rights.clock import months_after, years_after

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
    """Destroys what is over, a part at a time. ``open_files`` is called when files go."""

    def __init__(self, store: Store, policies: Policies, open_files: "Callable[[], Files]") -> None:
        self._store = store
        self._policies = policies
        self._open_files = open_files
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
        local = ended_at.astimezone(ZoneInfo(self._policies.office_time_zone))
        day = years_after(local.date(), years)
        return local.replace(year=day.year, month=day.month, day=day.day)

    def _latest_end(self, tx: Transaction, years: int) -> datetime:
        """The latest instant at which services may have ended whose records are over by now."""
        # A day too many: what is over is decided for each, by the calendar.
        return tx.now - timedelta(days=365 * years) + timedelta(days=1)

    def _destroy(self, one: Over, until: float) -> int:
        """Begin with a class, or go on with it; what is left by then goes in the next turn."""
        with self._store.write() as tx:
            _hold(tx, one.customer_ref)
            if not retaining.begin(tx, one):
                return 0
        rows, done = 0, False
        while not done and steadily() < until:
            with self._store.write() as tx:
                some = retaining.destroy_some(tx, one, _ROWS, self._upto.get(one))
            self._delete(some.files)
            self._upto[one] = some.upto
            rows, done = rows + some.rows, some.done
        if done:
            del self._upto[one]
            log.info("records_destroyed", kind=one.retention.value)
        return max(rows, 1)

    def _prospects(self) -> int:
        """Forget who only enquired, so long after they were last heard of; they may come back."""
        with self._store.read() as tx:
            zone = ZoneInfo(self._policies.office_time_zone)
            months = self._policies.retention.prospect_months
            heard_before = _months_before(tx.now, months, zone)
            found = prospects.forgotten(tx, heard_before, _CUSTOMERS)
        for one in found:
            with self._store.write() as tx:
                names = _hold(tx, one.customer_ref)
                if not prospects.is_forgotten(tx, one.customer_ref, heard_before):
                    continue  # heard of again, a customer, or held for a court meanwhile
                index = erased.index_of(tx, one.customer_ref)
                gone = erasing.erase(tx, one.customer_ref, index, names)
                erasing.forget_that_keys_were(tx, one.customer_ref)
            self._delete(gone.files)
        return len(found)

    def _delete(self, files: Sequence[str]) -> None:
        if files:
            kept = self._open_files()
            for path in files:
                kept.delete(path)


def _hold(tx: Transaction, ref: str) -> list[bytes]:
    """Hold a customer alone, as who starts their service does; give the names held."""
    names = [inbox.name_digest(tx, inbox.customer_name(ref))]
    tx.lock([], names)
    return names


def _months_before(now: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The latest instant that is so many months ago by now, by the calendar of the office."""
    low, high = now - timedelta(days=31 * months + 3), now
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        local = middle.astimezone(zone)
        day = months_after(local.date(), months)
        over = local.replace(year=day.year, month=day.month, day=day.day) <= now
        low, high = (middle, high) if over else (low, middle)
    return low
