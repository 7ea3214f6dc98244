"""How does the sandbox report what became of a mail that it accepted?

By RFC 3464, to the envelope sender, from the empty one, over SMTP to one server that is set: it
looks no mail server up. Like a relay, it comes again where it is told to come later.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from aiosmtplib import SMTP, SMTPException

from workers.sandbox.behaviour import Rule

_HOST = "sandbox.example"
_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_TIMEOUT_SECONDS = 10
_TEXTS = {
    "failed": "could not be delivered",
    "delayed": "has not been delivered yet",
    "delivered": "was delivered",
    "relayed": "was passed on",
}


class Bounces:
    """Sends reports; counts what became of them."""

    def __init__(self, host: str, port: int | None) -> None:
        self._host = host
        self._port = port
        self._under_way: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    def go_to(self, port: int) -> None:
        """Send reports to this port from now on."""
        self._port = port

    def later(self, fields: Mapping[str, Any], rule: Rule) -> None:
        """Report what the rule says of a mail, after the rule's delay, as often as it says."""
        for _ in range(2 if rule.how == "duplicate" else 1):
            task = asyncio.create_task(self._send(dict(fields), rule))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def stop(self) -> None:
        """Leave what is under way."""
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _send(self, fields: Mapping[str, Any], rule: Rule) -> None:
        await asyncio.sleep(rule.delay_ms / 1000)
        if self._port is None or not fields["from"]:
            self.counts["nowhere"] += 1  # RFC 5321, section 4.5.5: no report of a report
            return
        raw = report(fields, rule)
        for pause in (*_PAUSES, None):
            code = await self._hand_over(fields["from"], raw)
            if code is not None and 200 <= code < 300:
                self.counts["sent"] += 1
                return
            if code is not None and code >= 500:
                break
            self.counts["put_off"] += 1
            if pause is not None:
                await asyncio.sleep(pause)
        self.counts["refused"] += 1

    async def _hand_over(self, to: str, raw: bytes) -> int | None:
        """Give the last reply's code; none where the connection failed."""
        client = SMTP(
            hostname=self._host,
            port=self._port,
            timeout=_TIMEOUT_SECONDS,
            local_hostname=_HOST,
            start_tls=False,
        )
        try:
            await client.connect()
            await client.ehlo()
            for command in (b"MAIL FROM:<>", b"RCPT TO:<" + to.encode() + b">"):
                reply = await client.execute_command(command)
                if reply.code >= 300:
                    return reply.code
            return (await client.data(raw)).code
        except SMTPException as error:
            return getattr(error, "code", None)
        except OSError:
            return None
        finally:
            client.close()


def report(fields: Mapping[str, Any], rule: Rule) -> bytes:
    """Write the report of one mail, as it stands in the record."""
    boundary = secrets.token_hex(12)
    envelope_id = f"Original-Envelope-Id: {fields['envid']}\n" if fields.get("envid") else ""
    diagnostic = {"2": "250", "4": "451", "5": "550"}[rule.enhanced[0]]
    text = f"""\
From: Mail Delivery System <mailer-daemon@{_HOST}>
To: {fields["from"]}
Subject: Delivery Status Notification ({rule.action})
Date: {formatdate()}
Message-ID: <{secrets.token_hex(8)}@{_HOST}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=us-ascii

Your mail {_TEXTS[rule.action]}.

--{boundary}
Content-Type: message/delivery-status

Reporting-MTA: dns; {_HOST}
{envelope_id}Arrival-Date: {formatdate()}

Final-Recipient: rfc822; {fields["to"]}
Action: {rule.action}
Status: {rule.enhanced}
Diagnostic-Code: smtp; {diagnostic} {rule.enhanced} as a rule of the sandbox says

--{boundary}
Content-Type: text/rfc822-headers

To: {fields["to"]}
Message-ID: {fields.get("message_id") or ""}

--{boundary}--
"""
    return text.replace("\n", "\r\n").encode(errors="replace")
