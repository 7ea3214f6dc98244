"""Is an event taken in once, whatever a publisher, a broker or two intakes do to it?"""

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from contracts.envelope import parse_binary_http
from contracts.events import Event, canonical_content, parse_event
from contracts.vocabulary import Answer, ErrorCode, EventStatus
from store import tables
from store.encryption.keys import RootKey
from tests import factories
from tests.building import EVERYTHING, House, preferences, submission, verified
from tests.factories import Sample
from tests.intake.deadlocks import deadlocks
from workers.intake.submission import Answered, Submission

RECORDS = (
    tables.events,
    tables.deliveries,
    tables.ledger,
    tables.outbox,
    tables.waits,
    tables.rejected_events,
    tables.search_terms,
)


def _codes(answered: Answered) -> dict[str, ErrorCode]:
    return {problem.path: problem.code for problem in answered.problems}


def _counts(house: House) -> dict[str, int]:
    return {table.name: len(house.rows(table)) for table in RECORDS}


def _reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reordered(value[name]) for name in reversed(value)}
    return [_reordered(each) for each in value] if isinstance(value, list) else value


def _structured(event: Sample) -> Submission:
    return submission(event)


def _in_another_order(event: Sample) -> Submission:
    return submission(_reordered(event))


def _with_other_extensions(event: Sample) -> Submission:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    return submission({**event, "traceparent": trace, "time": "2026-11-20T10:05:00Z"})


def _binary(event: Sample) -> Submission:
    attributes = {k: v for k, v in event.items() if k not in {"data", "datacontenttype"}}
    headers = {f"ce-{name}": value for name, value in attributes.items()}
    headers["content-type"] = "application/json"
    body = json.dumps(event["data"], indent=2).encode()
    parsed = parse_event(parse_binary_http(headers, body), admit_drama=True)
    return Submission(EVERYTHING, "test", parsed, body)


@pytest.mark.parametrize(
    "again",
    [_structured, _in_another_order, _with_other_extensions, _binary],
    ids=lambda f: f.__name__[1:],
)
def test_a_repeated_event_does_nothing(house: House, again: Callable[[Sample], Submission]) -> None:
    """Brokers and publishers repeat themselves; a customer must not be told twice."""
    house.serve()
    event = factories.envelope("call.message_taken")
    first = house.hand_in_one(event)
    before = _counts(house)

    repeated = house.taking_in.take_in([again(event)])

    assert repeated.answers[0].answer is Answer.DUPLICATE
    assert repeated.answers[0].id == first.id
    assert repeated.due == ()
    assert _counts(house) == before


def test_an_event_that_is_twice_in_a_batch_is_taken_in_once(house: House) -> None:
    """A redelivery can share the batch of what it repeats."""
    house.serve()
    event = factories.envelope("call.message_taken")

    taken = house.hand_in(event, factories.envelope("call.message_taken"), event)

    assert [a.answer for a in taken.answers] == [
        Answer.ACCEPTED,
        Answer.ACCEPTED,
        Answer.DUPLICATE,
    ]
    assert len(house.deliveries()) == 4


@pytest.mark.parametrize("batches", [1, 2])
def test_the_same_id_with_other_content_is_refused_and_shown(house: House, batches: int) -> None:
    """Two facts under one name: taking either for the other would lose one without a word."""
    house.serve()
    event = factories.envelope("call.message_taken")
    other = {**event, "data": {**event["data"], "text": "Something else."}}

    if batches == 1:
        answer = house.hand_in(event, other).answers[1]
    else:
        house.hand_in(event)
        answer = house.hand_in_one(other)

    assert answer.answer is Answer.REJECTED
    assert _codes(answer) == {"id": ErrorCode.CONFLICTING_DUPLICATE}
    (shown,) = house.rows(tables.rejected_events)
    assert (shown["source"], shown["event_id"]) == (event["source"], event["id"])
    (told,) = house.outcomes("event.rejected")
    assert told["id"] == event["id"]
    assert told["errors"][0]["code"] == "conflicting_duplicate"
    assert len(house.deliveries()) == 2


def test_what_a_repeat_is_known_by_tells_nobody_what_was_said(house: House) -> None:
    """A plain digest of a short text can be found by trying, long after the text is erased."""
    event = factories.envelope("call.message_taken", text="Yes.")
    house.hand_in(event)
    other = RootKey(b"o" * 32)
    parsed = submission(event).event
    assert isinstance(parsed, Event)
    content = canonical_content(parsed)

    kept = house.event(event["id"])["digest"]

    assert kept == house.store.root.digest(content)
    assert kept not in {other.digest(content), hashlib.sha256(content).digest()}


