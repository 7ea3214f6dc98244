"""Do queued sends follow what a customer changes: rules, destinations, their verification?"""

import pytest

from contracts.vocabulary import Answer, DeliveryStatus, ErrorCode, EventStatus
from store import tables
from tests.building import (
    MAIL,
    House,
    first_of,
    place,
    preferences,
    sandbox_policies,
    verified,
)
from tests.factories import Sample, catch_all, envelope

CHANGED = "07700 900456"
AFTERNOON = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "13:00", "to": "18:00"}


def _later(*destinations: str) -> Sample:
    """A catch-all whose sends wait for the afternoon."""
    return catch_all(*destinations, timing="next_window", window=AFTERNOON)


def test_a_stale_change_of_rules_is_refused_and_the_rules_in_force_stand(house: House) -> None:
    """Two people edit at once; the second must not undo what the first has said."""
    house.serve()
    house.tell(preferences("C-1042", catch_all("d-mail"), based_on=1))

    answer = house.hand_in_one(preferences("C-1042", catch_all("d-mobile"), based_on=1))

    assert answer.answer is Answer.REJECTED
    assert {(p.path, p.code) for p in answer.problems} == {
        ("data.based_on_version", ErrorCode.STALE_VERSION)
    }
    assert house.rows(tables.customers)[0]["rules_version"] == 2
    assert len(house.rows(tables.rule_sets)) == 2
    house.have_message()
    assert [row["destination_id"] for row in house.deliveries()] == ["d-mail"]


def test_rules_with_faults_are_refused_with_all_of_them(house: House) -> None:
    """A person corrects a form once, not once for each mistake."""
    house.serve()
    twice = catch_all("d-mobile", "d-mobile", rule_id="same")
    closed = catch_all("d-mail", rule_id="same", window=AFTERNOON)

    answer = house.hand_in_one(preferences("C-1042", twice, closed))

    assert {p.path for p in answer.problems} == {
        "data.rules[0].action.steps[1].destination",
        "data.rules[1].action.window",
        "data.rules[1].match",
        "data.rules[1].rule_id",
    }
    assert house.rows(tables.customers)[0]["rules_version"] == 1


def test_refused_rules_change_nothing_and_their_publisher_is_told(house: House) -> None:
    """What the customer relied on yesterday goes on, and whoever erred can mend it."""
    house.serve()
    house.have_message()
    standing = house.standing()
    never = catch_all("d-mail", rule_id="never")

    answer = house.hand_in_one(preferences("C-1042", catch_all("d-mobile", mode="first"), never))

    assert answer.answer is Answer.REJECTED
    assert house.rows(tables.customers)[0]["rules_version"] == 1
    assert len(house.rows(tables.rule_sets)) == 1
    assert house.standing() == standing
    house.have_message(call_id="call-2")
    assert {row["rule_id"] for row in house.deliveries()} == {"everything"}
    (told,) = house.outcomes("event.rejected")
    assert [(e["path"], e["code"]) for e in told["errors"]] == [("data.rules[1].match", "invalid")]
    assert "data.rules[0] (everything), before it, takes all" in told["errors"][0]["text"]


def test_rules_that_prove_unfit_after_waiting_are_refused_and_told(house: House) -> None:
    """They named a place that nobody had added; it turns out to be a landline."""
    house.serve()
    late = preferences("C-1042", catch_all("d-new"))
    waits = house.hand_in_one(late)

    house.tell(place("C-1042", "d-new", "voice", "01632 960111"))

    assert waits.answer is Answer.WAITING
    assert house.event(late["id"])["status"] is EventStatus.REFUSED
    assert house.rows(tables.customers)[0]["rules_version"] == 1
    (told,) = house.outcomes("event.rejected")
    assert [e["path"] for e in told["errors"]] == ["data.rules[0].action.steps"]


def test_what_is_wrong_is_told_at_once_though_a_destination_is_missing(house: House) -> None:
    """A week later, when the place is added, is no time to hear of a misspelled window."""
    house.serve()

    answer = house.hand_in_one(preferences("C-1042", catch_all("d-new", timing="next_window")))

    assert answer.answer is Answer.REJECTED
    assert [p.path for p in answer.problems] == ["data.rules[0].action.window"]


def test_what_nobody_has_begun_to_send_is_planned_anew_under_new_rules(house: House) -> None:
    """Friday's held text must not leave on Monday for a mobile that was taken out on Saturday."""
    house.serve(rules=[_later("d-mobile")])
    house.have_message()

    due = house.tell(preferences("C-1042", catch_all("d-mail")))

    assert house.standing() == [
        ("d-mobile", "cancelled", "rules_changed"),
        ("d-mail", "pending", "planned"),
    ]
    assert [d.delivery_id for d in due] == [house.delivery(destination_id="d-mail")["id"]]
    assert [row["rule_version"] for row in house.deliveries()] == [1, 2]
    assert [e["outcome"] for e in house.entries()] == ["cancelled"]


