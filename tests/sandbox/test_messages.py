"""The Messages resource, by plain HTTP and by Twilio's SDK."""

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException

from tests.sandbox.clients import ACCOUNT, LANDLINE, MESSAGES, MOBILE, SMS, ask, sdk
from workers.sandbox import SANDBOX_ACCOUNT_SID
from workers.sandbox.behaviour import Act, Rule
from workers.sandbox.local import Sandbox

SERVICE = "MG" + "1" * 32


def test_an_sms_is_on_record_as_it_was_asked_for(sandbox: Sandbox) -> None:
    """The record is the oracle that every end-to-end check compares with."""
    url = "http://127.0.0.1:9/receipts?delivery=d-1&attempt=2"

    answer = ask(
        sandbox, "POST", MESSAGES, form={**SMS, "StatusCallback": url, "ValidityPeriod": "600"}
    )

    [entry] = sandbox.record()
    assert (answer.status, answer.document["sid"]) == (201, entry.reference)
    assert (entry.kind, entry.to, entry.sender, entry.body) == (
        "sms",
        MOBILE,
        "Onward",
        SMS["Body"],
    )
    assert (entry.callback_url, entry.validity_seconds) == (url, 600)


def test_the_sdk_reads_what_it_sent(sandbox: Sandbox) -> None:
    """Our providers speak through the SDK: every field that it parses must parse."""
    with sdk(sandbox) as client:
        sent = client.messages.create(to=MOBILE, from_="Onward", body="Ring back")
        found = client.messages(sent.sid).fetch()

    assert (sent.status, sent.date_sent, sent.account_sid) == ("queued", None, SANDBOX_ACCOUNT_SID)
    assert (found.status, found.body, found.error_code) == ("delivered", "Ring back", None)
    assert abs(found.date_sent - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("body", "parts", "price"),
    [("Ring back", "1", "-0.0420"), ("x" * 161, "2", "-0.0840"), ("ж" * 135, "3", "-0.1260")],
)
def test_what_a_text_costs_is_told_once_it_has_gone(
    sandbox: Sandbox, body: str, parts: str, price: str
) -> None:
    """By the segment, and not yet in the answer that accepts it."""
    with sdk(sandbox) as client:
        sent = client.messages.create(to=MOBILE, from_="Onward", body=body)
        found = client.messages(sent.sid).fetch()

    assert (sent.num_segments, sent.price) == (parts, None)
    assert (found.num_segments, found.price, found.price_unit) == (parts, price, "GBP")


def test_a_text_that_failed_costs_nothing(sandbox: Sandbox) -> None:
    """It never reached a network."""
    sandbox.behave(Rule(Act.RECEIPT, word="failed"))
    with sdk(sandbox) as client:
        sent = client.messages.create(to=MOBILE, from_="Onward", body="Ring back")
        found = client.messages(sent.sid).fetch()

    assert (found.status, found.price) == ("failed", None)


def test_a_messaging_service_accepts_before_it_queues(sandbox: Sandbox) -> None:
    """Twilio's first status differs there, and a reader must know both."""
    with sdk(sandbox) as client:
        sent = client.messages.create(to=MOBILE, messaging_service_sid=SERVICE, body="Ring back")

    assert (sent.status, sent.messaging_service_sid) == ("accepted", SERVICE)


def test_the_sdk_pages_through_all_messages_newest_first(sandbox: Sandbox) -> None:
    """Reconciliation reads listings to their end, and must see each message once."""
    with sdk(sandbox) as client:
        sent = [
            client.messages.create(to=MOBILE, from_="Onward", body=f"Text {n}").sid
            for n in range(5)
        ]
        listed = [message.sid for message in client.messages.list(page_size=2)]

    assert listed == sent[::-1]


@pytest.mark.parametrize(
    ("filters", "bodies"),
    [
        ({"to": "+447700900002"}, ["two"]),
        ({"from_": "Elsewhere"}, ["three"]),
        ({"to": "+447700900001", "from_": "Onward"}, ["one"]),
        ({"date_sent_after": datetime.now(UTC) - timedelta(days=1)}, ["three", "two", "one"]),
        ({"date_sent_before": datetime.now(UTC) - timedelta(days=1)}, []),
        ({"to": "+447700900009"}, []),
    ],
    ids=["to", "from", "both", "after", "before", "none"],
)
def test_listings_are_filtered_as_twilio_filters_them(
    sandbox: Sandbox, filters: dict[str, str], bodies: list[str]
) -> None:
    """To, From and DateSent are all that evidence can be searched by."""
    with sdk(sandbox) as client:
        client.messages.create(to="+447700900001", from_="Onward", body="one")
        client.messages.create(to="+447700900002", from_="Onward", body="two")
        client.messages.create(to="+447700900001", from_="Elsewhere", body="three")

        listed = [message.body for message in client.messages.list(**filters)]

    assert listed == bodies


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": "07700900123"}, 21211),
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"From": "Much too long a sender"}, 21212),
        ({"From": "+441632960123"}, 21606),  # a landline of nobody's account
        ({"To": LANDLINE}, 21614),
        ({"To": "+353850123456"}, 21408),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"StatusCallback": "/relative"}, 21609),
        ({"ValidityPeriod": "36001"}, 20001),
        ({"ValidityPeriod": "0"}, 20001),
    ],
)
def test_a_faulty_request_is_refused_in_twilios_words(
    sandbox: Sandbox, change: dict[str, str], code: int
) -> None:
    """A provider sorts refusals by these codes alone."""
    answer = ask(sandbox, "POST", MESSAGES, form={**SMS, **change})

    assert (answer.status, answer.document["code"]) == (400, code)
    assert set(answer.document) == {"code", "message", "more_info", "status"}
    assert sandbox.record() == []


