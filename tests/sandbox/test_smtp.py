"""The SMTP server, by smtplib and by hand."""

import hashlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.sandbox.clients import MAIL, send_mail, smtp
from tests.waiting import eventually
from workers.sandbox.behaviour import Act, Rule, Stage
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings, Tls

GONE = (smtplib.SMTPServerDisconnected, ConnectionError)


@contextmanager
def by_hand(sandbox: Sandbox) -> Iterator[socket.socket]:
    """A bare connection, greeted."""
    with socket.create_connection((sandbox.smtp_host, sandbox.smtp_port), 10) as raw:
        read_reply(raw)
        raw.sendall(b"EHLO client.example\r\n")
        read_reply(raw)
        yield raw


def read_reply(raw: socket.socket, replies: int = 1) -> bytes:
    """So many replies; each ends with a line whose code a blank follows."""
    seen = b""
    while sum(line[3:4] == b" " for line in seen.splitlines()) < replies:
        more = raw.recv(4096)
        if not more:
            break
        seen += more
    return seen


def test_a_mail_is_on_record_with_its_digest(sandbox: Sandbox) -> None:
    """The record tells one mail from another without keeping its text."""
    with smtp(sandbox) as client:
        code = send_mail(client)

    [entry] = sandbox.record()
    assert code == 250
    assert (entry.kind, entry.to, entry.sender) == (
        "email",
        "pat@example.com",
        "post@onward.example",
    )
    assert (entry.subject, entry.message_id) == ("A call for you", "<d-1@onward.example>")
    assert (entry.sha256, entry.size) == (hashlib.sha256(MAIL).hexdigest(), len(MAIL))


def test_the_reply_names_the_reference_on_record(sandbox: Sandbox) -> None:
    """The queue id is what an operator quotes."""
    with smtp(sandbox) as client:
        client.mail("post@onward.example")
        client.rcpt("pat@example.com")
        _, said = client.data(MAIL)

    [entry] = sandbox.record()
    assert entry.reference in said.decode()


def test_one_connection_carries_many_mails(sandbox: Sandbox) -> None:
    """Pooled connections are how thousands a second are sent."""
    with smtp(sandbox) as client:
        codes = [send_mail(client, f"pat{n}@example.com") for n in range(20)]

    assert codes == [250] * 20
    assert [entry.to for entry in sandbox.record()] == [f"pat{n}@example.com" for n in range(20)]


def test_attachments_are_on_record_by_name_and_digest(sandbox: Sandbox) -> None:
    """That the right scan went out is shown by its digest."""
    scan = b"%PDF-1.7 a scan " * 5000
    mail = EmailMessage()
    mail["Subject"] = "Post for Café Ünder"
    mail["From"] = "post@onward.example"
    mail.set_content("A letter came.")
    mail.add_attachment(scan, maintype="application", subtype="pdf", filename="scan.pdf")

    with smtp(sandbox) as client:
        send_mail(client, raw=mail.as_bytes())

    [entry] = sandbox.record()
    [file] = entry.attachments
    assert entry.subject == "Post for Café Ünder"
    assert (file.name, file.media_type, file.size) == ("scan.pdf", "application/pdf", len(scan))
    assert file.sha256 == hashlib.sha256(scan).hexdigest()


@pytest.mark.parametrize(
    "text", [b".\r\n", b"..two\r\n.\r\nend\r\n", b"a\r\n.b\r\n", b"x" * 700_000 + b"\r\n"]
)
def test_a_mail_arrives_as_it_was_written(sandbox: Sandbox, text: bytes) -> None:
    """Dots at a line's start are doubled on the wire, and long bodies come in pieces."""
    raw = text
    with smtp(sandbox) as client:
        code = send_mail(client, raw=raw)

    [entry] = sandbox.record()
    assert code == 250
    assert entry.sha256 == hashlib.sha256(raw).hexdigest()


def test_an_envelope_id_is_on_record(sandbox: Sandbox) -> None:
    """DSN's ids tie a bounce to its delivery."""
    with smtp(sandbox) as client:
        client.mail("post@onward.example", ["ENVID=d-1.2", "RET=HDRS", "BODY=8BITMIME", "SIZE=99"])
        client.rcpt("pat@example.com", ["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;pat@example.com"])
        client.data(MAIL)

    [entry] = sandbox.record()
    assert (entry.envid, entry.notify) == ("d-1.2", "FAILURE,DELAY")


