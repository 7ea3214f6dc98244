"""Clauses 18 and 19: identity is verified where it must be, asked for once, after payment."""

from typing import Any

import pytest

from contracts.planning import IdentityPolicy
from contracts.vocabulary import Answer, CustomerKind, IdentityGround, Service
from store import tables
from store.encryption import vault
from store.encryption.vault import VaultKey
from tests.building import POST, House, preferences, sandbox_policies
from tests.factories import Sample, catch_all, envelope
from tests.policy.desk import Office
from workers.routing.identity import WHY, ground

LEGAL, PERSON = CustomerKind.LEGAL_PERSON, CustomerKind.INDIVIDUAL
ADDRESS = (Service.MAIL_FORWARDING, Service.REGISTERED_OFFICE)
TELEPHONE = (Service.PHONE_ANSWERING, Service.TELEPHONE_FORWARDING)
LAW, OURS = IdentityGround.TCSP, IdentityGround.OWNER


def _paid() -> Sample:
    return envelope("payment.received", invoice_number=...)


def _checked(
    individual: str = "person-1", result: str = "passed", check: str = "passport"
) -> Sample:
    return envelope(
        "identity.checked", individual_id=individual, result=result, check=check, evidence=...
    )


def _insisting(office: Office) -> House:
    """A house where services wait for identity, as they do outside a sandbox."""
    office.house.policies = sandbox_policies(identity_before_service=True)
    with office.house.store.write() as tx:
        vault.make(tx, VaultKey.new()[0].public)
    return office.house


def _start(house: House, services: tuple[str, ...] = POST) -> Answer:
    house.tell(preferences("C-1042", catch_all("d-mobile", "d-mail")))
    return house.hand_in_one(envelope("service.started", services=[*services])).answer


@pytest.mark.parametrize(
    ("services", "kind", "also", "why"),
    [
        (ADDRESS, LEGAL, {}, LAW),
        (ADDRESS, PERSON, {}, None),
        (ADDRESS, PERSON, {"individuals": True}, OURS),
        (TELEPHONE, LEGAL, {}, None),
        (TELEPHONE, PERSON, {}, None),
        (TELEPHONE, LEGAL, {"telephone": True}, OURS),
        (TELEPHONE, PERSON, {"telephone": True}, None),
        (TELEPHONE, PERSON, {"telephone": True, "individuals": True}, OURS),
    ],
)
def test_clause_19_by_service_and_kind_of_user(
    services: tuple[Service, ...],
    kind: CustomerKind,
    also: dict[str, bool],
    why: IdentityGround | None,
) -> None:
    """The law names address services for legal persons; the rest is the owner's to decide."""
    assert {ground(one, kind, IdentityPolicy(**also)) for one in services} == {why}


def test_clause_19_every_service_stands_in_the_table() -> None:
    """A new one fails here until somebody has decided."""
    assert {*ADDRESS, *TELEPHONE} == set(Service)


def test_clause_18_it_is_asked_for_after_payment_and_says_why(office: Office) -> None:
    """The reason is kept, with the policy under which it was decided."""
    house = office.house
    house.register(services=POST)
    assert house.outcomes("information.requested") == []

    house.tell(_paid())

    (asked,) = house.outcomes("information.requested")
    (kept,) = house.rows(tables.information_requests)
    assert asked["why"] == WHY[LAW]
    assert asked["request_id"] == str(kept["request_id"])
    assert (kept["why"], kept["policy_version"]) == (LAW, "2020-04")
    assert kept["asked_at"] is not None


def test_clause_18_a_payment_that_comes_before_the_registration_asks_when_it_comes(
    office: Office,
) -> None:
    """Systems report in an order of their own."""
    house = office.house
    house.tell(envelope("customer.enquired"))
    assert house.hand_in_one(_paid()).answer is Answer.WAITING
    assert house.outcomes("information.requested") == []

    house.register(services=POST)

    assert len(house.outcomes("information.requested")) == 1


def test_clause_18_nobody_is_asked_twice(office: Office) -> None:
    """Not with the next payment, and not for another service."""
    house = office.house
    house.register(services=POST)
    for _ in range(3):
        house.tell(_paid())
    house.tell(
        envelope(
            "customer.corrected",
            data={"told_us_by": "phone", "services": [*POST, "registered_office"]},
        )
    )

    assert len(house.outcomes("information.requested")) == 1


def test_clause_18_a_payment_that_was_taken_back_asks_nothing(office: Office) -> None:
    """It was another customer's, perhaps: only then does the service become one that asks."""
    house = office.house
    house.register()
    paid = _paid()
    house.tell(paid)
    taken_back = {"source": paid["source"], "id": paid["id"], "reason": "another customer's"}
    house.tell(envelope("event.withdrawn", data=taken_back))

    house.tell(
        envelope("customer.corrected", data={"told_us_by": "phone", "services": [*POST]}),
    )

    assert house.outcomes("information.requested") == []


@pytest.mark.parametrize(("services", "kind"), [(("phone_answering",), ...), (POST, "individual")])
def test_clause_19_who_need_not_be_identified_is_not_asked(
    office: Office, services: tuple[str, ...], kind: Any
) -> None:
    """No identity data is collected that nobody needs."""
    house = office.house
    house.register(services=services, kind=kind)
    house.tell(_paid())

    assert house.outcomes("information.requested") == []
    assert house.rows(tables.information_requests) == []


def test_clause_19_the_service_waits_until_everyone_is_checked(office: Office) -> None:
    """Each individual who will use it, and each check of theirs."""
    house = _insisting(office)
    house.register(services=POST, individuals=["person-1", "person-2"])

    assert _start(house) is Answer.WAITING
    house.tell(_checked("person-1"))
    house.tell(_checked("person-2", "failed"))
    told = house.outcomes("service.not_ready")
    house.tell(_checked("person-2"))

    assert [[one["about"] for one in each["missing"]] for each in told] == [
        ["person-1", "person-2"],
        ["person-2"],
        ["person-2"],
    ]
    assert "failed" in told[-1]["missing"][0]["text"]
    assert all(row["started_at"] for row in house.rows(tables.services))


def test_clause_19_a_check_that_failed_is_not_outweighed_by_another(office: Office) -> None:
    """A passed passport says nothing about the address."""
    house = _insisting(office)
    house.register(services=POST)
    house.tell(_checked(check="address", result="referred"), _checked(check="passport"))

    assert _start(house) is Answer.WAITING


def test_clause_19_where_nobody_was_named_somebody_must_have_been_checked(office: Office) -> None:
    """Silence is no proof."""
    house = _insisting(office)
    house.register(services=POST)
    assert _start(house) is Answer.WAITING

    house.tell(_checked())

    assert all(row["started_at"] for row in house.rows(tables.services))


def test_clause_19_a_telephone_service_waits_for_nobody(office: Office) -> None:
    """By default: the owner may decide otherwise."""
    house = _insisting(office)
    house.register()

    assert _start(house, ("phone_answering",)) is Answer.ACCEPTED


def test_clause_19_who_does_not_use_it_any_more_is_not_waited_for(office: Office) -> None:
    """A correction names who does."""
    house = _insisting(office)
    house.register(services=POST, individuals=["person-1", "person-2"])
    house.tell(_checked("person-1"))
    assert _start(house) is Answer.WAITING

    house.tell(
        envelope("customer.corrected", data={"told_us_by": "phone", "individuals": ["person-1"]})
    )

    assert all(row["started_at"] for row in house.rows(tables.services))