def test_what_a_worker_has_begun_is_not_planned_anew(house: House) -> None:
    """It may be with the provider already: a second plan would tell the customer twice."""
    house.serve()
    mobile, _ = house.have_message()
    house.claim(mobile)

    house.tell(preferences("C-1042", catch_all("d-mobile", rule_id="new")))

    assert house.standing() == [
        ("d-mobile", "sending", "planned"),
        ("d-mail", "cancelled", "rules_changed"),
    ]


def test_steps_in_turn_go_on_under_new_rules_after_those_that_failed(house: House) -> None:
    """The mobile was refused and the mail is due: a change of rules must not lose the message."""
    house.serve(rules=[first_of("d-mobile", "d-mail")])
    (mobile,) = house.have_message()
    house.tell(envelope("destination.removed", destination_id="d-mobile"))
    with house.store.write() as tx:  # as if the provider had refused it
        tx.connection.execute(
            tables.deliveries.update()
            .where(tables.deliveries.c.id == mobile)
            .values(status=DeliveryStatus.FAILED)
        )
    house.tell(
        place("C-1042", "d-mobile", "mobile", "07700 900123"), verified("C-1042", "d-mobile")
    )

    house.tell(preferences("C-1042", first_of("d-mobile", "d-mail", rule_id="renamed")))

    assert house.standing(status=DeliveryStatus.PENDING) == [("d-mail", "pending", "next_step")]


def test_a_new_value_holds_what_was_on_its_way_to_the_old(house: House) -> None:
    """Until somebody has shown that the new number is the customer's, nothing goes to it."""
    house.serve()
    mobile, mail = house.have_message()

    house.tell(place("C-1042", "d-mobile", "mobile", CHANGED))

    assert house.standing() == [
        ("d-mobile", "pending", "destination_unverified"),
        ("d-mail", "pending", "planned"),
    ]
    assert [c.delivery_id for c in house.claim()] == [mail]
    assert house.delivery(id=mobile)["due_at"] is None


def test_what_was_held_goes_to_the_new_value_once_that_is_verified(house: House) -> None:
    """Held is not lost."""
    house.serve()
    mobile, _ = house.have_message()
    house.tell(place("C-1042", "d-mobile", "mobile", CHANGED))

    due = house.tell(verified("C-1042", "d-mobile"))

    assert [d.delivery_id for d in due] == [mobile]
    (claimed,) = house.claim(mobile)
    assert claimed.destination == "+447700900456"


def test_a_released_send_still_waits_for_its_window(house: House) -> None:
    """Quiet hours hold whatever was mended meanwhile."""
    house.serve(rules=[_later("d-mobile")])
    (mobile,) = house.have_message()
    opens = house.delivery(id=mobile)["due_at"]
    house.tell(place("C-1042", "d-mobile", "mobile", CHANGED))

    due = house.tell(verified("C-1042", "d-mobile"))

    assert due == []
    row = house.delivery(id=mobile)
    assert (row["due_at"], row["reason"].value) == (opens, "window")


def test_what_is_planned_for_an_unverified_place_is_held_and_released(house: House) -> None:
    """A replaced number must not swallow the messages that come before it is verified."""
    house.serve()
    house.tell(place("C-1042", "d-mobile", "mobile", CHANGED))
    mobile, mail = house.have_message()
    held = house.delivery(id=mobile)

    due = house.tell(verified("C-1042", "d-mobile"))

    assert (held["due_at"], held["reason"].value) == (None, "destination_unverified")
    assert [d.delivery_id for d in due] == [mobile]
    assert len(house.claim(mobile, mail)) == 2


def test_a_removed_destination_cancels_what_is_unsent_to_it(house: House) -> None:
    """On record, with its reason; the other destination is not touched."""
    house.serve()
    house.have_message()

    house.tell(envelope("destination.removed", destination_id="d-mobile"))

    assert house.standing() == [
        ("d-mobile", "cancelled", "destination_removed"),
        ("d-mail", "pending", "planned"),
    ]
    (entry,) = house.entries()
    assert (entry["outcome"], entry["reason"].value) == ("cancelled", "destination_removed")
    (told,) = house.outcomes("delivery.cancelled")
    assert told["reason"] == "destination_removed"


