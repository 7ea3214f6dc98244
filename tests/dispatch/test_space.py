"""Do documents that are sent at once stay within their share of memory, and is none left behind?"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Lane
from store.deliveries import due
from tests.dispatch.documents import keep, pdf
from tests.dispatch.processes import dispatching
from tests.dispatch.sending import Sending, open_sending
from tests.factories import catch_all, envelope
from tests.waiting import eventually
from workers.dispatch.space import Space

S = DeliveryStatus
EMAIL = Channel.EMAIL
MEBIBYTE = 1 << 20


def test_space_is_given_out_once() -> None:
    """As much as there is, and no more until some comes back."""
    space = Space(10)

    taken = [space.take(4), space.take(4), space.take(4)]
    space.give(4)

    assert taken == [True, True, False]
    assert space.take(6)
    assert space.taken == 10


def test_what_is_larger_than_all_of_it_goes_alone() -> None:
    """Else it would wait for ever."""
    space = Space(10)

    assert space.take(25)
    assert not space.take(1)
    space.give(25)
    assert space.take(1)


def test_whoever_waits_is_woken() -> None:
    """By what another batch gives back."""
    space = Space(10)
    space.take(10)
    woken = threading.Event()

    def wait() -> None:
        while not space.take(5):
            space.wait(60)
        woken.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    space.give(10)

    assert woken.wait(60)
    waiting.join()


@pytest.fixture
def narrow(empty_sqlite_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give one that has space for two documents of 100 kB at a time."""
    with open_sending(empty_sqlite_url, tmp_path, document_memory_bytes=1_000_000) as sending:
        sending.house.serve("C-7", ("mail_forwarding",), rules=[catch_all("d-mail")])
        yield sending


def _scans(sending: Sending, number: int, size: int = 100_000) -> None:
    for each in range(number):
        kept = keep(sending, pdf(size=size + each))
        sending.house.tell(
            envelope("post.scanned", subject="C-7", item_id=f"item-{each}", scan=kept, pages=1)
        )


def test_every_document_is_sent_though_few_fit_at_once(narrow: Sending) -> None:
    """What does not fit is prepared when there is room, within the same hint."""
    _scans(narrow, 12)

    narrow.deliver(EMAIL)

    names = sorted(a.attachments[0].name for a in narrow.accepted())
    assert names == sorted(f"scan-item-{n}.pdf" for n in range(12))
    assert {row["status"] for row in narrow.house.deliveries(channel=EMAIL)} == {S.ACCEPTED}


def test_one_bad_document_keeps_no_other_waiting(narrow: Sending) -> None:
    """Its space comes back, and the rest of its batch goes out."""
    _scans(narrow, 3)
    bad = keep(narrow, pdf(size=100_000)[:50_000])
    narrow.house.tell(envelope("post.scanned", subject="C-7", item_id="bad", scan=bad, pages=1))
    _scans_after = [row["id"] for row in narrow.house.deliveries(channel=EMAIL)]

    narrow.deliver(EMAIL, _scans_after)

    statuses = [row["status"] for row in narrow.house.deliveries(channel=EMAIL)]
    assert sorted(statuses) == sorted([S.ACCEPTED] * 3 + [S.PARKED, S.PENDING])


def test_batches_side_by_side_share_the_space(narrow: Sending) -> None:
    """Four threads, each with documents of its own: all are sent, and all space comes back."""
    _scans(narrow, 16)
    ids = [row["id"] for row in narrow.house.deliveries(channel=EMAIL)]
    threads = [threading.Thread(target=narrow.deliver, args=(EMAIL, ids[at::4])) for at in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    narrow.deliver(EMAIL)

    assert {row["status"] for row in narrow.house.deliveries(channel=EMAIL)} == {S.ACCEPTED}
    assert len({a.message_id for a in narrow.accepted()}) == len(narrow.accepted()) == 16


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.database
def test_a_hundred_large_scans_at_once_take_less_than_300_mebibytes(
    empty_postgresql_url: str, broker_url: str, tmp_path: Path
) -> None:
    """Of the real process that sends them, all told: as the system counts it, not we."""
    with open_sending(empty_postgresql_url, tmp_path, broker_url) as sending:
        sending.house.serve("C-7", ("mail_forwarding",), rules=[catch_all("d-mail")])
        scan = keep(sending, pdf(size=4_000_000))
        told = sending.house.tell_at_once(
            *(
                envelope("post.scanned", subject="C-7", item_id=f"i-{n}", scan=scan, pages=1)
                for n in range(100)
            )
        )

        with dispatching(sending, tmp_path) as process:
            sending.parts.hints(told)
            eventually(lambda: _all_sent(sending), "a hundred are sent", 90)
            most = process.most_memory

        sent = sending.accepted()
    assert len(sent) == len({one.message_id for one in sent}) == 100
    assert {one.attachments[0].sha256 for one in sent} == {scan["sha256"]}
    assert most < 300 * MEBIBYTE, f"{most / MEBIBYTE:.0f} MiB"


def _all_sent(sending: Sending) -> bool:
    """Whether all are accepted; what was given back meanwhile is hinted at again, as by upkeep."""
    time.sleep(0.2)  # each look costs the database something
    with sending.house.store.write() as tx:
        again = due.unhinted(tx, list(Lane), tx.now, 1_000)
    sending.parts.hints(again)
    sending.house.clock.advance(seconds=1)
    rows = sending.house.deliveries(channel=EMAIL)
    return {row["status"] for row in rows} == {S.ACCEPTED}
