"""Status callbacks: signed, in whatever order and number they are scripted."""

import pytest

from tests.sandbox.clients import MESSAGES, SMS, ask
from tests.sandbox.listener import Heard, Listener
from tests.waiting import eventually
from workers.sandbox import SANDBOX_AUTH_TOKEN
from workers.sandbox.behaviour import Act, How, Rule
from workers.sandbox.local import Sandbox
from workers.sandbox.signature import signature

PATH = "/receipts?delivery=d-1&attempt=2"


def send(sandbox: Sandbox, url: str) -> str:
    """Send one SMS that wants to be told; its sid."""
    sid: str = ask(sandbox, "POST", MESSAGES, form={**SMS, "StatusCallback": url}).document["sid"]
    return sid


def test_a_sender_is_told_sent_and_then_delivered(sandbox: Sandbox, listener: Listener) -> None:
    """The ids in the query come back whole: they are the evidence for an attempt."""
    sid = send(sandbox, listener.url(PATH))

    eventually(lambda: len(listener.heard) == 2, "two callbacks")
    assert listener.statuses() == ["sent", "delivered"]
    assert {heard.path for heard in listener.heard} == {PATH}
    assert {heard.form["MessageSid"] for heard in listener.heard} == {sid}


def test_a_callback_is_signed_over_its_address_and_form(
    sandbox: Sandbox, listener: Listener
) -> None:
    """An unsigned callback proves nothing."""
    send(sandbox, listener.url(PATH))

    eventually(lambda: len(listener.heard) == 2, "two callbacks")
    for heard in listener.heard:
        expected = signature(SANDBOX_AUTH_TOKEN, listener.url(PATH), heard.pairs)
        assert heard.signature == expected


def test_a_failure_is_told_with_its_code(sandbox: Sandbox, listener: Listener) -> None:
    """The code decides whether the number is dead or only off."""
    sandbox.behave(Rule(Act.RECEIPT, to=SMS["To"], word="undelivered", error_code=30006))

    send(sandbox, listener.url(PATH))

    eventually(lambda: len(listener.heard) == 2, "two callbacks")
    assert listener.statuses() == ["sent", "undelivered"]
    assert listener.heard[1].form["ErrorCode"] == "30006"


@pytest.mark.parametrize(
    ("how", "statuses"),
    [
        ("duplicate", ["sent", "sent", "delivered", "delivered"]),
        ("reordered", ["delivered", "sent"]),
        ("delayed", ["sent", "delivered"]),
        ("forged", ["failed"]),
    ],
)
def test_callbacks_come_as_badly_as_scripted(
    sandbox: Sandbox, listener: Listener, how: How, statuses: list[str]
) -> None:
    """Repeats, disorder and lateness are all Twilio's to choose."""
    sandbox.behave(Rule(Act.CALLBACKS, how=how, delay_ms=50))

    send(sandbox, listener.url(PATH))

    eventually(lambda: len(listener.heard) == len(statuses), "the callbacks")
    assert listener.statuses() == statuses


def test_a_forged_callback_is_not_signed_with_the_token(
    sandbox: Sandbox, listener: Listener
) -> None:
    """Else refusing it could not be tested."""
    sandbox.behave(Rule(Act.CALLBACKS, how="forged"))

    send(sandbox, listener.url(PATH))

    eventually(lambda: listener.heard, "the forged callback")
    [forged] = listener.heard
    assert forged.signature != signature(SANDBOX_AUTH_TOKEN, listener.url(PATH), forged.pairs)


def test_callbacks_can_stay_away_while_the_message_arrives(
    sandbox: Sandbox, listener: Listener
) -> None:
    """A lost receipt is found by asking."""
    sandbox.behave(Rule(Act.CALLBACKS, how="none"))

    send(sandbox, listener.url(PATH))

    found = ask(sandbox, "GET", MESSAGES).document["messages"]
    assert [message["status"] for message in found] == ["delivered"]
    assert listener.heard == []


def test_a_callback_can_come_before_the_reply(sandbox: Sandbox, listener: Listener) -> None:
    """Then the attempt's outcome is not recorded yet, and must not be overwritten later."""
    sandbox.behave(Rule(Act.CALLBACKS, how="before_reply"))
    replied = False
    seen: list[bool] = []

    def note(_heard: Heard) -> None:
        seen.append(replied)

    listener.when_heard = note

    send(sandbox, listener.url(PATH))
    replied = True

    assert seen == [False, False]


@pytest.mark.parametrize(
    "url", ["http://receipts.example.com/x", "https://127.0.0.1/x", "http://192.0.2.7/x"]
)
def test_nothing_is_posted_beyond_this_machine(sandbox: Sandbox, url: str) -> None:
    """A test must not reach a stranger, whatever address it was given."""
    send(sandbox, url)

    eventually(lambda: sandbox.counts()["callbacks"].get("host_not_allowed") == 2, "two drops")


def test_a_dead_address_does_not_stop_the_others(sandbox: Sandbox, listener: Listener) -> None:
    """One publisher's broken webhook must not silence all."""
    for _ in range(20):
        send(sandbox, "http://127.0.0.1:9/nobody")

    send(sandbox, listener.url(PATH))

    eventually(lambda: len(listener.heard) == 2, "two callbacks")
    eventually(lambda: sandbox.counts()["callbacks"].get("failed") == 40, "forty failures")
