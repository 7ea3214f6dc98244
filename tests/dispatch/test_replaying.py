"""What becomes of a dead worker's claims? By its journal, and only by what that proves."""

from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store import tables
from store.deliveries import due
from store.deliveries.claiming import Claimed
from store.deliveries.recording import Result
from store.record.ledger import open_where
from tests.building import first_of, preferences
from tests.dispatch.sending import Sending
from workers.dispatch import replaying as module
from workers.dispatch.journal import Page
from workers.dispatch.replaying import Replaying
from workers.providers.base import Accepted, Deferred, Rejected, Verdict

S = DeliveryStatus
SMS, EMAIL = Channel.SMS, Channel.EMAIL
OWNER = "dead:1:abc:1"


class Hours:
    """A clock for replaying, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _folder(sending: Sending) -> Path:
    return sending.parts.settings.journals


def _replaying(
    sending: Sending,
    clock: Callable[[], float] | None = None,
    record: Callable[[Sequence[Result]], None] | None = None,
) -> Replaying:
    own = sending.dispatch._replaying
    return Replaying(
        _folder(sending),
        sending.house.store,
        sending.house.policies,
        own._preparing,
        record or own._record,
        clock or Hours(),
    )


def _have(sending: Sending, channel: Channel, count: int = 1) -> list[UUID]:
    for n in range(count):
        sending.house.have_message(call_id=f"call-{n}")
    return [row["id"] for row in sending.house.deliveries(channel=channel)]


def _die(
    sending: Sending,
    ids: Sequence[UUID],
    act: Callable[[Page, Claimed], None],
    owner: str = OWNER,
) -> None:
    """Claim and go as far as ``act`` does with each, then be gone as by kill -9."""
    page = Page(_folder(sending), owner)
    for claimed in sending.house.claim(*ids, worker=owner):
        act(page, claimed)
    page.settled = False
    page.end()


def _claim_only(page: Page, claimed: Claimed) -> None:
    del page, claimed


def _mark(page: Page, claimed: Claimed) -> None:
    page.mark(claimed.delivery_id, claimed.fence, None)


def _answered(verdict: Verdict) -> Callable[[Page, Claimed], None]:
    def act(page: Page, claimed: Claimed) -> None:
        _mark(page, claimed)
        page.answered(claimed.delivery_id, claimed.fence, verdict)

    return act


def _rescue(sending: Sending) -> None:
    sending.house.clock.advance(seconds=61)
    with sending.house.store.write() as tx:
        due.rescue(tx, dict.fromkeys(Channel, 300.0))


def _standing(sending: Sending, channel: Channel = SMS) -> list[tuple[str, int]]:
    rows = sending.house.deliveries(channel=channel)
    return [(row["status"].value, row["attempts"]) for row in rows]


def test_what_was_claimed_and_never_left_goes_out_at_once(sending: Sending) -> None:
    """The worker died between claim and first byte: no lease is waited for, nothing is spent."""
    ids = _have(sending, SMS, 3)
    _die(sending, ids, _claim_only)

    settled = _replaying(sending).look()

    assert (settled, _standing(sending)) == (3, [("pending", 0)] * 3)
    sending.deliver(SMS)
    assert len(sending.accepted()) == 3
    assert _standing(sending) == [("accepted", 1)] * 3


def test_what_may_have_left_is_uncertain_at_once(sending: Sending) -> None:
    """Marked and not answered: nobody can say, so nobody guesses."""
    _die(sending, _have(sending, SMS), _mark)

    _replaying(sending).look()

    assert _standing(sending) == [("uncertain", 1)]
    assert [(a["verdict"], a["code"]) for a in sending.house.rows(tables.attempts)] == [
        ("unknown", "worker died")
    ]


@pytest.mark.parametrize(
    ("verdict", "becomes"),
    [
        (Accepted("SM-1"), ("accepted", 1)),
        (Deferred(Reason.PROVIDER_FAULT, "30001"), ("pending", 1)),
        (Deferred(Reason.BUSY_PROVIDER, "20429", 1.0, spends_attempt=False), ("pending", 0)),
        (Rejected(Reason.INVALID_DESTINATION, "21211"), ("failed", 1)),
    ],
    ids=["accepted", "deferred", "rate limit", "rejected"],
)
def test_an_answer_that_only_the_journal_knows_is_recorded(
    sending: Sending, verdict: Verdict, becomes: tuple[str, int]
) -> None:
    """The worker died between the provider's answer and the store's commit."""
    _die(sending, _have(sending, SMS), _answered(verdict))

    _replaying(sending).look()

    assert _standing(sending) == [becomes]


def test_what_is_replayed_is_on_record_as_what_was_sent_live(embedded: Sending) -> None:
    """Digest, template, reference and place reach the ledger either way."""
    first, second = _have(embedded, SMS, 2)
    embedded.deliver(SMS, [first])
    (live,) = embedded.house.entries()

    def answered_like_live(page: Page, claimed: Claimed) -> None:
        page.mark(claimed.delivery_id, claimed.fence, live["template_version"])
        page.answered(claimed.delivery_id, claimed.fence, Accepted("SM-2"))

    _die(embedded, [second], answered_like_live)
    _replaying(embedded).look()

    (replayed,) = embedded.house.entries(delivery_id=second)
    assert replayed["reference"] == "SM-2"
    with embedded.house.store.read() as tx:
        was, now = open_where(tx, live), open_where(tx, replayed)
    assert was == now
    for column in ("template_version", "outcome", "destination_id", "attempt", "channel"):
        assert replayed[column] == live[column]


def test_by_another_template_no_digest_is_claimed(embedded: Sending) -> None:
    """After an upgrade the same event renders otherwise: what was sent is then not known."""
    _die(embedded, _have(embedded, SMS), _answered(Accepted("SM-1")))

    _replaying(embedded).look()

    (entry,) = embedded.house.entries()
    with embedded.house.store.read() as tx:
        assert open_where(tx, entry).content_digest == ""


def test_a_refusal_that_is_replayed_plans_the_next_step(embedded: Sending) -> None:
    """What follows an answer follows it from the journal too, in the same transaction."""
    embedded.house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
    _die(embedded, _have(embedded, SMS), _answered(Rejected(Reason.REFUSED, "30006")))

    _replaying(embedded).look()

    assert _standing(embedded) == [("failed", 1)]
    assert _standing(embedded, EMAIL) == [("pending", 0)]


@pytest.mark.parametrize(
    ("act", "becomes"),
    [
        (_claim_only, ("pending", 0)),
        (_mark, ("uncertain", 1)),
        (_answered(Accepted("SM-1")), ("accepted", 1)),
        (_answered(Rejected(Reason.REFUSED, "30006")), ("failed", 1)),
    ],
    ids=["never left", "not answered", "accepted", "rejected"],
)
def test_a_replay_after_the_lease_settles_what_was_called_uncertain(
    sending: Sending, act: Callable[[Page, Claimed], None], becomes: tuple[str, int]
) -> None:
    """A worker that comes back late still knows what nobody else does."""
    _die(sending, _have(sending, SMS), act)
    _rescue(sending)

    _replaying(sending).look()

    assert _standing(sending) == [becomes]


def test_a_page_that_proves_nothing_leaves_all_to_the_lease(embedded: Sending) -> None:
    """A claim without a mark in a page of another boot may have left all the same (hazard 1)."""
    _die(embedded, _have(embedded, SMS), _claim_only)
    (path,) = _folder(embedded).iterdir()
    path.write_bytes(path.read_bytes().replace(b'"boot":"', b'"boot":"x'))

    settled = _replaying(embedded).look()

    assert (settled, _standing(embedded)) == (0, [("sending", 1)])
    assert list(_folder(embedded).iterdir()) == []


def test_a_claim_whose_page_is_gone_is_left_to_its_lease(embedded: Sending) -> None:
    """A replaced container brings no journal, and its absence proves nothing."""
    _die(embedded, _have(embedded, SMS), _claim_only)
    for path in _folder(embedded).iterdir():
        path.unlink()

    assert _replaying(embedded).look() == 0
    assert _standing(embedded) == [("sending", 1)]


def test_a_living_workers_page_is_let_be(embedded: Sending) -> None:
    """Its claims are in good hands: giving them back would send them twice."""
    ids = _have(embedded, SMS)
    page = Page(_folder(embedded), OWNER)
    embedded.house.claim(*ids, worker=OWNER)

    assert _replaying(embedded).look() == 0

    assert _standing(embedded) == [("sending", 1)]
    page.end()


def test_a_page_goes_only_when_no_late_claim_can_name_it_any_more(sending: Sending) -> None:
    """A worker may die while its claim is being committed, and be replayed before it is."""
    clock = Hours()
    replaying = _replaying(sending, clock)
    _die(sending, [], _claim_only)
    replaying.look()
    sending.house.claim(*_have(sending, SMS), worker=OWNER)

    clock.now = module._LATE_COMMIT_SECONDS
    settled = replaying.look()

    assert (settled, _standing(sending)) == (1, [("pending", 0)])
    assert list(_folder(sending).iterdir()) == []


def test_a_page_that_cannot_be_replayed_keeps_no_other_from_it(embedded: Sending) -> None:
    """They are looked at in one order each time, and what follows it would wait for its lease."""
    odd, sound = _have(embedded, SMS, 2)
    _die(embedded, [odd], _claim_only, "dead:0:abc:1")
    _die(embedded, [sound], _claim_only)
    own = embedded.dispatch._replaying

    def record(results: Sequence[Result]) -> None:
        if results[0].claimed.delivery_id == odd:
            raise LookupError("a fault of ours")
        own._record(results)

    with pytest.raises(LookupError):
        _replaying(embedded, record=record).look()

    assert _standing(embedded) == [("sending", 1), ("pending", 0)]


def test_two_replays_of_one_page_settle_it_once(embedded: Sending) -> None:
    """Workers that start together find the same dead."""
    ids = _have(embedded, SMS)
    _die(embedded, ids, _answered(Accepted("SM-1")))

    settled = [_replaying(embedded).look() for _ in range(2)]

    assert settled == [1, 0]
    assert len(embedded.house.entries()) == 1


def test_a_claim_of_somebody_else_is_never_touched(embedded: Sending) -> None:
    """The page speaks for its own claims alone."""
    first, second = _have(embedded, SMS, 2)
    _die(embedded, [first], _claim_only)
    embedded.house.claim(second, worker="another")

    _replaying(embedded).look()

    assert _standing(embedded) == [("pending", 0), ("sending", 1)]
