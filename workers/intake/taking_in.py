"""How a batch of events is taken in: one transaction, after which everyone may rely on it.

The promise: when ``take_in`` returns, every event of the batch is on record with all that was
planned from it, waits on record, or is on record as rejected. When it raises, nothing of the
batch is. One bad event never fails another.
"""

import time
from collections.abc import Callable, Sequence

from sqlalchemy.exc import DBAPIError
from structlog import get_logger
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from config.policies import Policies
from contracts.envelope import Envelope
from contracts.problems import Malformed, Problem
from contracts.vocabulary import ErrorCode
from store.customers.known import Readings
from store.engine import Store, Transaction, is_outage, is_race
from workers.intake.round import TAKEN_UP_AT_ONCE, Round, Taken
from workers.intake.submission import Answered, Submission
from workers.running.failpoints import reach

__all__ = ["Taken", "TakingIn"]

log = get_logger(__name__)
_RACES = 6
_Told = Callable[[Sequence[Submission], Sequence[Answered], float], None]


class TakingIn:
    """Takes events in. One for a process; every call is a transaction of its own.

    ``told`` is called after each commit with what was taken in, the answers, and the seconds. Of
    what waited for the same, ``taken_up_at_once`` are taken up in one transaction.
    """

    def __init__(
        self,
        store: Store,
        readings: Readings,
        policies: Policies,
        told: _Told = lambda *_: None,
        taken_up_at_once: int = TAKEN_UP_AT_ONCE,
    ) -> None:
        self._taken_up_at_once = taken_up_at_once
        self._told = told
        self._store = store
        self._readings = readings
        self._policies = policies

    def take_in(self, submissions: Sequence[Submission]) -> Taken:
        """Take a batch in; raises what the database raises while it is out of order.

        A fault of one event's own is found by halving the batch, and that event is rejected.
        """
        try:
            return self._in_one(submissions)
        except DBAPIError as error:
            if is_outage(error):
                raise
            if len(submissions) == 1:
                return self._in_one([_poison(submissions[0])])
            log.warning("batch_split", events=len(submissions), error_type=type(error).__name__)
            middle = len(submissions) // 2
            first = self.take_in(submissions[:middle])
            second = self.take_in(submissions[middle:])
            return Taken(first.answers + second.answers, first.due + second.due)

    def _in_one(self, submissions: Sequence[Submission]) -> Taken:
        begun = time.monotonic()
        taken = self._in_one_transaction(submissions)
        self._told(submissions, taken.answers, time.monotonic() - begun)
        return taken

    def _in_one_transaction(self, submissions: Sequence[Submission]) -> Taken:
        for attempt in Retrying(
            retry=retry_if_exception(is_race),
            stop=stop_after_attempt(_RACES),
            wait=wait_random_exponential(multiplier=0.005, max=0.2),
            reraise=True,
        ):
            with attempt, self._store.write() as tx:
                taken = self._round(tx).take(submissions)
                reach("intake.before_commit")
                return taken
        raise AssertionError("tenacity gives a result or raises")

    def look_again(self, names: Sequence[bytes]) -> Taken:
        """Take up what waits for some names, if it is there now; for upkeep's rechecks."""
        with self._store.write() as tx:
            if tx.postgresql:
                tx.lock([], sorted(names))
            return self._round(tx).look_again(names)

    def _round(self, tx: Transaction) -> Round:
        return Round(tx, self._readings, self._policies, self._taken_up_at_once)


def _poison(submission: Submission) -> Submission:
    problem = Problem("", ErrorCode.IMPOSSIBLE, "cannot be stored as it is; see its type's schema")
    match submission.event:
        case Malformed(draft=draft):
            pass
        case event:
            draft = Envelope(event.event_id, event.source, event.wire_type)
    return Submission(
        submission.publisher, submission.route, Malformed((problem,), draft=draft), submission.body
    )
