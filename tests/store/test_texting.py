"""Is no number sent more texts than networks let through, whoever claims them?"""

import contextlib
import threading
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.events import load_data
from contracts.events.calls import MessageTaken
from contracts.planning import NETWORK_ALIKE, NETWORK_MOST, TextLimits
from contracts.vocabulary import DeliveryStatus, Lane, Mode
from store import tables
from store.deliveries.claiming import Claim, Claimed, ClaimResult, Texts, claim
from store.deliveries.texting import Past, Text, opening
from store.inbox import split_content
from tests.building import START, House, place, preferences, verified
from tests.factories import catch_all, envelope

S = DeliveryStatus
LIMITS = TextLimits(most=3, alike=2)
NUMBER = b"n" * 16


def said(claimed: Claimed) -> str:
    """What a message says is its own words, and nothing else."""
    data = load_data(claimed.event_type, split_content(claimed.content_of_event)[1])
    return data.text if isinstance(data, MessageTaken) else claimed.event_type


def claim_texts(
    house: House, ids: Sequence[UUID] = (), limits: TextLimits = LIMITS, worker: str = "w-1"
) -> ClaimResult:
    """Claim as a worker does that spares numbers."""
    wanted = ids or [row["id"] for row in house.deliveries()]
    with house.store.write() as tx:
        return claim(tx, wanted, Claim(worker, "provider", 60, Texts(limits, said)))


def messages(house: House, many: int, *, text: str = "", **more: str) -> list[UUID]:
    """Have messages, each with words of its own unless they are given."""
    return [
        one
        for n in range(many)
        for one in house.have_message(call_id=f"call-{n}", text=text or f"No. {n}", **more)
    ]


@pytest.fixture
def texted(house: House) -> House:
    """Give a house whose customer reads texts alone."""
    house.serve(rules=[catch_all("d-mobile")])
    return house


def test_a_number_is_sent_as_many_as_it_may_and_the_rest_wait(texted: House) -> None:
    """One more, and networks would block the number for all that comes after."""
    messages(texted, 5)

    result = claim_texts(texted)

    rows = texted.deliveries()
    assert [row["status"] for row in rows] == [S.SENDING] * 3 + [S.PENDING] * 2
    assert len(result.claimed) == 3
    assert {row["reason"].value for row in rows[3:]} == {"throttled"}
    assert [row["attempts"] for row in rows] == [1, 1, 1, 0, 0]
    assert texted.entries() == []  # it waits, and nobody need be told


def test_what_waits_is_due_when_there_is_room_one_after_the_other(texted: House) -> None:
    """Due all at once, they would only be put off again."""
    for n in range(3):
        texted.have_message(call_id=f"first-{n}", text=f"First {n}")
        claim_texts(texted)
        texted.clock.advance(minutes=10)
    began = [row["started_at"] for row in texted.rows(tables.attempts)]
    messages(texted, 5)

    claim_texts(texted)

    hour = timedelta(hours=1)
    due = [row["due_at"] for row in texted.deliveries(status=S.PENDING)]
    assert due[:3] == [at + hour for at in sorted(began)]
    assert due[3:] == [at + 2 * hour for at in sorted(began)[:2]]


def test_when_its_time_has_come_it_goes(texted: House) -> None:
    """An hour is an hour: not a minute of it is waited twice."""
    messages(texted, 4)
    claim_texts(texted)
    (waiting,) = texted.deliveries(status=S.PENDING)

    texted.clock.now = waiting["due_at"] - timedelta(microseconds=1)
    early = claim_texts(texted)
    texted.clock.now = waiting["due_at"]
    in_time = claim_texts(texted)

    assert (len(early.claimed), len(in_time.claimed)) == (0, 1)


def test_texts_alike_are_fewer(texted: House) -> None:
    """Networks count those by a limit of their own."""
    messages(texted, 3, text="Please ring the office.")
    other = messages(texted, 1, text="Something else.")

    result = claim_texts(texted)

    assert [one.delivery_id for one in result.claimed][-1:] == other
    assert len(result.claimed) == 3
    assert len(texted.deliveries(status=S.PENDING)) == 1


