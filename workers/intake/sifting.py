"""How is one event found that our own code cannot take in, without failing those beside it?

What the database refuses, ``TakingIn`` finds by itself. This is for faults of ours: the batch is
halved until the event stands alone, and that event is rejected, so that it is on record and told
and does not come back for ever.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from config.logs import where_it_failed
from contracts.problems import Problem
from contracts.vocabulary import ErrorCode
from workers.intake.reading import refused
from workers.intake.submission import Submission
from workers.intake.taking_in import Taken, TakingIn

log = get_logger(__name__)

NOT_TAKEN_IN = "could not be taken in; reported to the operators"
_OURS = Problem("", ErrorCode.IMPOSSIBLE, NOT_TAKEN_IN)


def is_store_away(error: BaseException) -> bool:
    """Tell what time or an operator mends from what an event causes.

    After ``TakingIn`` has found data errors, all that still comes from the database is the
    former: an outage, no free connection, tables out of step. So is a full disk or memory.
    """
    return isinstance(error, SQLAlchemyError | OSError | MemoryError)


def take_in(taking_in: TakingIn, submissions: Sequence[Submission]) -> Taken:
    """Take a batch in. Raises only where ``is_store_away``, or where not even rejecting works."""
    try:
        return taking_in.take_in(submissions)
    except Exception as fault:
        if is_store_away(fault):
            raise
        if len(submissions) == 1:
            return taking_in.take_in([_rejected(submissions[0], fault)])
        log.warning("batch_split", size=len(submissions), error_type=type(fault).__name__)
    middle = len(submissions) // 2
    first = take_in(taking_in, submissions[:middle])
    second = take_in(taking_in, submissions[middle:])
    return Taken(first.answers + second.answers, first.due + second.due)


def _rejected(submission: Submission, fault: Exception) -> Submission:
    report(fault, submission.publisher.name)
    try:
        body = submission.keepable()
    except Exception as wrong:  # noqa: BLE001 - then it may have been this that failed
        report(wrong, submission.publisher.name)
        body = None
    return replace(submission, event=refused(submission.event, _OURS), body=body)


def report(fault: Exception, publisher: str | None) -> None:
    """Tell the operators of a fault of ours: its kind and place, none of the event's values."""
    log.error(
        "event_not_taken_in",
        publisher=publisher,
        error_type=type(fault).__name__,
        exception="\n".join(where_it_failed(fault)),
    )
