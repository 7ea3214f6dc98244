"""Is there a verdict on every reply, and is it ever the wrong kind for its stage?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Reason
from workers.providers.base import Accepted, Deferred, Rejected, Unknown
from workers.providers.smtp_replies import (
    ROWS,
    Meaning,
    Reply,
    Row,
    Stage,
    accepted,
    meaning_of,
    refusal,
    told_to_wait,
)

stages = st.sampled_from(Stage)
replies = st.builds(
    Reply,
    st.integers(-1, 999),
    st.one_of(
        st.text(max_size=80),
        st.from_regex(r"\A[245]\.[0-9]{1,3}\.[0-9]{1,3} [a-z ]{0,20}\Z"),
    ),
)


@given(stage=stages, reply=replies)
def test_every_reply_has_a_verdict_that_fits_its_stage(stage: Stage, reply: Reply) -> None:
    """Only what follows the dot may be unknown, and no refusal is ever an acceptance."""
    verdict = refusal(stage, reply)

    assert not isinstance(verdict, Accepted)
    assert isinstance(verdict, Deferred | Rejected) or stage is Stage.END


@given(stage=stages, reply=replies)
def test_only_a_permanent_reply_is_final(stage: Stage, reply: Reply) -> None:
    """A delivery must not be given up for a 4xx (RFC 5321, section 4.2.1)."""
    verdict = refusal(stage, reply)

    assert not isinstance(verdict, Rejected) or 500 <= reply.code < 600


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code or 'any'} {row.enhanced}")
def test_every_row_names_its_source_and_can_be_reached(row: Row) -> None:
    """A row behind a wider one would be a rule that nobody follows."""
    code = int((row.code or "250").ljust(3, "0"))
    enhanced = row.enhanced.rstrip(".")
    while enhanced and enhanced.count(".") < 2:
        enhanced += ".9"
    reply = Reply(code, f"{enhanced} words".strip())
    stage = min(row.stages) if row.stages else Stage.MAIL

    first = next(
        one
        for one in ROWS
        if str(code).startswith(one.code)
        and reply.enhanced.startswith(one.enhanced)
        and (not one.stages or stage in one.stages)
    )

    assert row.source
    assert first is row
    assert meaning_of(stage, reply) is row.meaning


@pytest.mark.parametrize(
    ("text", "busy"),
    [
        ("Rate limit exceeded", True),
        ("4.2.0 too many connections from you", True),
        ("Greylisted", True),
        ("corporate mailbox is busy", False),
        ("separate trouble", False),
    ],
)
def test_a_rate_limit_is_told_from_a_fault_by_whole_words(text: str, busy: bool) -> None:
    """One waits and spends nothing; the other spends an attempt."""
    meaning = meaning_of(Stage.RCPT, Reply(450, text))

    assert (meaning is Meaning.BUSY) is busy


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("greylisted, try again in 300 seconds", 300.0),
        ("come back after 5 minutes", 300.0),
        ("wait for 99999 s", 3600.0),
        ("try again later", None),
    ],
)
def test_the_wait_that_a_server_asks_for_is_kept(text: str, seconds: float | None) -> None:
    """Coming back sooner is refused again, and counts against us there."""
    assert told_to_wait(Reply(451, text)) == seconds


@given(text=st.text(max_size=2000))
def test_a_reference_is_short_printable_and_names_nobody(text: str) -> None:
    """It is kept in the ledger and shown in logs."""
    reference = accepted(Reply(250, text)).reference

    assert 0 < len(reference) <= 120
    assert reference.isascii()
    assert reference.isprintable()
    assert "@" not in reference


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("2.0.0 Ok: queued as 4bXyZ1234Qz", "4bXyZ1234Qz"),
        ("OK id=1tABcD-00000000abc-1XyZ", "1tABcD-00000000abc-1XyZ"),
        ("2.0.0 4AO9x2Kd012345 Message accepted for delivery", "4AO9x2Kd012345"),
        ("2.0.0 OK  1700000000 ab1-cd2.33 - gsmtp", "2.0.0 OK 1700000000 ab1-cd2.33 - gsmtp"),
    ],
)
def test_the_queue_id_is_the_reference(text: str, reference: str) -> None:
    """By it the relay's operator finds the email in the relay's log."""
    assert accepted(Reply(250, text)) == Accepted(reference)


def test_a_reply_out_of_place_after_the_dot_settles_nothing() -> None:
    """Neither yes nor no was said."""
    assert refusal(Stage.END, Reply(354, "go on")) == Unknown(Reason.NO_ANSWER, "end 354")
