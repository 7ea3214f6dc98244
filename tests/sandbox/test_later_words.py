"""Does the sandbox report on mail, and text us, as the world does?"""

from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.sandbox.clients import ask, send_mail, smtp
from tests.sandbox.listener import Listener
from tests.service_answers import free_port
from tests.waiting import eventually
from workers.sandbox import SANDBOX_AUTH_TOKEN
from workers.sandbox.behaviour import Act, Rule
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings
from workers.sandbox.signature import signature

ENVID = "ENVID=b.1.ff"


class _Taker:
    """Takes mail, after it has put the first ones off."""

    def __init__(self, put_off: int = 0) -> None:
        self.put_off = put_off
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.put_off:
            self.put_off -= 1
            return "451 4.3.0 Later"
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return "250 2.0.0 Ok"


@pytest.mark.parametrize("put_off", [0, 2])
def test_a_report_goes_to_the_envelope_sender_and_comes_again_where_put_off(
    sandbox: Sandbox, put_off: int
) -> None:
    """With the empty sender, the status, and the id that the sender gave."""
    taker = _Taker(put_off)
    port = free_port()  # aiosmtpd's controller cannot be told to find one
    controller = Controller(taker, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        sandbox.bounce_to(port)
        sandbox.behave(Rule(Act.BOUNCE, channel="email", action="delayed", enhanced="4.4.1"))
        with smtp(sandbox) as client:
            client.docmd(f"MAIL FROM:<post@onward.example> {ENVID}")
            client.docmd("RCPT TO:<pat@example.com>")
            client.data(b"Subject: A call\r\n\r\nPlease ring back.\r\n")
        eventually(lambda: taker.taken, "the report")
    finally:
        controller.stop()

    sender, recipients, raw = taker.taken[0]
    report = message_from_bytes(raw)
    assert (sender.strip("<>"), recipients) == ("", ["post@onward.example"])
    assert report.get_content_type() == "multipart/report"
    status = [part for part in report.walk() if part.get_content_type() == "text/plain"][1:]
    assert [(p["Original-Envelope-Id"], p["Action"], p["Status"]) for p in status] == [
        ("b.1.ff", None, None),
        (None, "delayed", "4.4.1"),
    ]
    assert sandbox.counts()["bounces"].get("put_off", 0) == put_off


def test_a_report_that_cannot_go_anywhere_is_counted(sandbox: Sandbox) -> None:
    """A test that waits for a bounce should be told that none will come."""
    sandbox.behave(Rule(Act.BOUNCE, channel="email"))

    with smtp(sandbox) as client:
        send_mail(client)

    eventually(lambda: sandbox.counts()["bounces"].get("nowhere"), "it is counted")


def test_somebody_texts_us_by_a_signed_webhook(tmp_path: Path) -> None:
    """From a process that has nothing but HTTP to steer by."""
    with Listener() as listener, Sandbox(SandboxSettings(tmp_path, fsync=False)) as sandbox:
        url = listener.url("/hooks/twilio/reply")
        text = {"from": "+447700900123", "to": "+447700900100", "body": "STOP now", "url": url}
        answer = ask(sandbox, "POST", "/sandbox/replies", document=text)
        refused = ask(sandbox, "POST", "/sandbox/replies", document={"body": "STOP"})

    (heard,) = listener.heard
    assert (answer.status, answer.document["taken"], refused.status) == (201, True, 400)
    assert (heard.form["From"], heard.form["Body"]) == ("+447700900123", "STOP now")
    assert heard.form["MessageSid"] == answer.document["message_sid"]
    assert heard.signature == signature(SANDBOX_AUTH_TOKEN, url, heard.pairs)
