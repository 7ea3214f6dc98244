import json
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from structlog.testing import capture_logs

from contracts.vocabulary import Door, Role
from store import outbox
from store.audit import By
from store.publishers import Publisher
from store.tables import customers, destinations
from tests.building import sandbox_policies
from tests.door.opened import EVERYTHING, SOURCE, Office, Opened, opened
from tests.factories import envelope
from workers.rights.contesting import Contesting

CLERK = Publisher("mailroom", ("post.*",), ("/mailroom",), (Door.ITEMS,), (Role.MAILROOM,))
DESK = Publisher("desk", ("preferences.set",), ("/desk",), (Door.RULES,), ())
ADDRESS = "Tom Ash\n1 Harbour Lane\nWestport\nZZ1 1AA"


def list_outcomes(office: Office) -> None:
    """Do what upkeep does for the outbox."""
    with office.store.write() as tx:
        outbox.give_positions(tx)


def test_a_publisher_is_told_what_became_of_its_event(office: Office, at_the_door: Opened) -> None:
    """'Did you send it?' is asked of the publisher first."""
    event = envelope("call.message_taken")
    at_the_door.publish(event)

    reply = at_the_door.ask("GET", f"/events/{event['id']}?source={SOURCE}")

    assert reply.status == 200
    story = reply.json()
    assert story["status"] == "routed"
    (delivery,) = story["deliveries"]
    assert (delivery["channel"], delivery["status"]) == ("sms", "pending")
    assert delivery["destination"].endswith("123")
    assert "07700900123" not in reply.body.decode()
    assert "+447700900123" not in reply.body.decode()


def test_what_a_path_holds_stands_in_no_log(small_office: Office, small_door: Opened) -> None:
    """Whoever asks writes what they like there; the form of the path says enough of a fault."""
    small_door.publish(envelope("call.message_taken"))  # the key is known by now
    with small_office.store.write() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE events RENAME TO elsewhere")

    with capture_logs() as logged:
        reply = small_door.ask("GET", f"/events/jo@harbourlane.example?source={SOURCE}")

    assert reply.status == 503
    assert [line["path"] for line in logged] == ["/events/{event_id:path}"]
    assert "harbourlane" not in str(logged)


def test_a_waiting_event_says_for_what_and_until_when(at_the_door: Opened) -> None:
    """Its publisher can mend what is missing."""
    event = envelope("call.message_taken", subject="C-77")
    at_the_door.publish(event)

    story = at_the_door.ask("GET", f"/events/{event['id']}?source={SOURCE}").json()

    assert (story["status"], story["waits_for"]) == ("waiting", "customer")
    assert story["until"]


def test_what_was_not_sent_is_told_with_its_reason(office: Office) -> None:
    """Not sending is an answer too."""
    event = envelope("post.received", subject="C-1042", source="/mailroom")
    key = office.admit(EVERYTHING)

    with opened(office.parts(), key) as at_the_door:
        at_the_door.publish(event)
        story = at_the_door.ask("GET", f"/events/{event['id']}?source=/mailroom").json()

    assert story["status"] == "routed"
    assert [line["reason"] for line in story["non_sends"]] or story["deliveries"]


def test_a_rejected_event_tells_its_errors(at_the_door: Opened) -> None:
    """A publisher that lost the answer can ask again."""
    event = envelope("call.message_taken", urgency="at once")
    at_the_door.publish(event)

    story = at_the_door.ask("GET", f"/events/{event['id']}?source={SOURCE}").json()

    assert story["status"] == "rejected"
    assert story["rejections"][0]["errors"][0]["path"] == "data.urgency"


def test_an_id_may_hold_any_sign(small_door: Opened) -> None:
    """Ids are the publisher's own, slashes and all."""
    event = envelope("call.message_taken", id="2026/11/20 a?b#c")
    small_door.publish(event)

    reply = small_door.ask("GET", f"/events/2026%2F11%2F20%20a%3Fb%23c?source={SOURCE}")

    assert (reply.status, reply.json()["id"]) == (200, "2026/11/20 a?b#c")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/events/none?source={SOURCE}", 404),
        ("/events/none?source=/elsewhere", 403),
        ("/events/none", 400),
        ("/items/item-1", 403),
        ("/customers/C-1042/rules", 403),
        ("/outcomes?after=-1", 400),
        ("/nowhere", 404),
    ],
)
def test_what_is_not_this_publishers_to_read_is_refused(
    small_door: Opened, path: str, status: int
) -> None:
    """Each key opens the doors it was given, and no others."""
    reply = small_door.ask("GET", path)

    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["status"] == status


def test_outcomes_come_in_order_and_once(office: Office, at_the_door: Opened) -> None:
    """A publisher without a broker polls; it must miss nothing and act on nothing twice."""
    first, second = envelope("call.message_taken"), envelope("call.message_taken", urgency="now!")
    at_the_door.publish(first)
    at_the_door.publish(second)
    list_outcomes(office)

    one = at_the_door.ask("GET", "/outcomes?limit=1000").json()
    two = at_the_door.ask("GET", f"/outcomes?after={one['next']}").json()

    own = [
        each for each in one["outcomes"] if each["data"].get("id") in {first["id"], second["id"]}
    ]
    assert [each["type"] for each in own] == ["onward.event.routed.v1", "onward.event.rejected.v1"]
    assert own[0]["data"]["deliveries"][0]["destination"].endswith("123")
    assert own[1]["data"]["errors"][0]["path"] == "data.urgency"
    assert two == {"outcomes": [], "next": one["next"]}


