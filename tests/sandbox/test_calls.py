"""The Calls resource: a waiting caller is redirected, someone answers or does not."""

from collections.abc import Callable

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.sandbox.clients import ACCOUNT, CALLER, CALLS, LANDLINE, MOBILE, ask, sdk
from tests.sandbox.listener import Listener
from tests.waiting import eventually
from workers.sandbox import SANDBOX_AUTH_TOKEN
from workers.sandbox.behaviour import Act, Rule
from workers.sandbox.local import Sandbox
from workers.sandbox.signature import signature

AGENT = "+442079460555"


def dial(action: str, number: str = MOBILE, more: str = "") -> str:
    """TwiML that rings one number."""
    return f'<Response><Dial action="{action}" {more}><Number>{number}</Number></Dial></Response>'


def over(sandbox: Sandbox, sid: str) -> Callable[[], bool]:
    """Whether a call has ended."""
    return lambda: sandbox.call_status(sid) == "completed"


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (Rule(Act.DIAL, outcome="answer", seconds=42), "completed"),
        (Rule(Act.DIAL, outcome="voicemail", seconds=9), "completed"),
        (Rule(Act.DIAL, outcome="busy"), "busy"),
        (Rule(Act.DIAL, outcome="no_answer"), "no-answer"),
        (Rule(Act.DIAL, outcome="failed"), "failed"),
        (Rule(Act.DIAL, outcome="answer", to=LANDLINE), "completed"),
    ],
)
def test_the_action_is_told_how_the_dialled_number_took_it(
    sandbox: Sandbox, listener: Listener, rule: Rule, told: str
) -> None:
    """The call-centre learns from it alone whether the caller was served."""
    sandbox.behave(rule)
    call = sandbox.waiting_call(CALLER, LANDLINE)

    with sdk(sandbox) as client:
        client.calls(call).update(twiml=dial(listener.url("/dialled?delivery=d-1")))

    eventually(over(sandbox, call), "the end of the call")
    [heard] = listener.heard
    assert (heard.form["CallSid"], heard.form["DialCallStatus"]) == (call, told)
    assert heard.signature == signature(
        SANDBOX_AUTH_TOKEN, listener.url("/dialled?delivery=d-1"), heard.pairs
    )


def test_an_answered_leg_is_found_by_its_parent(sandbox: Sandbox, listener: Listener) -> None:
    """Where the action was never heard, the child call is the evidence."""
    sandbox.behave(Rule(Act.DIAL, seconds=42))
    call = sandbox.waiting_call(CALLER, LANDLINE)

    with sdk(sandbox) as client:
        client.calls(call).update(twiml=dial(listener.url("/dialled")))
        eventually(over(sandbox, call), "the end of the call")
        [leg] = client.calls.list(parent_call_sid=call)

    assert (leg.to, leg.status, leg.duration) == (MOBILE, "completed", "42")
    assert leg.sid == listener.heard[0].form["DialCallSid"]
    assert listener.heard[0].form["DialCallDuration"] == "42"


def test_a_voicemail_is_named_where_it_was_asked_for(sandbox: Sandbox, listener: Listener) -> None:
    """Voicemail answers: without machine detection it passes for a person."""
    sandbox.behave(Rule(Act.DIAL, outcome="voicemail"))
    call = sandbox.waiting_call(CALLER, LANDLINE)
    document = (
        f'<Response><Dial action="{listener.url("/x")}">'
        f'<Number machineDetection="Enable">{MOBILE}</Number></Dial></Response>'
    )

    with sdk(sandbox) as client:
        client.calls(call).update(twiml=document)
        eventually(over(sandbox, call), "the end of the call")
        [leg] = client.calls.list(parent_call_sid=call)

    assert leg.answered_by == "machine_start"


