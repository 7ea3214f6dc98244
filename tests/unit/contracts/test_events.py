"""Every event type keeps its contract, and what breaks one is said all at once."""

import json
from typing import Any

import pytest

from contracts.envelope import parse_binary_http, parse_structured
from contracts.events import (
    BY_WIRE,
    TYPES,
    Event,
    canonical_content,
    dump_data,
    keepable,
    load_data,
    parse_event,
    search_terms,
    with_data_problems,
)
from contracts.problems import Malformed, Problem
from contracts.vocabulary import ErrorCode
from tests import factories

PAN = "4111 1111 1111 1111"
IBAN = "GB82WEST12345698765432"


def changed(name: str, /, **changes: Any) -> dict[str, Any]:
    """The type's sample in an envelope, with these changes to its data."""
    return factories.envelope(name, data=factories.valid(name, **changes))


def parsed(event: dict[str, Any], *, admit_drama: bool = True) -> Event:
    """The event, through the doors that it would take."""
    return parse_event(parse_structured(json.dumps(event).encode()), admit_drama=admit_drama)


def problems_of(event: dict[str, Any], *, admit_drama: bool = True) -> list[Problem]:
    """All that is wrong with an event."""
    with pytest.raises(Malformed) as refused:
        parsed(event, admit_drama=admit_drama)
    return list(refused.value.problems)


def problems_or_none(event: dict[str, Any]) -> tuple[Problem, ...]:
    """All that is wrong with an event that may also be right."""
    try:
        parsed(event)
    except Malformed as refused:
        return refused.problems
    return ()


def found(event: dict[str, Any]) -> set[tuple[str, ErrorCode]]:
    """Where an event is wrong, and how."""
    return {(problem.path, problem.code) for problem in problems_of(event)}


def test_the_factories_know_every_type() -> None:
    """A type without a sample is a type without a test."""
    assert set(factories.TYPES) == set(TYPES) == set(factories.REQUIRED)
    assert set(BY_WIRE) == {f"onward.{name}.v1" for name in TYPES}


@pytest.mark.parametrize("name", TYPES)
def test_a_valid_event_is_read_kept_and_read_again(name: str) -> None:
    """What is stored must say what was published, years later too."""
    event = parsed(factories.envelope(name))

    kept = dump_data(event.data)

    assert event.type == name
    assert type(event.data) is TYPES[name].model
    assert load_data(name, kept) == event.data
    assert dump_data(load_data(name, kept)) == kept


@pytest.mark.parametrize("name", [name for name in TYPES if name != "customer.corrected"])
def test_the_required_fields_are_enough(name: str) -> None:
    """A publisher with little to say can still publish."""
    event = factories.envelope(name, data=factories.minimal(name))

    assert parsed(event).data.model_fields_set


@pytest.mark.parametrize("name", TYPES)
def test_every_missing_field_is_named_at_once(name: str) -> None:
    """Mending an event error by error costs a day each."""
    event = factories.envelope(name, data={})

    assert found(event) == {
        (f"data.{field}", ErrorCode.MISSING) for field in factories.REQUIRED[name]
    }


@pytest.mark.parametrize("name", TYPES)
def test_an_unknown_field_is_named(name: str) -> None:
    """A misspelt field must not vanish in silence."""
    event = factories.envelope(name, untold="x")

    assert found(event) == {("data.untold", ErrorCode.UNKNOWN_FIELD)}


def test_a_made_up_field_name_is_not_repeated_where_it_may_be_personal() -> None:
    """A number used as a field's name would reach the log by way of its path."""
    event = changed("call.ended", **{"01632 960111": "x"})

    assert found(event) == {("data.(name withheld)", ErrorCode.UNKNOWN_FIELD)}


def _shortened(value: Any) -> Any:
    return {"nested": {"value": value}}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("value", [None, 7, 7.5, True, [], "x" * 200_000, "\n", _shortened("x")])
def test_no_field_takes_just_anything(name: str, value: Any) -> None:
    """Whatever is sent, it is taken or refused with a path; nothing raises otherwise."""
    for field in factories.valid(name):
        event = changed(name, **{field: value})

        problems = problems_or_none(event)

        assert all(problem.path.startswith(f"data.{field}") for problem in problems)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("value", [PAN, IBAN, f"order {PAN} cvv 123"])
