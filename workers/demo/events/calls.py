"""Which callers are to be put through?"""

from workers.demo.events.writing import ASTRAY, PUT_THROUGH, RUNG_OUT, SMS, TOO_LATE, Pen
from workers.demo.telling import Hour


def calls(pen: Pen) -> Hour:
    """Put through, rung out, too late, and astray."""
    told = (
        pen.call(
            "k-01",
            PUT_THROUGH,
            "01632 960206",
            "A caller is put through, and answered",
            told_back="answered",
            ends=("call d-desk delivered",),
        ),
        pen.call(
            "k-02",
            RUNG_OUT,
            "01632 960207",
            "Nobody answers: the call becomes its message",
            told_back="no_answer",
            ends=("call d-desk undelivered:not_answered", SMS),
        ),
        pen.call(
            "k-03",
            TOO_LATE,
            "01632 960207",
            "Too late: never dialled, a message instead",
            told_back="expired",
            ends=("not_sent:late_call", SMS),
        ),
        pen.call(
            "k-04",
            ASTRAY,
            "01632 960299",
            "Nobody's number: the caller goes back to the agent",
            told_back="failed",
        ),
    )
    lines = (
        ("+447700900301", "+441632960206", PUT_THROUGH),
        ("+447700900302", "+441632960207", RUNG_OUT),
        ("+447700900303", "+441632960207", TOO_LATE),
        ("+447700900304", "+441632960299", ASTRAY),
    )
    return Hour("10:30", "Callers are put through", told, ringing=lines)