def test_outcomes_of_another_publisher_are_not_shown(small_office: Office) -> None:
    """A call-centre's calls are not the mailroom's to see."""
    small_office.tell(envelope("call.message_taken"))
    list_outcomes(small_office)
    other = Publisher("other", ("call.*",), ("/other",), (Door.OUTCOMES,), ())

    with opened(small_office.parts(), small_office.admit(other)) as at_the_door:
        told = at_the_door.ask("GET", "/outcomes").json()["outcomes"]

    assert told == []


def test_the_rules_in_force_come_with_their_version(office: Office) -> None:
    """Whoever edits rules must base them on the version they saw."""
    with opened(office.parts(), office.admit(DESK)) as at_the_door:
        found = at_the_door.ask("GET", "/customers/C-1042/rules")
        unknown = at_the_door.ask("GET", "/customers/C-77/rules")

    assert found.status == 200
    rules = found.json()
    assert (rules["customer"], rules["version"]) == ("C-1042", 1)
    assert rules["rules"][0]["rule_id"] == "in-turn"
    assert unknown.status == 404


@pytest.fixture
def forwarded(office: Office) -> Office:
    """An item that its customer wants sent on to a verified postal address."""
    about = envelope
    office.tell(
        about("destination.added", destination_id="d-home", kind="postal", value=ADDRESS),
        about("destination.verified", destination_id="d-home"),
        about("post.received", item_id="item-1", source="/mailroom"),
        about(
            "item.instructed",
            items=["item-1"],
            do="forward",
            postal_destination="d-home",
            source="/mailroom",
        ),
    )
    return office


def ask_of_item(office: Office, item_id: str = "item-1") -> Any:
    """What the mailroom's clerk is told of an item."""
    with opened(office.parts(), office.admit(CLERK)) as at_the_door:
        return at_the_door.ask("GET", f"/items/{item_id}")


def test_the_clerk_is_given_the_address_while_it_is_verified(forwarded: Office) -> None:
    """The label is written from this answer."""
    reply = ask_of_item(forwarded)

    assert reply.status == 200
    item = reply.json()
    assert (item["do"], item["address"]) == ("forward", ADDRESS)


def test_an_address_that_is_not_verified_is_not_given(forwarded: Office) -> None:
    """Reading the address is the check that it is verified."""
    with forwarded.store.write() as tx:
        tx.connection.execute(
            update(destinations)
            .where(destinations.c.destination_id == "d-home")
            .values(verified_at=None)
        )

    item = ask_of_item(forwarded).json()

    assert (item["do"], item["why"]) == ("hold", "destination_unverified")
    assert "address" not in item


def test_an_address_that_is_contested_is_not_given_until_that_is_settled(forwarded: Office) -> None:
    """Where a letter goes is read here and nowhere else; the item waits, and goes afterwards."""
    lanes = sandbox_policies().lanes
    contesting = Contesting(forwarded.store, forwarded.parts().readings, lanes)
    by = By("privacy", "they say that they have moved")
    contesting.contest("C-1042", "d-home", None, by)

    with opened(forwarded.parts(), forwarded.admit(CLERK)) as at_the_door:
        during = at_the_door.ask("GET", "/items/item-1").json()
        contesting.settle("C-1042", "d-home", by)
        after = at_the_door.ask("GET", "/items/item-1").json()

    assert (during["do"], during["why"]) == ("hold", "destination_contested")
    assert "address" not in during
    assert (after["do"], after["address"]) == ("forward", ADDRESS)


def test_nothing_is_sent_on_after_the_service_ended(forwarded: Office) -> None:
    """A customer who left is written to about the final account alone."""
    with forwarded.store.write() as tx:
        ended = {"terminated_at": tx.now, "revision": customers.c.revision + 1}
        tx.connection.execute(update(customers).values(**ended))

    item = ask_of_item(forwarded).json()

    assert (item["do"], item["why"]) == ("hold", "service_terminated")


def test_an_item_that_nobody_reported_is_not_found(forwarded: Office) -> None:
    """A mistyped id must not read as an instruction."""
    assert ask_of_item(forwarded, "item-9").status == 404


def test_the_door_says_that_it_lives_and_is_ready(at_the_door: Opened) -> None:
    """Supervisors restart what does not live, and send nothing to what is not ready."""
    replies = [at_the_door.ask("GET", path) for path in ("/healthz", "/readyz")]

    assert [reply.json() for reply in replies] == [{"status": "ok"}] * 2


def test_it_is_not_ready_without_its_store(small_office: Office) -> None:
    """It lives all the same, so that nobody restarts it in vain."""
    with opened(small_office.parts(store=_Away(small_office.store))) as at_the_door:
        ready, lives = (at_the_door.ask("GET", path) for path in ("/readyz", "/healthz"))

    assert (ready.status, lives.status) == (503, 200)


class _Away:
    """A store whose pool gives no connection."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def read(self) -> Any:
        raise PoolTimeoutError


def test_its_pages_fetch_nothing_from_elsewhere(small_door: Opened) -> None:
    """An office's network may reach nobody else, and nobody else need know who reads it."""
    page = small_door.ask("GET", "/docs")
    document = small_door.ask("GET", "/openapi.json")

    assert page.status == 200
    text = page.body.decode()
    assert "<script" not in text
    assert "src=" not in text
    assert "http://" not in text
    assert "https://" not in text
    assert "Hand in events" in text
    paths = json.loads(document.body)["paths"]
    assert set(paths) >= {"/events", "/blobs/{sha256}", "/outcomes"}


@pytest.mark.parametrize("path", [f"/events/x%00?source={SOURCE}", "/events/x?source=%00"])
def test_a_name_that_no_store_can_hold_is_the_name_of_nothing(
    at_the_door: Opened, path: str
) -> None:
    """PostgreSQL refuses a NUL; asking so is no fault of ours to be looked at."""
    assert at_the_door.ask("GET", path).status == 404