def test_steps_in_turn_go_on_when_a_destination_is_removed(house: House) -> None:
    """The message was for the customer, not for that number."""
    house.serve(rules=[first_of("d-mobile", "d-mail")])
    house.have_message()

    due = house.tell(envelope("destination.removed", destination_id="d-mobile"))

    assert house.standing() == [
        ("d-mobile", "cancelled", "destination_removed"),
        ("d-mail", "pending", "next_step"),
    ]
    assert [d.delivery_id for d in due] == [house.delivery(destination_id="d-mail")["id"]]


def test_steps_in_turn_that_are_all_gone_are_on_record(house: House) -> None:
    """Where nobody can be told any more, the ledger says so."""
    house.serve(rules=[first_of("d-mobile")])
    house.have_message()

    house.tell(envelope("destination.removed", destination_id="d-mobile"))

    assert [(e["outcome"], e["reason"].value) for e in house.entries()] == [
        ("cancelled", "destination_removed"),
        ("not_sent", "no_address"),
    ]


def test_a_removed_destination_may_be_added_again(house: House) -> None:
    """At its next version, so that nothing planned for the old value goes to the new one."""
    house.serve()
    house.tell(
        envelope("destination.removed", destination_id="d-mail"),
        place("C-1042", "d-mail", "email", MAIL),
    )

    (mail,) = house.rows(tables.destinations, destination_id="d-mail")

    assert (mail["version"], mail["verified_at"], mail["removed_at"]) == (2, None, None)


@pytest.mark.parametrize("based_on", [1, None, ...])
def test_a_change_of_rules_may_say_what_it_was_based_on(house: House, based_on: object) -> None:
    """A system that is the only one to set rules need not read them first."""
    house.serve()

    answer = house.hand_in_one(preferences("C-1042", catch_all("d-mail"), based_on=based_on))

    assert answer.answer is Answer.ACCEPTED
    (told,) = [f for f in house.outcomes("event.routed") if f.get("rules_version") == 2]
    assert told["deliveries"] == []


@pytest.mark.parametrize(
    ("kind", "number", "why"),
    [
        ("voice", "0909 879 0123", "is charged at a premium rate"),
        ("voice", "0844 987 1234", "is charged at a premium rate"),
        ("voice", "070 1234 5678", "is a personal number"),
        ("voice", "+881 6 1234 5678", "is a satellite network's"),
        ("voice", "+353 85 012 3456", "is of a country that is not allowed here"),
        ("mobile", "+353 85 012 3456", "is of a country that is not allowed here"),
        ("mobile", "+44 7797 712345", "is of a country that is not allowed here"),
    ],
)
def test_a_number_that_would_run_up_a_bill_is_not_taken(
    house: House, kind: str, number: str, why: str
) -> None:
    """Toll fraud begins with a number that somebody had entered."""
    house.register()

    answer = house.hand_in_one(place("C-1042", "d-new", kind, number))

    (problem,) = answer.problems
    assert (problem.path, problem.code) == ("data.value", ErrorCode.INVALID)
    assert why in problem.text
    assert "an ordinary number of GB" in problem.text
    assert number not in problem.text
    assert house.rows(tables.destinations, destination_id="d-new") == []


def test_a_country_that_is_allowed_is_taken(house: House) -> None:
    """A customer may well live in Dublin."""
    house.policies = sandbox_policies(number_countries=("GB", "IE"))
    house.register()

    answer = house.hand_in_one(place("C-1042", "d-new", "mobile", "+353 85 012 3456"))

    assert answer.answer is Answer.ACCEPTED


@pytest.mark.parametrize("mode", ["first", "escalate"])
def test_what_waited_for_its_hours_goes_round_a_destination_that_changes(
    house: House, mode: str
) -> None:
    """Kept until somebody verifies the number, it would come days late, or never."""
    rule = catch_all("d-mobile", "d-mail", mode=mode, timing="next_window", window=AFTERNOON)
    house.serve(rules=[rule])
    house.have_message()
    due_at = house.delivery()["due_at"]

    house.tell(place("C-1042", "d-mobile", "mobile", CHANGED))

    assert house.standing() == [
        ("d-mobile", "cancelled", "destination_changed"),
        ("d-mail", "pending", "next_step"),
    ]
    assert house.deliveries()[1]["due_at"] == due_at


def test_what_has_no_other_step_waits_for_the_destination_that_changed(house: House) -> None:
    """There is nowhere else that the customer wants it."""
    house.serve(rules=[catch_all("d-mobile", mode="first", timing="next_window", window=AFTERNOON)])
    house.have_message()

    house.tell(place("C-1042", "d-mobile", "mobile", CHANGED))

    assert house.standing() == [("d-mobile", "pending", "destination_unverified")]
