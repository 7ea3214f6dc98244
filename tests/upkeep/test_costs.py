"""Does what a text cost come onto the record, as its provider says it?"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.costs import Cost
from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store import tables
from store.deliveries.receiving import Word, receive
from store.reading.queries import sends_of_customer
from store.reading.tracing import trace
from store.record import sealing
from tests.sandbox.clients import sdk
from tests.upkeep.asking import Asked, open_asked
from workers.cli.timeline import lines_of
from workers.sandbox.behaviour import Act, Rule

S = DeliveryStatus
SMS = Channel.SMS


@pytest.fixture
def asked(empty_url: str, tmp_path: Path) -> Iterator[Asked]:
    """Give one on each kind of store."""
    with open_asked(empty_url, tmp_path) as opened:
        yield opened


def test_a_text_that_is_looked_up_brings_its_cost_onto_the_record(asked: Asked) -> None:
    """A later word is a later entry: the earlier one stays as it was."""
    asked.house.have_message()
    asked.send()

    asked.ask(minutes=4)

    first, later = asked.house.entries()
    assert (first["outcome"], first["segments"], first["price"]) == ("accepted", 2, None)
    assert (later["outcome"], later["segments"]) == ("delivered", 2)
    assert (later["price"], later["currency"]) == ("0.0840", "GBP")
    (attempt,) = asked.house.rows(tables.attempts)
    assert (attempt["price"], attempt["currency"]) == ("0.0840", "GBP")
    with asked.house.store.write() as tx:
        sealing.seal_next(tx)
    assert sealing.verify(asked.house.store).broken is None


def test_who_reads_the_record_sees_segments_and_cost(asked: Asked) -> None:
    """`onward sends` is made of these lines."""
    asked.house.have_message()
    asked.send()
    asked.ask(minutes=4)

    with asked.house.store.read() as tx:
        lines = sends_of_customer(tx, "C-1042")

    assert [(one.segments, one.price, one.currency) for one in lines] == [
        (2, None, None),
        (2, "0.0840", "GBP"),
    ]


def test_the_story_of_a_text_tells_its_segments_and_its_cost(asked: Asked) -> None:
    """`onward trace` is made of these lines."""
    asked.house.have_message()
    asked.send()
    asked.ask(minutes=4)

    with asked.house.store.read() as tx:
        story = trace(tx, str(asked.house.delivery(channel=SMS)["id"]))
    assert story is not None
    lines = [line for line in lines_of(story) if "segments" in line]

    assert ["cost 0.0840 GBP" in line for line in lines] == [False, True]
    assert all("2 segments" in line for line in lines)


def _settled(asked: Asked) -> Word:
    """A text that its callback has settled, and a later word of what it cost."""
    asked.house.have_message()
    asked.send()
    (row,) = asked.house.deliveries(channel=SMS)
    told = Word(row["id"], 1, S.DELIVERED, Reason.RECEIPT, "delivered", row["reference"])
    with asked.house.store.write() as tx:
        receive(tx, [told])
    return Word(
        row["id"],
        1,
        S.DELIVERED,
        Reason.RECEIPT,
        "delivered",
        row["reference"],
        cost=Cost("0.0840", "GBP", 2),
    )


def test_a_cost_that_comes_alone_is_an_entry_of_its_own(asked: Asked) -> None:
    """Callbacks say nothing of it, so it is learned when all else is settled."""
    priced = _settled(asked)

    with asked.house.store.write() as tx:
        receive(tx, [priced])

    *_, before, last = asked.house.entries()
    assert (before["outcome"], before["price"]) == ("delivered", None)
    assert (last["outcome"], last["reason"]) == ("delivered", Reason.PRICED)
    assert (last["segments"], last["price"], last["currency"]) == (2, "0.0840", "GBP")
    assert last["reference"] == before["reference"]
    assert asked.house.outcomes("delivery.delivered") != []
    assert len(asked.house.outcomes("delivery.delivered")) == 1  # nobody is told of money


def test_a_cost_that_is_told_twice_is_kept_once(asked: Asked) -> None:
    """Whoever adds up the record must not pay twice."""
    priced = _settled(asked)

    for _ in range(2):
        with asked.house.store.write() as tx:
            receive(tx, [priced, priced])

    assert [entry["price"] for entry in asked.house.entries()] == [None, None, "0.0840"]


def test_what_a_texts_callback_did_not_say_is_read_from_the_list_a_day_later(asked: Asked) -> None:
    """Each is asked about once, in a page with all others of its hour."""
    began = asked.ask()  # from now on
    asked.house.have_message()
    asked.send()
    (row,) = asked.house.deliveries(channel=SMS)
    told = Word(row["id"], 1, S.DELIVERED, Reason.RECEIPT, "delivered", row["reference"])
    with asked.house.store.write() as tx:
        receive(tx, [told])

    early = asked.ask(hours=24)
    in_time = asked.ask(hours=1)
    later = asked.ask(hours=1)

    assert (began, early, in_time, later) == (0, 0, 1, 0)
    assert [entry["price"] for entry in asked.house.entries()] == [None, None, "0.0840"]


def test_an_hour_that_nobody_answered_for_is_asked_about_again(asked: Asked) -> None:
    """A day of the provider's outage loses no price."""
    asked.ask()
    asked.house.have_message()
    asked.send()
    (row,) = asked.house.deliveries(channel=SMS)
    with asked.house.store.write() as tx:
        receive(tx, [Word(row["id"], 1, S.DELIVERED, Reason.RECEIPT, None, row["reference"])])
    asked.behave(Rule(Act.UNAVAILABLE, channel="read", times=1))

    out = asked.ask(hours=25)
    back = asked.ask(minutes=1)

    assert (out, back) == (0, 1)
    assert asked.house.entries()[-1]["price"] == "0.0840"


def test_texts_of_others_in_the_same_account_are_none_of_ours(asked: Asked) -> None:
    """Their prices stand on nobody's record here."""
    asked.ask()
    with sdk(asked.sending.sandbox) as client:
        client.messages.create(to="+447700900123", from_="Elsewhere", body="Not ours")

    assert asked.ask(hours=25) == 0
    assert asked.house.entries() == []