def test_a_phone_that_rings_too_long_is_not_answered(sandbox: Sandbox, listener: Listener) -> None:
    """The rule's ring time ends the ringing, however late someone would have come."""
    sandbox.behave(Rule(Act.DIAL, outcome="answer", ring_ms=60_000))
    call = sandbox.waiting_call(CALLER, LANDLINE)

    with sdk(sandbox) as client:
        client.calls(call).update(twiml=dial(listener.url("/x"), more='timeout="0.05"'))

    eventually(over(sandbox, call), "the end of the call")
    assert listener.heard[0].form["DialCallStatus"] == "no-answer"


def test_the_actions_answer_is_followed(sandbox: Sandbox, listener: Listener) -> None:
    """So a caller whom nobody took is given back to an agent."""
    sandbox.behave(Rule(Act.DIAL, to=MOBILE, outcome="no_answer"))
    listener.answers["/dialled"] = dial("/agent", AGENT)
    call = sandbox.waiting_call(CALLER, LANDLINE)

    with sdk(sandbox) as client:
        client.calls(call).update(twiml=dial(listener.url("/dialled")))
        eventually(over(sandbox, call), "the end of the call")
        legs = client.calls.list(parent_call_sid=call)

    assert [(leg.to, leg.status) for leg in legs] == [(AGENT, "completed"), (MOBILE, "no-answer")]
    assert [heard.path for heard in listener.heard] == ["/dialled", "/agent"]


def test_the_first_of_several_to_answer_has_the_call(sandbox: Sandbox, listener: Listener) -> None:
    """`ring all` must join the caller to one person only."""
    sandbox.behave(
        Rule(Act.DIAL, to=MOBILE, outcome="busy"),
        Rule(Act.DIAL, to=AGENT, outcome="answer", ring_ms=20),
    )
    call = sandbox.waiting_call(CALLER, LANDLINE)
    both = f"<Number>{MOBILE}</Number><Number>{AGENT}</Number>"
    document = f'<Response><Dial action="{listener.url("/x")}">{both}</Dial></Response>'

    with sdk(sandbox) as client:
        client.calls(call).update(twiml=document)
        eventually(over(sandbox, call), "the end of the call")
        legs = client.calls.list(parent_call_sid=call)

    assert {leg.to: leg.status for leg in legs} == {AGENT: "completed", MOBILE: "no-answer"}
    assert listener.heard[0].form["DialCallStatus"] == "completed"


def test_a_redirected_call_is_on_record(sandbox: Sandbox) -> None:
    """What was asked for is the proof, whether or not anyone answered."""
    call = sandbox.waiting_call(CALLER, LANDLINE)
    document = dial("http://127.0.0.1:9/dialled?delivery=d-7")

    ask(sandbox, "POST", f"{ACCOUNT}/Calls/{call}.json", form={"Twiml": document})

    [entry] = sandbox.record()
    assert (entry.kind, entry.reference, entry.to, entry.body) == ("call", call, MOBILE, document)
    assert entry.callback_url == "http://127.0.0.1:9/dialled?delivery=d-7"


def test_a_caller_who_has_hung_up_cannot_be_redirected(sandbox: Sandbox) -> None:
    """21220: too late, and nobody is rung."""
    call = sandbox.waiting_call(CALLER, LANDLINE, "CA" + "b" * 32)
    sandbox.hang_up(call)

    with sdk(sandbox) as client, pytest.raises(TwilioRestException) as raised:
        client.calls(call).update(twiml=dial("http://127.0.0.1:9/x"))

    assert (raised.value.status, raised.value.code) == (400, 21220)
    assert sandbox.record() == []