def test_a_wrong_token_is_not_let_in(sandbox: Sandbox) -> None:
    """Wrong credentials must look as they do at Twilio: they pause a provider."""
    answer = ask(sandbox, "POST", MESSAGES, form=SMS, token="wrong")

    assert (answer.status, answer.document["code"]) == (401, 20003)


@pytest.mark.parametrize("sid", ["SM" + "0" * 32, "SMnothing", "SM" + "f" * 32])
def test_an_unknown_message_is_not_found(sandbox: Sandbox, sid: str) -> None:
    """A reference that is not on record is no proof."""
    answer = ask(sandbox, "GET", f"{ACCOUNT}/Messages/{sid}.json")

    assert (answer.status, answer.document["code"]) == (404, 20404)


def test_the_account_can_be_asked_for_without_doing_anything(sandbox: Sandbox) -> None:
    """A breaker probes with it, so it must leave no trace."""
    with sdk(sandbox) as client:
        account = client.api.accounts(sandbox.account_sid).fetch()

    assert account.status == "active"
    assert sandbox.record() == []


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        (Rule(Act.REFUSE, to=MOBILE, code=21610), 400, 21610),
        (Rule(Act.REFUSE, code=21614), 400, 21614),
        (Rule(Act.UNAVAILABLE), 503, 20503),
    ],
)
def test_a_scripted_refusal_accepts_nothing(
    sandbox: Sandbox, rule: Rule, status: int, code: int
) -> None:
    """A definite answer must be definite."""
    sandbox.behave(rule)

    answer = ask(sandbox, "POST", MESSAGES, form=SMS)

    assert (answer.status, answer.document["code"]) == (status, code)
    assert sandbox.record() == []


def test_a_storm_of_requests_is_told_when_to_come_again(sandbox: Sandbox) -> None:
    """429 with Retry-After is Twilio's own way, and never means accepted."""
    sandbox.behave(Rule(Act.RATE_LIMIT, per_second=1, retry_after=7))
    ask(sandbox, "POST", MESSAGES, form=SMS)

    answer = ask(sandbox, "POST", MESSAGES, form=SMS)

    assert (answer.status, answer.document["code"]) == (429, 20429)
    assert answer.headers["Retry-After"] == "7"
    assert len(sandbox.record()) == 1


@pytest.mark.parametrize(
    ("act", "accepted"),
    [
        (Act.DROP, 0),
        (Act.RESET, 0),
        (Act.ACCEPT_THEN_DROP, 1),
        (Act.ACCEPT_THEN_RESET, 1),
    ],
)
def test_a_broken_connection_says_nothing_of_what_was_accepted(
    sandbox: Sandbox, act: Act, accepted: int
) -> None:
    """From outside they look the same: that is what `uncertain` is for."""
    sandbox.behave(Rule(act))

    with pytest.raises(aiohttp.ClientConnectionError):
        ask(sandbox, "POST", MESSAGES, form=SMS)

    assert len(sandbox.record()) == accepted


@pytest.mark.parametrize(("act", "accepted"), [(Act.HANG, 0), (Act.ACCEPT_THEN_HANG, 1)])
def test_a_silent_server_says_nothing_of_what_was_accepted(
    sandbox: Sandbox, act: Act, accepted: int
) -> None:
    """A timeout is no answer either."""
    sandbox.behave(Rule(act))

    with pytest.raises(TimeoutError):
        ask(sandbox, "POST", MESSAGES, form=SMS, seconds=0.2)

    assert len(sandbox.record()) == accepted


def test_a_fault_after_accepting_is_still_an_acceptance(sandbox: Sandbox) -> None:
    """Twilio says of its 500 that the message may have been sent."""
    sandbox.behave(Rule(Act.ACCEPT_THEN_FAULT, status=503))

    answer = ask(sandbox, "POST", MESSAGES, form=SMS)

    assert answer.status == 503
    assert len(sandbox.record()) == 1


def test_a_hiccup_ends_after_its_number_of_requests(sandbox: Sandbox) -> None:
    """A demo's hiccup must pass, and at a moment that is known."""
    sandbox.behave(Rule(Act.UNAVAILABLE, times=2))

    statuses = [ask(sandbox, "POST", MESSAGES, form=SMS).status for _ in range(3)]

    assert statuses == [503, 503, 201]


def test_an_outage_is_felt_by_readers_too(sandbox: Sandbox) -> None:
    """A breaker that probes must not be told that all is well."""
    sandbox.behave(Rule(Act.UNAVAILABLE))

    with sdk(sandbox) as client, pytest.raises(TwilioRestException) as raised:
        client.api.accounts(sandbox.account_sid).fetch()

    assert raised.value.status == 503


def test_an_undelivered_message_shows_its_error(sandbox: Sandbox) -> None:
    """Where no receipt came, the message itself is asked for."""
    sandbox.behave(Rule(Act.RECEIPT, word="undelivered", error_code=30005))

    with sdk(sandbox) as client:
        sent = client.messages.create(to=MOBILE, from_="Onward", body="Ring back")
        found = client.messages(sent.sid).fetch()

    assert (found.status, found.error_code) == ("undelivered", 30005)