def test_no_field_lets_payment_details_through(name: str, value: str) -> None:
    """Cards and IBANs are refused in structured fields, masked in free text, and kept nowhere."""
    for path in _strings(factories.valid(name)):
        event = factories.envelope(name, data=_with(factories.valid(name), path, value))

        problems = problems_or_none(event)

        told = repr(problems) if problems else dump_data(parsed(event).data).decode()
        assert not any(secret in told for secret in ("4111", "WEST", "cvv 123"))


def _strings(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    match value:
        case str():
            return [path]
        case dict():
            return [p for k, member in value.items() for p in _strings(member, (*path, k))]
        case list():
            return [p for k, member in enumerate(value) for p in _strings(member, (*path, k))]
        case _:
            return []


def _with(sample: dict[str, Any], path: tuple[Any, ...], value: str) -> dict[str, Any]:
    here: Any = sample
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    return sample


@pytest.mark.parametrize(
    ("name", "changes", "path"),
    [
        ("call.message_taken", {"call_id": PAN}, "data.call_id"),
        ("call.message_taken", {"category": PAN}, "data.category"),
        ("call.message_taken", {"caller": {"name": IBAN}}, "data.caller.name"),
        ("post.dispatched", {"tracking_reference": PAN}, "data.tracking_reference"),
        ("post.dispatched", {"items": ["a", PAN]}, "data.items[1]"),
        ("payment.received", {"provider_reference": PAN}, "data.provider_reference"),
        ("subscription.chosen", {"method_label": PAN}, "data.method_label"),
        ("customer.registered", {"also_known_as": [IBAN]}, "data.also_known_as[0]"),
        ("customer.enquired", {"address": f"1 Lane\n{PAN}"}, "data.address"),
        ("customer.enquired", {"phone": PAN}, "data.phone"),
        ("destination.added", {"kind": "postal", "value": PAN}, "data.value"),
        ("destination.added", {"destination_id": "4111111111111111"}, "data.destination_id"),
        (
            "preferences.set",
            {"rules": [factories.catch_all(rule_id="4111111111111111")]},
            "data.rules[0]",
        ),
    ],
)
def test_payment_details_in_a_structured_field_are_card_data(
    name: str, changes: dict[str, Any], path: str
) -> None:
    """The publisher must learn that the field is right but its content is not for us."""
    assert found(factories.envelope(name, **changes)) == {(path, ErrorCode.CARD_DATA)}


@pytest.mark.parametrize("attribute", ["id", "subject", "extension"])
def test_payment_details_in_an_attribute_are_card_data(attribute: str) -> None:
    """An attribute is stored in the clear, and indexed."""
    event = factories.envelope("call.ended") | {attribute: "4111111111111111"}

    assert found(event) == {(attribute, ErrorCode.CARD_DATA)}


def test_free_text_is_masked_and_sent_on() -> None:
    """An emergency is not lost over a card number in it."""
    text = f"Boiler burst! My card is {PAN}, cvv 123."

    event = parsed(factories.envelope("call.message_taken", text=text, urgency="emergency"))

    kept = json.loads(dump_data(event.data))
    assert kept["text"] == "Boiler burst! My card is **** **** **** 1111, cvv ***."


@pytest.mark.parametrize(
    ("name", "changes", "path"),
    [
        ("call.message_taken", {"taken_at": "2026-11-20T10:00:00"}, "data.taken_at"),
        ("call.message_taken", {"taken_at": 1763632800}, "data.taken_at"),
        ("call.message_taken", {"text": "   "}, "data.text"),
        ("call.message_taken", {"text": "x" * 4001}, "data.text"),
        ("call.message_taken", {"urgency": "high"}, "data.urgency"),
        ("call.message_taken", {"caller": {"number": "+441", "x": 1}}, "data.caller.number"),
        ("call.message_taken", {"caller": {"number": "01632960111", "withheld": True}},
         "data.caller"),
        ("call.message_taken", {"caller": {"name": "Ada\nBcc: x@example.org"}},
         "data.caller.name"),
        ("call.waiting", {"provider_call_id": "CA12"}, "data.provider_call_id"),
        ("call.waiting", {"return_to": "sip:nobody"}, "data.return_to"),
        ("post.received", {"sender": {"class": "friend"}}, "data.sender.class"),
        ("post.received", {"class": "crate"}, "data.class"),
        ("post.received", {"contains": ["cash"]}, "data.contains[0]"),
        ("post.scanned", {"pages": 0}, "data.pages"),
        ("post.scanned", {"pages": "2"}, "data.pages"),
        ("post.scanned", {"scan": factories.file() | {"uri": "file:///etc/passwd"}},
         "data.scan.uri"),
        ("post.scanned", {"scan": factories.file() | {"uri": "http://example.com/x"}},
         "data.scan.uri"),
        ("post.scanned", {"scan": factories.file() | {"uri": "blob:" + "0" * 64}}, "data.scan"),
        ("policy.changed", {"published_at": "0001-01-01T00:00:00Z"}, "data.published_at"),
        ("policy.changed", {"effective_at": "9999-12-31T23:59:59Z"}, "data.effective_at"),
        ("post.dispatched", {"items": ["a", "a"]}, "data.items"),
        ("post.dispatched", {"items": []}, "data.items"),
        ("item.instructed", {"do": "burn"}, "data.do"),
        ("invoice.issued", {"gross": "120.01"}, "data.gross"),
        ("invoice.issued", {"net": 100}, "data.net"),
        ("invoice.issued", {"net": "-1"}, "data.net"),
        ("invoice.issued", {"due_on": "2026-10-31"}, "data.due_on"),
        ("invoice.issued", {"period": {"from": "2026-11-30", "to": "2026-11-01"}},
         "data.period.to"),
        ("invoice.issued", {"currency": "XXX"}, "data.currency"),
        ("invoice.overdue", {"gross": "1.001"}, "data.gross"),
        ("invoice.overdue", {"gross": "100.5", "currency": "JPY"}, "data.gross"),
        ("customer.registered", {"services": []}, "data.services"),
        ("customer.registered", {"services": ["phone_answering"]}, "data.addresses"),
        ("customer.registered", {"services": ["laundry"]}, "data.services[0]"),
        ("customer.registered", {"time_zone": "Mars/Olympus"}, "data.time_zone"),
        ("customer.registered", {"time_zone": "../etc/passwd"}, "data.time_zone"),
        ("customer.registered", {"invoice_email": "not an address"}, "data.invoice_email"),
        ("customer.registered", {"invoice_email": "a@localhost"}, "data.invoice_email"),
        ("customer.corrected", {"legal_name": None}, "data.legal_name"),
        ("customer.enquired", {"date_of_birth": "1980-01-01"}, "data.date_of_birth"),
        ("number.assigned", {"service": "mail_forwarding"}, "data.service"),
        ("destination.added", {"value": "01632 960111"}, "data.value"),
        ("destination.added", {"value": "someone"}, "data.value"),
        ("destination.added", {"kind": "email"}, "data.value"),
        ("destination.added", {"kind": "postal", "value": "  "}, "data.value"),
        ("destination.added", {"kind": "fax"}, "data.kind"),
        ("destination.added", {"destination_id": "@invoice"}, "data.destination_id"),
        ("preferences.set", {"rules": [{"rule_id": "r"}]}, "data.rules[0].action"),
        ("preferences.set", {"callers": {"vip": ["x"]}}, "data.callers.vip[0]"),
        ("consent.given", {"purpose": "resale"}, "data.purpose"),
        ("consent.given", {"channel": "sms"}, "data.channel"),
        ("correspondence.recorded", {"to": []}, "data.to"),
        ("correspondence.recorded", {"subject": "a\r\nBcc: b@example.org"}, "data.subject"),
        ("policy.changed", {"effective_at": "2026-12-20T09:59:59Z"}, "data.effective_at"),
        ("policy.changed", {"url": "http://example.com/policy"}, "data.url"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_its_path(
    name: str, changes: dict[str, Any], path: str
) -> None:
    """The publisher must find the field without asking us."""
    event = changed(name, **changes)

    assert path in {problem.path for problem in problems_of(event)}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("call.message_taken", {"caller": {"withheld": True}}),
        ("call.message_taken", {"caller": None, "for_": {}}),
        ("call.waiting", {"return_to": "01632 960111"}),
        ("post.scanned", {"scan": factories.file() | {"uri": "s3://bucket/scan.pdf"}}),
        ("invoice.overdue", {"gross": "100", "currency": "JPY"}),
        ("invoice.overdue", {"gross": "1.001", "currency": "KWD"}),
        ("customer.registered", {"services": ["registered_office"]}),
        ("customer.corrected", {"trading_name": None}),
        ("destination.added", {"kind": "voice", "value": "01632 960111"}),
        ("destination.added", {"kind": "email", "value": "ada@quill.example"}),
        ("destination.added", {"kind": "postal", "value": "1 Lane\nWestport\nZZ1 1AA"}),
        ("policy.changed", {"effective_at": "2026-12-20T10:00:00Z"}),
        ("policy.changed", {"effective_at": "2026-11-21T10:00:00Z", "major": False}),
        # A calendar month on the office's wall, though the clocks go forward within it.
        ("policy.changed", {"published_at": "2027-03-10T00:00:00Z",
                            "effective_at": "2027-04-10T00:00:00+01:00"}),
    ],
)  # fmt: skip
def test_what_looks_odd_but_is_right_is_taken(name: str, changes: dict[str, Any]) -> None:
    """A contract that is too strict loses messages."""
    assert parsed(factories.envelope(name, **changes)).type == name


def test_several_contradictions_are_reported_together() -> None:
    """Fields that are right by themselves can be wrong together, in more ways than one."""
    event = factories.envelope("invoice.issued", gross="1.001", due_on="2020-01-01")

    assert [problem.path for problem in problems_of(event)] == [
        "data.gross",
        "data.gross",
        "data.due_on",
    ]


def test_the_drama_range_is_mobile_only_with_the_sandbox() -> None:
    """In earnest those numbers reach nobody."""
    event = factories.envelope("destination.added", value="07700 900123")

    assert parsed(event, admit_drama=True).data.model_dump()["value"] == "+447700900123"
    assert [problem.path for problem in problems_of(event, admit_drama=False)] == ["data.value"]


@pytest.mark.parametrize(
    ("name", "changes", "subject", "path"),
    [
        ("invoice.issued", {}, None, "subject"),
        ("note.recorded", {}, None, "subject"),
        ("call.message_taken", {"dialled_number": ...}, None, "subject"),
        ("call.waiting", {"dialled_number": None}, None, "subject"),
        ("post.received", {"addressee": ...}, None, "subject"),
        ("call.message_taken", {}, None, None),
        ("call.message_taken", {"dialled_number": ...}, "C-1", None),
        ("call.ended", {}, None, None),
        ("post.received", {}, None, None),
        ("item.instructed", {}, None, None),
        ("post.dispatched", {}, None, None),
        ("post.disposed", {}, None, None),
        ("erasure.confirmed", {}, None, None),
        ("policy.changed", {}, None, None),
    ],
)
def test_an_event_says_whose_it_is(
    name: str, changes: dict[str, Any], subject: str | None, path: str | None
) -> None:
    """An event that is nobody's would wait for ever."""
    event = factories.envelope(name, subject=subject, **changes)

    if path is None:
        assert parsed(event).subject == subject
    else:
        assert found(event) == {(path, ErrorCode.MISSING)}


def test_a_notice_has_no_subject() -> None:
    """It concerns everyone; a subject would promise a narrower audience."""
    event = factories.envelope("policy.changed") | {"subject": "C-1042"}

    assert found(event) == {("subject", ErrorCode.ENVELOPE)}


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"type": "io.example.other"}, "type", ErrorCode.UNKNOWN_TYPE),
        ({"type": "onward.call.message_taken.v2"}, "type", ErrorCode.UNKNOWN_TYPE),
        ({"type": "call.message_taken"}, "type", ErrorCode.UNKNOWN_TYPE),
        ({"data": None}, "data", ErrorCode.MISSING),
        ({"data": "text"}, "data", ErrorCode.INVALID),
        ({"data": []}, "data", ErrorCode.INVALID),
        ({"datacontenttype": "text/plain"}, "datacontenttype", ErrorCode.ENVELOPE),
    ],
)
def test_a_foreign_event_is_refused(change: dict[str, Any], path: str, code: ErrorCode) -> None:
    """It may be a perfect CloudEvent; it is none of ours."""
    event = factories.envelope("call.message_taken") | change

    assert (path, code) in found(event)