def test_what_is_urgent_is_counted_and_goes_first(texted: House) -> None:
    """It goes beyond our own limit, and what is routine then waits the longer."""
    routine = messages(texted, 3)
    urgent = messages(texted, 5, urgency="urgent")

    result = claim_texts(texted)

    gone = [one.delivery_id for one in result.claimed]
    assert sorted(gone) == urgent
    assert {row["status"] for row in texted.deliveries() if row["id"] in routine} == {S.PENDING}


@pytest.mark.parametrize(("text", "most"), [("", NETWORK_MOST), ("All alike", NETWORK_ALIKE)])
def test_not_even_what_is_urgent_goes_beyond_the_networks(
    texted: House, text: str, most: int
) -> None:
    """A number that is blocked gets nothing at all."""
    due = texted.tell_at_once(
        *(
            envelope("call.message_taken", call_id=f"c-{n}", urgency="urgent", text=text or f"{n}")
            for n in range(most + 2)
        )
    )

    result = claim_texts(texted, [one.delivery_id for one in due])

    assert len(result.claimed) == most
    left = texted.deliveries(reason="throttled")
    assert [row["status"] for row in left] == [S.PENDING] * 2


@pytest.mark.parametrize(
    ("mode", "status", "recorded"),
    [(Mode.FIRST, S.EXPIRED, ["expired"]), (Mode.ALL, S.PENDING, [])],
)
def test_what_has_no_room_before_its_deadline_makes_way_for_its_next_step(
    texted: House, mode: Mode, status: DeliveryStatus, recorded: list[str]
) -> None:
    """Waiting would only make that later; one that no step waits for may still be bundled."""
    messages(texted, LIMITS.most)
    claim_texts(texted)
    (late,) = messages(texted, 1, text="Late")
    with texted.store.write() as tx:
        tx.connection.execute(
            tables.deliveries.update()
            .where(tables.deliveries.c.id == late)
            .values(deadline_at=texted.clock.now + timedelta(minutes=30), mode=mode)
        )

    (settled,) = claim_texts(texted, [late]).settled

    assert (settled["status"], settled["reason"].value) == (status, "throttled")
    assert [entry["outcome"] for entry in texted.entries()] == recorded


def test_a_delivery_that_is_tried_again_counts_once(texted: House) -> None:
    """Else a provider that is out for an hour would use up what a number may have."""
    (only,) = messages(texted, 1)

    for _ in range(LIMITS.most + 2):
        assert len(claim_texts(texted, [only]).claimed) == 1
        with texted.store.write() as tx:
            tx.connection.execute(
                tables.deliveries.update().values(status=S.PENDING, due_at=texted.clock.now)
            )


def test_one_that_may_have_gone_before_counts_again(texted: House) -> None:
    """Marked, it may be the second that arrives."""
    (only,) = messages(texted, 1)
    went = 0

    for _ in range(LIMITS.alike + 2):
        went += len(claim_texts(texted, [only]).claimed)
        with texted.store.write() as tx:
            tx.connection.execute(
                tables.deliveries.update().values(
                    status=S.PENDING, due_at=texted.clock.now, marked=True
                )
            )

    assert went == LIMITS.alike


def test_a_number_that_two_customers_have_is_one_number(texted: House) -> None:
    """It is the number that networks block, and they know nothing of our customers."""
    texted.serve("C-2", rules=[catch_all("d-mobile")])
    messages(texted, 2)
    texted.tell_at_once(
        *(
            envelope("call.message_taken", subject="C-2", call_id=f"x-{n}", text=f"To C-2: {n}")
            for n in range(2)
        )
    )

    result = claim_texts(texted)

    assert len(result.claimed) == LIMITS.most


def test_another_number_has_room_of_its_own(texted: House) -> None:
    """One busy customer holds up nobody else."""
    texted.tell(place("C-1042", "d-two", "mobile", "07700 900456"), verified("C-1042", "d-two"))
    texted.tell(preferences("C-1042", catch_all("d-mobile", "d-two")))
    messages(texted, 5)

    claim_texts(texted)

    for destination in ("d-mobile", "d-two"):
        assert len(texted.deliveries(destination_id=destination, status=S.SENDING)) == LIMITS.most


def test_emails_are_not_limited_and_no_limit_is_none(house: House) -> None:
    """The limit is the mobile networks'."""
    house.serve()
    messages(house, 5)

    limited = claim_texts(house)
    with house.store.write() as tx:
        rest = claim(tx, [r["id"] for r in house.deliveries()], Claim("w", "provider", 60))

    assert len([one for one in limited.claimed if one.destination_id == "d-mail"]) == 5
    assert rest.claimed == ()  # what was put off is not due


