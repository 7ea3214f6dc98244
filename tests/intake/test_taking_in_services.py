"""Is all that keeps a service from starting said, and said again when it changes?"""

from tests.building import House, place, preferences, verified
from tests.factories import catch_all, envelope

NUMBER = "+441632960200"


def test_a_service_says_all_that_is_missing_and_says_it_again_only_when_that_changes(
    house: House,
) -> None:
    """The office mends everything at once, and is not told each time somebody looks."""
    house.tell(
        envelope("customer.registered", services=["phone_answering"], addresses=...),
        place("C-1042", "d-mobile", "mobile", "07700 900123"),
        place("C-1042", "d-mail", "email", "jo@example.com"),
    )
    rules = catch_all("d-mobile", "d-mail")
    rules["match"] = {"events": ["call.message_taken", "call.waiting"]}
    rules["action"]["steps"] = [{"destination": "d-mobile"}]
    notices = catch_all("d-mail", rule_id="notices")
    notices["match"] = {"events": ["invoice.issued"]}
    house.tell(
        preferences("C-1042", rules, notices),
        envelope("customer.corrected", services=["mail_forwarding"], told_us_by="phone"),
    )

    house.hand_in(envelope("service.started", services=["mail_forwarding"]))
    house.tell(envelope("number.assigned", number=NUMBER))  # changes nothing of what is missing
    house.tell(verified("C-1042", "d-mobile"))

    first, second = house.outcomes("service.not_ready")
    assert {(m["what"], m["about"]) for m in first["missing"]} == {
        ("catch_all", "post.received"),
        ("catch_all", "post.scanned"),
        ("verification", "d-mobile"),
        ("verification", "d-mail"),
    }
    assert {m["about"] for m in second["missing"]} == {"post.received", "post.scanned", "d-mail"}


def test_what_is_missing_again_is_told_again(house: House) -> None:
    """A destination that was verified and then replaced is missing once more."""
    house.register()
    house.tell(
        place("C-1042", "d-new", "email", "new@example.com"),
        place("C-1042", "d-other", "email", "other@example.com"),
        preferences("C-1042", catch_all("d-new", "d-other")),
    )

    house.hand_in(envelope("service.started", services=["phone_answering"]))
    house.tell(verified("C-1042", "d-new"))
    house.tell(place("C-1042", "d-new", "email", "newer@example.com"))

    told = [{m["about"] for m in t["missing"]} for t in house.outcomes("service.not_ready")]
    assert told == [{"d-new", "d-other"}, {"d-other"}, {"d-new", "d-other"}]
