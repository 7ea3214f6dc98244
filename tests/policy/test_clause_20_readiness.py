"""Clause 20: no service starts before each event it brings has a rule and a verified place."""

import pytest

from contracts.vocabulary import POST_SERVICES, Answer, Service
from store import tables
from tests.building import House, place, preferences, verified
from tests.factories import Sample, catch_all, envelope
from workers.routing.services import produced

BILLED = {"invoice.issued", "invoice.overdue", "payment.failed"}


def _start(house: House, *services: str) -> Answer:
    return house.hand_in_one(envelope("service.started", services=[*services])).answer


def _missing(house: House) -> set[tuple[str, str | None]]:
    told = house.outcomes("service.not_ready")
    return {(one["what"], one["about"]) for one in told[-1]["missing"]} if told else set()


def _is_active(house: House) -> bool:
    (customer,) = house.rows(tables.customers)
    return customer["started_at"] is not None


def _events_of(service: Service) -> list[str]:
    return sorted({str(one) for one in produced([service])} - BILLED)


def _rule_for(event: str) -> Sample:
    """A rule for one kind of event, without any other condition."""
    rule = catch_all("d-mobile", rule_id=event)
    rule["match"] = {"events": [event]}
    return rule


@pytest.mark.parametrize("service", list(Service))
def test_clause_20_rules_that_leave_an_event_out_do_not_come_into_force(
    house: House, service: Service
) -> None:
    """One is left out at a time: the answer names which, and the service cannot start."""
    house.register(services=[service])
    for left_out in _events_of(service):
        others = [_rule_for(one) for one in _events_of(service) if one != left_out]

        refused = house.hand_in_one(preferences("C-1042", *others, _rule_for("invoice.issued")))

        assert refused.answer is Answer.REJECTED
        assert left_out in " ".join(one.text for one in refused.problems)
    assert _start(house, service) is Answer.WAITING
    assert _missing(house) == {("rules", None)}
    assert not _is_active(house)
    house.tell(preferences("C-1042", catch_all("d-mobile")))
    assert _is_active(house)


@pytest.mark.parametrize("service", list(Service))
def test_clause_20_rules_of_another_service_do_not_do_for_a_new_one(
    house: House, service: Service
) -> None:
    """They were complete before: each event that comes in addition blocks the start."""
    before = Service.PHONE_ANSWERING if service in POST_SERVICES else Service.MAIL_FORWARDING
    house.register(services=[before])
    house.tell(
        preferences("C-1042", *(_rule_for(one) for one in _events_of(before))),
        envelope("customer.corrected", data={"services": [service], "told_us_by": "phone"}),
    )

    answer = _start(house, service)

    assert answer is Answer.WAITING
    assert _missing(house) >= {("catch_all", one) for one in _events_of(service)}
    assert not _is_active(house)


def test_clause_20_without_any_rules_nothing_starts(house: House) -> None:
    """Nobody would know where to send what comes."""
    house.register()

    assert _start(house, "phone_answering") is Answer.WAITING
    assert _missing(house) == {("rules", None)}
    assert not _is_active(house)


def test_clause_20_a_place_that_is_not_verified_blocks_the_start(house: House) -> None:
    """A slip of one digit would send a customer's messages to a stranger."""
    house.register()
    house.tell(
        place("C-1042", "d-new", "email", "new@harbourlane.example"),
        preferences("C-1042", catch_all("d-mail", "d-new")),
    )

    answer = _start(house, "phone_answering")

    assert answer is Answer.WAITING
    assert _missing(house) == {("verification", "d-new")}
    assert not _is_active(house)
    house.tell(verified("C-1042", "d-new"))
    assert _is_active(house)


def test_clause_20_a_place_that_was_taken_away_blocks_the_start(house: House) -> None:
    """Rules may outlive what they name."""
    house.register()
    house.tell(
        preferences("C-1042", catch_all("d-mail", "d-mobile")),
        envelope("destination.removed", destination_id="d-mobile"),
    )

    answer = _start(house, "phone_answering")

    assert answer is Answer.WAITING
    assert ("destination", "d-mobile") in _missing(house)
    assert not _is_active(house)