def test_a_caller_may_hang_up_while_it_rings(sandbox: Sandbox, listener: Listener) -> None:
    """The ringing stops, and the action hears of it."""
    sandbox.behave(Rule(Act.DIAL, ring_ms=60_000))
    call = sandbox.waiting_call(CALLER, LANDLINE)
    with sdk(sandbox) as client:
        client.calls(call).update(twiml=dial(listener.url("/x"), more='timeout="90"'))
        eventually(lambda: client.calls.list(parent_call_sid=call), "a ringing leg")

        sandbox.hang_up(call)

        eventually(lambda: listener.heard, "the action")
        [leg] = client.calls.list(parent_call_sid=call)
    assert leg.status == "canceled"
    assert listener.heard[0].form["DialCallStatus"] == "no-answer"
    assert listener.heard[0].form["CallStatus"] == "completed"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("<Response><Dial>", 12100),
        ("<Answer/>", 12100),
        ('<!DOCTYPE x [<!ENTITY a "b">]><Response/>', 12100),
        (dial("/relative"), 15004),
        ("", 21205),
    ],
)
def test_unusable_twiml_is_refused(sandbox: Sandbox, document: str, code: int) -> None:
    """A mistake of ours must show at once, not as a dropped caller."""
    call = sandbox.waiting_call(CALLER, LANDLINE)

    answer = ask(sandbox, "POST", f"{ACCOUNT}/Calls/{call}.json", form={"Twiml": document})

    assert (answer.status, answer.document["code"]) == (400, code)
    assert sandbox.call_status(call) == "in-progress"


def test_an_unknown_call_is_not_found(sandbox: Sandbox) -> None:
    """A call of another account, or none at all."""
    answer = ask(
        sandbox, "POST", f"{ACCOUNT}/Calls/CA{'0' * 32}.json", form={"Twiml": "<Response/>"}
    )

    assert (answer.status, answer.document["code"]) == (404, 20404)


def test_a_call_is_ended_by_its_status(sandbox: Sandbox) -> None:
    """The other update that Twilio knows."""
    call = sandbox.waiting_call(CALLER, LANDLINE)

    with sdk(sandbox) as client:
        ended = client.calls(call).update(status="completed")

    assert ended.status == "completed"


def test_a_placed_call_is_answered_and_followed(sandbox: Sandbox, listener: Listener) -> None:
    """An outgoing call takes the same way, and tells its end."""
    with sdk(sandbox) as client:
        placed = client.calls.create(
            to=MOBILE,
            from_=LANDLINE,
            twiml="<Response><Say>Hello</Say><Pause length='0'/><Hangup/></Response>",
            status_callback=listener.url("/ended"),
        )
        eventually(lambda: listener.heard, "the callback")
        ended = client.calls(placed.sid).fetch()

    assert (placed.status, ended.status) == ("queued", "completed")
    assert [entry.reference for entry in sandbox.record()] == [placed.sid]


def test_twiml_is_fetched_and_redirects_are_followed(sandbox: Sandbox, listener: Listener) -> None:
    """A document may lie at an address, and name the next one relative to it."""
    listener.answers["/first"] = "<Response><Redirect>second</Redirect></Response>"
    listener.answers["/second"] = dial("/third")
    call = sandbox.waiting_call(CALLER, LANDLINE)

    with sdk(sandbox) as client:
        client.calls(call).update(url=listener.url("/first"))

    eventually(over(sandbox, call), "the end of the call")
    assert [heard.path for heard in listener.heard] == ["/first", "/second", "/third"]


def test_a_redirect_can_be_accepted_and_then_go_unanswered(
    sandbox: Sandbox, listener: Listener
) -> None:
    """The caller was put through although we were told of a fault."""
    sandbox.behave(Rule(Act.ACCEPT_THEN_FAULT, channel="call", to=MOBILE))
    call = sandbox.waiting_call(CALLER, LANDLINE)

    answer = ask(
        sandbox,
        "POST",
        f"{ACCOUNT}/Calls/{call}.json",
        form={"Twiml": dial(listener.url("/x"))},
    )

    eventually(lambda: listener.heard, "the action")
    assert answer.status == 500
    assert len(sandbox.record()) == 1


@pytest.mark.parametrize(
    ("change", "code"), [({"To": ""}, 21201), ({"To": "123"}, 21211), ({"From": ""}, 21213)]
)
def test_a_faulty_call_is_refused(sandbox: Sandbox, change: dict[str, str], code: int) -> None:
    """Nobody is rung by mistake."""
    form = {"To": MOBILE, "From": LANDLINE, "Twiml": "<Response/>"}

    answer = ask(sandbox, "POST", CALLS, form={**form, **change})

    assert (answer.status, answer.document["code"]) == (400, code)
