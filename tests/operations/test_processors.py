"""Can an operator admit a processor's own publisher, and confirm for one that has none?"""

import json

import pytest

from tests.operations.desk import Desk

RELAY = {
    "name": "harbour-mail",
    "company": "Harbour Mail Ltd",
    "parts": ["backup"],
    "region": "GB",
    "contract": "DPA of 2026-01-31",
}
ADD = ("publishers", "add")
GRANTS = ("--type", "erasure.confirmed", "--source", "/harbour-mail/*", "--role", "processor")


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare who keeps the backups."""
    monkeypatch.setenv("ONWARD_PROCESSORS", json.dumps([RELAY]))


def test_a_processors_publisher_is_admitted_for_it_alone(desk: Desk) -> None:
    """It is named, declared, and one; what is wrong names the option and what there is."""
    unnamed = desk.type(*ADD, "relay", *GRANTS, fails=True)
    roleless = desk.type(*ADD, "relay", *GRANTS[:-2], "--processor", "harbour-mail", fails=True)
    unknown = desk.type(*ADD, "relay", *GRANTS, "--processor", "habour-mail", fails=True)
    desk.type(*ADD, "relay", *GRANTS, "--processor", "harbour-mail")
    second = desk.type(*ADD, "other", *GRANTS, "--processor", "harbour-mail", fails=True)
    listed = desk.ask("publishers", "list")
    desk.type("publishers", "revoke", "relay")
    desk.type(*ADD, "other", *GRANTS, "--processor", "harbour-mail")

    assert "say which processor" in unnamed
    assert "--role processor" in roleless
    assert "there are harbour-mail" in unknown
    assert "publisher relay already" in second
    assert isinstance(listed, list)
    assert ("relay", "harbour-mail") in [(one["name"], one["processor"]) for one in listed]