def test_envelope_and_data_are_complained_of_together() -> None:
    """Every error in an event is reported at once, wherever it stands."""
    event = factories.envelope("call.message_taken", text=...) | {"time": "noon"}
    del event["id"]
    with pytest.raises(Malformed) as refused:
        parse_structured(json.dumps(event).encode())

    complete = with_data_problems(refused.value, admit_drama=False)

    assert {problem.path for problem in complete.problems} == {"id", "time", "data.text"}


def test_a_thousand_errors_are_summed_up() -> None:
    """An answer must stay an answer."""
    event = factories.envelope("post.disposed", items=[1] * 1000)

    problems = problems_of(event)

    assert len(problems) == 101
    assert "900 more" in problems[-1].text


def test_a_complaint_never_quotes_the_value() -> None:
    """Complaints go to logs, queues and pages; names and numbers must not go with them."""
    secret = "ada quill 01632 960111"
    for name in TYPES:
        for field in factories.valid(name):
            for value in (secret, [secret], {secret: secret}, {"timing": secret}):
                event = changed(name, **{field: value})
                assert "ada" not in repr(problems_or_none(event))


@pytest.mark.parametrize("mode", ["key order", "binary", "time", "extension", "white space"])
def test_the_same_content_is_the_same_in_any_envelope(mode: str) -> None:
    """A retry through another library must count as a duplicate, not a conflict."""
    event = factories.envelope("call.message_taken", id="e-same")
    original = canonical_content(parsed(event))

    match mode:
        case "key order":
            again = parsed(
                dict(reversed(event.items())) | {"data": dict(reversed(event["data"].items()))}
            )
        case "binary":
            headers = {f"ce-{n}": str(v) for n, v in event.items() if n.islower() and n != "data"}
            body = json.dumps(event["data"]).encode()
            again = parse_event(parse_binary_http(headers, body), admit_drama=True)
        case "time":
            again = parsed(event | {"time": "2026-11-21T00:00:00Z"})
        case "extension":
            again = parsed(event | {"traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"})
        case _:
            body = json.dumps(event, indent=4, ensure_ascii=False).encode()
            again = parse_event(parse_structured(body), admit_drama=True)

    assert canonical_content(again) == original  # fmt: skip