def test_what_is_on_offer_is_said(sandbox: Sandbox) -> None:
    """A client asks only for what EHLO named."""
    with smtp(sandbox) as client:
        offered = set(client.esmtp_features)

    assert {"size", "8bitmime", "smtputf8", "dsn", "pipelining"} <= offered
    assert "starttls" not in offered


def test_pipelined_commands_are_answered_in_order(sandbox: Sandbox) -> None:
    """What follows the dot in the same packet belongs to the next mail."""
    envelope = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"

    with by_hand(sandbox) as raw:
        raw.sendall(envelope)
        read_reply(raw, 3)
        raw.sendall(b"Subject: one\r\n\r\n1\r\n.\r\n" + envelope)
        read_reply(raw, 4)
        raw.sendall(b"Subject: two\r\n\r\n2\r\n.\r\nQUIT\r\n")
        said = read_reply(raw, 2)

    assert [entry.subject for entry in sandbox.record()] == ["one", "two"]
    assert b"\r\n221 " in said


@pytest.mark.parametrize(
    "command",
    [
        b"MAIL FROM: nobody\r\n",
        b"MAIL FROM:<a@example.com> XYZ=1\r\n",
        b"MAIL FROM:<a@example.com> SIZE=99999999999\r\n",
        b"RCPT TO:<b@example.com>\r\n",
        b"DATA\r\n",
    ],
)
def test_bad_commands_are_refused(sandbox: Sandbox, command: bytes) -> None:
    """A client's mistake must not end on record."""
    with by_hand(sandbox) as raw:
        raw.sendall(command)
        said = read_reply(raw)

    assert said[:1] == b"5"


def test_a_mail_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """And the connection goes on with the next."""
    with (
        Sandbox(SandboxSettings(tmp_path, fsync=False, largest_mail=2000)) as sandbox,
        smtp(sandbox) as client,
    ):
        codes = [send_mail(client, raw=MAIL + b"x" * 5000 + b"\r\n"), send_mail(client)]

        assert codes == [552, 250]
        assert len(sandbox.record()) == 1


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


def test_starttls_is_served_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    """A client can insist on TLS, and verify it, against the sandbox too."""
    with Sandbox(SandboxSettings(tmp_path, fsync=False, smtp_tls=Tls.REQUIRED)) as sandbox:
        trust = ssl.create_default_context(cafile=str(sandbox.certificate))
        with smtp(sandbox) as client:
            before = client.mail("post@onward.example")[0]
            client.starttls(context=trust)
            client.ehlo()
            code = send_mail(client)
            client.quit()

    assert (before, code) == (530, 250)


@pytest.mark.parametrize("mechanism", ["plain", "login"])
@pytest.mark.parametrize(("password", "let_in"), [("right", True), ("wrong", False)])
def test_credentials_are_asked_for_where_set(
    tmp_path: Path, mechanism: str, password: str, let_in: bool
) -> None:
    """A relay that knows its clients refuses strangers before anything else."""
    settings = SandboxSettings(
        tmp_path, fsync=False, smtp_tls=Tls.OFFERED, smtp_user="onward", smtp_password="right"
    )
    with Sandbox(settings) as sandbox, smtp(sandbox) as client:
        client.starttls(context=ssl.create_default_context(cafile=str(sandbox.certificate)))
        client.ehlo()
        before = client.mail("post@onward.example")[0]
        client.user, client.password = "onward", password
        method = client.auth_plain if mechanism == "plain" else client.auth_login
        with suppress(smtplib.SMTPAuthenticationError):
            client.auth(mechanism, method)
        code = client.mail("post@onward.example")[0]
        client.quit()

    assert (before, code) == (530, 250 if let_in else 530)


def test_a_mail_is_kept_whole_where_asked(tmp_path: Path) -> None:
    """A demo shows what the customer would have read."""
    with (
        Sandbox(SandboxSettings(tmp_path, fsync=False, keep_mail=True)) as sandbox,
        smtp(sandbox) as client,
    ):
        send_mail(client)
        [entry] = sandbox.record()

    assert (tmp_path / "mail" / f"{entry.reference}.eml").read_bytes() == MAIL


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
        waiting.join(5)

    assert code == 250


def _until_closed(client: smtplib.SMTP) -> None:
    try:
        send_mail(client, "slow@example.com")
    except (OSError, smtplib.SMTPException):
        return