def test_a_conflicting_event_of_another_type_changes_nothing(house: House) -> None:
    """Not even an effect may slip through under a name that is taken."""
    house.serve()
    event = factories.envelope("call.message_taken")
    house.tell(event)
    removal = factories.envelope("destination.removed", id=event["id"], destination_id="d-mobile")

    answer = house.hand_in_one(removal)

    assert _codes(answer) == {"id": ErrorCode.CONFLICTING_DUPLICATE}
    (mobile,) = house.rows(tables.destinations, destination_id="d-mobile")
    assert mobile["removed_at"] is None


@pytest.mark.parametrize("batches", [1, 2])
def test_the_id_of_a_malformed_event_may_be_used_again(house: House, batches: int) -> None:
    """A publisher mends the event and sends it again under its name."""
    house.serve()
    mended = factories.envelope("call.message_taken")
    broken = {**mended, "data": {**mended["data"], "surprise": 1}}

    if batches == 1:
        answers = house.hand_in(broken, mended).answers
    else:
        answers = (house.hand_in_one(broken), house.hand_in_one(mended))

    assert [a.answer for a in answers] == [Answer.REJECTED, Answer.ACCEPTED]
    assert len(house.deliveries()) == 2


@pytest.mark.parametrize("batches", [1, 2])
def test_the_id_of_a_refused_event_may_be_used_again(house: House, batches: int) -> None:
    """What contradicts the record is mended like any other error."""
    house.serve()
    stale = preferences("C-1042", factories.catch_all("d-mail"), based_on=0)
    fresh = {**stale, "data": {**stale["data"], "based_on_version": 1}}

    if batches == 1:
        answers = house.hand_in(stale, stale, fresh).answers
    else:
        answers = tuple(house.hand_in_one(e) for e in (stale, stale, fresh))

    assert [a.answer for a in answers] == [Answer.REJECTED, Answer.REJECTED, Answer.ACCEPTED]
    (customer,) = house.rows(tables.customers)
    assert customer["rules_version"] == 2


def test_the_id_of_an_event_refused_after_waiting_may_be_used_again(house: House) -> None:
    """It was answered `event.rejected` like any other; its publisher mends it like any other."""
    house.serve()
    rules = [factories.catch_all("d-new")]
    waiting = preferences("C-1042", *rules, based_on=1)
    assert house.hand_in_one(waiting).answer is Answer.WAITING
    house.tell(preferences("C-1042", factories.catch_all("d-mail"), based_on=1))
    new = factories.envelope(
        "destination.added", destination_id="d-new", kind="email", value="new@example.com"
    )
    house.tell(new)  # the rules that waited are stale by now
    (refused,) = house.rows(tables.rejected_events)
    assert refused["event_id"] == waiting["id"]
    mended = {**waiting, "data": {**waiting["data"], "based_on_version": 2}}

    answer = house.hand_in_one(mended)

    assert answer.answer is Answer.ACCEPTED, answer.problems
    assert house.event(waiting["id"])["status"] is EventStatus.ROUTED
    assert house.hand_in_one(mended).answer is Answer.DUPLICATE
    assert house.hand_in_one(verified("C-1042", "d-new")).answer is Answer.ACCEPTED


def test_two_intakes_given_the_same_events_take_each_in_once(house: House) -> None:
    """After a broken connection two intakes hold the same events, in any order, at one time."""
    house.serve()
    events = [factories.envelope("call.message_taken", call_id=f"call-{n}") for n in range(60)]
    batches = [events, list(reversed(events))]
    together = threading.Barrier(2)
    answers: list[list[Answer]] = [[], []]

    def take(number: int) -> None:
        together.wait()
        taken = house.hand_in(*batches[number])
        answers[number] = [a.answer for a in taken.answers]

    threads = [threading.Thread(target=take, args=(n,)) for n in range(2)]
    with deadlocks(house) as found:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert found == []  # they are taken in one order: retries would hide it, a second each
    told = sorted(word for found in answers for word in found)
    assert told == [Answer.ACCEPTED] * 60 + [Answer.DUPLICATE] * 60
    assert len(house.rows(tables.events, type="call.message_taken")) == 60
    assert len(house.deliveries()) == 120
