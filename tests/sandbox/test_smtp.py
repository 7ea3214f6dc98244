"""The SMTP server, by smtplib and by hand."""

import hashlib
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.sandbox.clients import MAIL, by_hand, read_reply, send_mail, smtp
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings, Tls


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