@pytest.mark.parametrize(
    "change", [{"subject": "C-2"}, {"type": "onward.call.ended.v1"}, {"text": "Other."}]
)
def test_other_content_is_other(change: dict[str, Any]) -> None:
    """The same id with other content must be refused as a conflict."""
    event = factories.envelope("call.message_taken", id="e-same")
    other = (
        factories.envelope("call.ended", id="e-same")
        if "type" in change
        else event | {"data": event["data"] | {"text": change["text"]}}
        if "text" in change
        else event | change
    )

    assert canonical_content(parsed(other)) != canonical_content(parsed(event))


def test_a_call_is_found_by_who_called() -> None:
    """An operator starts from a name or a number."""
    event = parsed(factories.envelope("call.message_taken"))

    terms = search_terms(event)

    assert terms == {"call-1", "ada quill", "ada", "quill", "quill & sons", "sons", "+441632960111"}


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("post.received", {"item-1"}),
        ("post.dispatched", {"dispatch-1", "item-1", "item-2", "qx123456785gb"}),
        ("invoice.issued", {"inv-2026-0107"}),
        ("payment.received", {"pay-1", "inv-2026-0107", "ch_7hq2"}),
        ("rights.requested", {"right-1"}),
        ("erasure.confirmed", {"right-1"}),
    ],
)
def test_an_event_is_found_by_its_ids(name: str, terms: set[str]) -> None:
    """Items, invoices and payments are asked after by number."""
    assert search_terms(parsed(factories.envelope(name))) == terms


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"a":"4111111111111111"}', b'{"a":"************1111"}'),
        (b'{"a":"\\u0034111111111111111"}', b'{"a":"************1111"}'),
        (b'{"a":4111111111111111}', b'{"a":"************1111"}'),
        (b"{not json 4111111111111111 \xff", "{not json ************1111 \ufffd".encode()),
        (b"{}", b"{}"),
    ],
)
def test_a_rejected_body_is_kept_without_payment_details(body: bytes, kept: bytes) -> None:
    """A rejected event is shown to an operator; a card number in it must not be."""
    assert keepable(body) == kept


def test_an_event_shows_no_personal_value() -> None:
    """An event in a log line or a traceback must say which it is, and nothing else."""
    event = parsed(factories.envelope("call.message_taken"))

    assert "Quill" not in repr(event)
    assert "lease" not in repr(event)
