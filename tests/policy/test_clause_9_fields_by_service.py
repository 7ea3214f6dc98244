"""Clause 9: what is asked for at registration depends on the service."""

from itertools import product
from typing import Any

import pytest

from contracts.vocabulary import POST_SERVICES, Answer, Service
from store import tables
from store.customers.known import profile_of
from tests.building import House
from tests.factories import envelope, valid

# What registration may tell beside who they are and which service they want.
FIELDS = ("trading_name", "contact", "addresses", "also_known_as", "invoice_email")
OF_POST_ALONE = {"addresses"}


def _belongs(service: Service, field: str) -> bool:
    return field not in OF_POST_ALONE or service in POST_SERVICES


@pytest.mark.parametrize(("service", "field"), list(product(Service, FIELDS)))
def test_clause_9_a_field_is_taken_where_its_service_needs_it(
    house: House, service: Service, field: str
) -> None:
    """And refused, by its name, where no service of theirs does."""
    others: dict[str, Any] = {name: ... for name in FIELDS if name != field}

    answer = house.hand_in_one(envelope("customer.registered", services=[service], **others))

    taken = answer.answer is Answer.ACCEPTED
    assert taken is _belongs(service, field)
    assert [one.path for one in answer.problems] == ([] if taken else [f"data.{field}"])
    assert len(house.rows(tables.customers)) == taken


@pytest.mark.parametrize("service", list(Service))
def test_clause_9_a_correction_brings_in_no_field_that_registration_refuses(
    house: House, service: Service
) -> None:
    """Else the address of who only has calls answered would come in by the back door."""
    house.register(services=[service], addresses=...)
    addresses = valid("customer.registered")["addresses"]
    correction = {"told_us_by": "phone", "addresses": addresses}

    answer = house.hand_in_one(envelope("customer.corrected", data=correction))

    belongs = service in POST_SERVICES
    assert [one.path for one in answer.problems] == ([] if belongs else ["data.addresses"])
    with house.store.read() as tx:
        profile = profile_of(tx, "C-1042") or {}
    assert profile.get("addresses") == (addresses if belongs else None)


def test_clause_9_who_takes_up_a_post_service_may_tell_their_addresses_with_it(
    house: House,
) -> None:
    """In one correction: the services that it names count."""
    house.register(services=["phone_answering"])
    addresses = valid("customer.registered")["addresses"]
    services = ["phone_answering", "mail_forwarding"]
    correction = {"told_us_by": "phone", "addresses": addresses, "services": services}

    house.tell(envelope("customer.corrected", data=correction))

    with house.store.read() as tx:
        assert (profile_of(tx, "C-1042") or {})["addresses"] == addresses