def test_two_workers_never_exceed_it_together(server_house: House) -> None:
    """Both read that there is room, and both would send (hazard 16)."""
    house, most = server_house, 10
    house.serve(rules=[catch_all("d-mobile")])
    due = house.tell_at_once(
        *(envelope("call.message_taken", call_id=f"c-{n}", text=f"No. {n}") for n in range(48))
    )
    ids = [one.delivery_id for one in due]
    together = threading.Barrier(4)
    gone: list[UUID] = []

    def run(worker: int) -> None:
        together.wait()
        for start in range(worker * 12, worker * 12 + 12, 3):
            limits = TextLimits(most=most, alike=NETWORK_ALIKE)
            result = claim_texts(house, ids[start : start + 3], limits, f"w-{worker}")
            gone.extend(one.delivery_id for one in result.claimed)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(gone) == most
    assert len(house.deliveries(status=S.SENDING)) == most


def test_a_claim_that_is_rolled_back_takes_no_room(texted: House) -> None:
    """It counts when it is committed."""
    messages(texted, LIMITS.most)
    ids = [row["id"] for row in texted.deliveries()]
    with contextlib.suppress(ZeroDivisionError), texted.store.write() as tx:
        claim(tx, ids, Claim("w-1", "provider", 60, Texts(LIMITS, said)))
        raise ZeroDivisionError

    assert len(claim_texts(texted).claimed) == LIMITS.most


def test_what_says_nothing_is_left_to_whoever_prepares_it(texted: House) -> None:
    """That it cannot be written is found out, and recorded, as before."""
    messages(texted, LIMITS.most + 1)
    with texted.store.write() as tx:
        texts = Texts(LIMITS, lambda _: None)
        ids = [row["id"] for row in texted.deliveries()]
        result = claim(tx, ids, Claim("w", "provider", 60, texts))

    assert len(result.claimed) == LIMITS.most + 1
    assert texted.rows(tables.texted) == []


def test_the_count_tells_nobody_what_was_said_or_to_whom(texted: House) -> None:
    """Short texts are guessed from a plain digest (hazard 11)."""
    messages(texted, 1, text="Yes.")
    claim_texts(texted)

    (row,) = texted.rows(tables.texted)
    with texted.store.read() as tx:
        assert row["value_index"] == tx.store.root.index("destination", "+447700900123")
    assert b"Yes" not in row["recent"]
    assert b"7700900123" not in row["recent"]


def _past(minutes: int, words: bytes = b"a") -> Past:
    return Past(uuid4(), START + timedelta(minutes=minutes), words)


@pytest.mark.parametrize(
    ("past", "lane", "minutes"),
    [
        ([], Lane.ROUTINE, 0),
        ([_past(-50, b"x"), _past(-40, b"y")], Lane.ROUTINE, 0),
        ([_past(-50, b"x"), _past(-40, b"y"), _past(-30, b"z")], Lane.ROUTINE, 10),
        ([_past(-30, b"z"), _past(-50, b"x"), _past(-40, b"y")], Lane.BULK, 10),
        ([_past(-50, b"w"), _past(-40, b"x"), _past(-30, b"y"), _past(-20, b"z")], Lane.BULK, 20),
        ([_past(-50), _past(-40)], Lane.ROUTINE, 10),
        ([_past(-50), _past(-40), _past(-30)], Lane.ROUTINE, 20),
        ([_past(-50, b"x"), _past(-20), _past(-10)], Lane.ROUTINE, 40),
        ([_past(-50), _past(-40), _past(-30)], Lane.URGENT, 0),
        ([_past(-50), _past(-40), _past(-30)], Lane.LIVE, 0),
        ([_past(-50)] * NETWORK_ALIKE, Lane.URGENT, 10),
        ([_past(-50, bytes([n])) for n in range(NETWORK_MOST)], Lane.URGENT, 10),
    ],
)
def test_room_opens_when_enough_of_the_hour_has_passed(
    past: list[Past], lane: Lane, minutes: int
) -> None:
    """For one more that says `a`, of three of any kind and two alike."""
    text = Text(uuid4(), NUMBER, b"a", lane)

    assert opening(past, text, LIMITS, START) == START + timedelta(minutes=minutes)
