"""Is what dispatch does counted, once, and only when it is on record?"""

from pathlib import Path

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store.deliveries.transitions import Move, move
from tests.dispatch.sending import open_sending
from tests.metrics.scraping import value


def test_a_sent_delivery_is_counted_by_its_verdict_and_its_wait(
    empty_url: str, tmp_path: Path
) -> None:
    """Rates and waits are read from nothing else."""
    with open_sending(empty_url, tmp_path) as sending:
        sending.house.serve()
        sending.house.have_message()

        sending.deliver(Channel.SMS)

        text = sending.parts.metrics.text()

    assert value(text, "onward_hints_received_total", channel="sms") == 1
    assert value(text, "onward_hinted_deliveries_total", channel="sms") == 1
    assert value(text, "onward_claims_total", became="claimed") == 1
    accepted = {"channel": "sms", "verdict": "accepted"}
    assert value(text, "onward_verdicts_total", **accepted) == 1
    assert value(text, "onward_time_to_send_seconds_count", lane="routine", channel="sms") == 1
    assert value(text, "onward_transitions_total", channel="sms", to="accepted") == 1


def test_a_hint_that_comes_twice_counts_its_deliveries_as_passed_over(
    empty_sqlite_url: str, tmp_path: Path
) -> None:
    """Much of it means that hints multiply."""
    with open_sending(empty_sqlite_url, tmp_path) as sending:
        sending.house.serve()
        sending.house.have_message()
        sending.deliver(Channel.SMS)

        sending.deliver(Channel.SMS)

        text = sending.parts.metrics.text()

    assert value(text, "onward_claims_total", channel="sms", became="claimed") == 1
    assert value(text, "onward_claims_total", channel="sms", became="passed_over") == 1


def test_a_change_that_is_rolled_back_is_not_counted(empty_sqlite_url: str, tmp_path: Path) -> None:
    """A figure that counts what never was cannot be reconciled with the record."""
    with open_sending(empty_sqlite_url, tmp_path) as sending:
        sending.house.serve()
        ids = sending.house.have_message()
        before = value(sending.parts.metrics.text(), "onward_transitions_total")
        change = Move(
            delivery_id=ids[0], to=DeliveryStatus.CANCELLED, reason=Reason.WITHDRAWN, due_at=None
        )

        def change_and_fail() -> None:
            with sending.house.store.write() as tx:
                assert move(tx, [change], [DeliveryStatus.PENDING])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            change_and_fail()

        assert value(sending.parts.metrics.text(), "onward_transitions_total") == before
