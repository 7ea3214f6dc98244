"""The SMTP server's faults: refused, broken, silent or slow at each stage."""

import smtplib
import socket
import threading

import pytest

from tests.sandbox.clients import by_hand, read_reply, send_mail, smtp
from tests.waiting import eventually
from workers.sandbox.behaviour import Act, Rule, Stage
from workers.sandbox.local import Sandbox

GONE = (smtplib.SMTPServerDisconnected, ConnectionError)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (Rule(Act.REFUSE), 550),
        (Rule(Act.REFUSE, stage="mail", code=451), 451),
        (Rule(Act.REFUSE, stage="rcpt", to="pat@*", code=553), 553),
        (Rule(Act.REFUSE, stage="dot", code=451), 451),
        (Rule(Act.REFUSE, stage="dot", code=554), 554),
        (Rule(Act.OVER_QUOTA), 552),
        (Rule(Act.OVER_QUOTA, code=452), 452),
        (Rule(Act.UNAVAILABLE), 421),
    ],
)
def test_a_scripted_refusal_accepts_nothing(sandbox: Sandbox, rule: Rule, code: int) -> None:
    """At each stage a definite answer is definite."""
    sandbox.behave(rule)

    with smtp(sandbox) as client:
        said = (
            send_mail(client) if rule.act is not Act.UNAVAILABLE else client.mail("a@b.example")[0]
        )

    assert said == code
    assert sandbox.record() == []


def test_data_itself_can_be_refused(sandbox: Sandbox) -> None:
    """Before a byte of the mail has left."""
    sandbox.behave(Rule(Act.REFUSE, stage="data", code=451))

    with by_hand(sandbox) as raw:
        raw.sendall(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
        said = read_reply(raw, 3)

    assert said.splitlines()[2].startswith(b"451 ")


def test_greylisting_lets_the_second_try_in(sandbox: Sandbox) -> None:
    """A retry by the same sender to the same mailbox is what it waits for."""
    sandbox.behave(Rule(Act.GREYLIST))

    with smtp(sandbox) as client:
        codes = [send_mail(client, to) for to in ("a@example.com", "b@example.com") for _ in "12"]

    assert codes == [451, 250, 451, 250]


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "body", "dot"])
@pytest.mark.parametrize("act", [Act.DROP, Act.RESET])
def test_a_connection_can_break_at_any_stage(sandbox: Sandbox, stage: Stage, act: Act) -> None:
    """Before the dot it is definite that nothing was sent; nothing is on record."""
    sandbox.behave(Rule(act, stage=stage))

    with smtp(sandbox) as client, pytest.raises(GONE):
        send_mail(client)

    assert sandbox.record() == []


def test_a_connection_can_break_before_a_greeting(sandbox: Sandbox) -> None:
    """Definite as well: nothing was even said."""
    sandbox.behave(Rule(Act.DROP, stage="connect"))

    with pytest.raises(GONE), smtp(sandbox):
        pass


@pytest.mark.parametrize("act", [Act.ACCEPT_THEN_DROP, Act.ACCEPT_THEN_RESET])
def test_a_lost_reply_after_the_dot_hides_an_acceptance(sandbox: Sandbox, act: Act) -> None:
    """RFC 1047: the client cannot know."""
    sandbox.behave(Rule(act))

    with smtp(sandbox) as client, pytest.raises(GONE):
        send_mail(client)

    assert len(sandbox.record()) == 1


def test_a_fault_after_accepting_is_still_an_acceptance(sandbox: Sandbox) -> None:
    """A relay that stores and then says 451 makes a duplicate of the retry."""
    sandbox.behave(Rule(Act.ACCEPT_THEN_FAULT, times=1))

    with smtp(sandbox) as client:
        codes = [send_mail(client), send_mail(client)]

    assert codes == [451, 250]
    assert len(sandbox.record()) == 2


@pytest.mark.parametrize(("act", "accepted"), [(Act.HANG, 0), (Act.ACCEPT_THEN_HANG, 1)])
def test_a_silent_server_never_answers_the_dot(sandbox: Sandbox, act: Act, accepted: int) -> None:
    """A timeout after the dot is no answer."""
    sandbox.behave(Rule(act))

    with smtp(sandbox) as client:
        assert client.sock is not None
        client.sock.settimeout(0.2)
        with pytest.raises((*GONE, TimeoutError)):
            send_mail(client)

    assert len(sandbox.record()) == accepted


def test_a_slow_server_keeps_its_others_waiting_for_nothing(sandbox: Sandbox) -> None:
    """Slowness towards one mailbox is that mailbox's alone."""
    sandbox.behave(Rule(Act.SLOW, to="slow@example.com", latency_ms=30_000))

    with smtp(sandbox) as slow, smtp(sandbox) as quick:
        waiting = threading.Thread(target=lambda: _until_closed(slow), daemon=True)
        waiting.start()
        eventually(lambda: sandbox.counts()["fired"] == [1], "the slow mail's wait")
        code = send_mail(quick)
        assert slow.sock is not None
        slow.sock.shutdown(socket.SHUT_RDWR)
        waiting.join(60)

    assert code == 250


def _until_closed(client: smtplib.SMTP) -> None:
    try:
        send_mail(client, "slow@example.com")
    except (OSError, smtplib.SMTPException):
        return
