"""How a waiting caller is put through: one live call redirected by Twilio Voice.

Sources: twilio.com/docs/voice/api/call-resource (update with TwiML; error 21220 once the call is
no longer in progress), /docs/voice/twiml/dial. Twilio fetches the action URL when the dialled leg
has ended and goes on with the TwiML it is answered: ``after_dial_twiml``.
"""

import re
from collections.abc import Callable
from typing import Any

from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.twiml.voice_response import VoiceResponse

from contracts.vocabulary import Channel, Reason
from workers.providers.base import Outgoing, Rejected, Transfer, Verdict
from workers.providers.lookups import Leg, Unanswered
from workers.providers.twilio_account import TwilioAccount, moment, no_mark, whole

# The SDK puts the SID into the path as it is: anything else could name another resource.
CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
MOST_LEGS = 200


class TwilioVoice:
    """Redirects waiting callers. ``timeout`` in seconds bounds a request."""

    name = "twilio-voice"
    channel = Channel.CALL

    def __init__(
        self, account_sid: str, auth_token: str, *, api_url: str, timeout: float, connections: int
    ) -> None:
        self.timeout = timeout
        self._account = TwilioAccount(
            account_sid, auth_token, api_url=api_url, timeout=timeout, connections=connections
        )

    async def send(
        self, outgoing: Outgoing, before_first_byte: Callable[[], None] = no_mark
    ) -> Verdict:
        """Redirect once; ``Accepted`` says that the dialling began, not that anybody answered."""
        if not isinstance(outgoing, Transfer):
            raise TypeError(f"{self.name} transfers calls, not {type(outgoing).__name__}")
        if CALL_SID.fullmatch(outgoing.provider_call_id) is None:
            return Rejected(Reason.CALLER_GONE, "not_a_call_sid")

        async def redirect(client: Client) -> str | None:
            call = await client.calls(outgoing.provider_call_id).update_async(
                twiml=transfer_twiml(outgoing)
            )
            return call.sid

        return await self._account.ask(self.channel, redirect, before_first_byte)

    async def legs_of(self, call_sid: str) -> tuple[Leg, ...] | Unanswered:
        """List the numbers that were dialled for a caller, the first dialled first."""
        if CALL_SID.fullmatch(call_sid) is None:
            return Unanswered("not_a_call_sid")

        async def listing(client: Client) -> tuple[Leg, ...]:
            found = await client.calls.list_async(parent_call_sid=call_sid, limit=MOST_LEGS)
            return tuple(_leg(call) for call in reversed(found))

        return await self._account.read(listing)

    async def probe(self) -> Verdict:
        """Ask Twilio for our account: ``Accepted`` if it is there and knows us. Sends nothing."""
        return await self._account.probe(self.channel)

    async def close(self) -> None:
        """Give back all connections."""
        await self._account.close()


def _leg(call: CallInstance) -> Leg:
    if not isinstance(call.sid, str) or not isinstance(call.status, str):
        raise TypeError("a call without SID or status")
    return Leg(
        reference=call.sid,
        word=call.status,
        seconds=whole(call.duration) or 0,
        to=call.to or "",
        created_at=moment(call.date_created),
    )


def transfer_twiml(transfer: Transfer) -> str:
    """Dial the customer; the caller hears ringing until the customer has taken the call."""
    response: Any = VoiceResponse()  # type: ignore[no-untyped-call] # the SDK has no types here
    dial = response.dial(
        answer_on_bridge=True,
        timeout=transfer.ring_seconds,
        caller_id=transfer.caller_id,
        action=transfer.action_url,
        method="POST" if transfer.action_url is not None else None,
    )
    for number in transfer.numbers:
        told = {"url": transfer.announce_url, "method": "POST"} if transfer.announce_url else {}
        if transfer.leg_url is not None:
            told |= {
                "status_callback": transfer.leg_url,
                "status_callback_event": "completed",
                "status_callback_method": "POST",
            }
        dial.number(number, **told)
    return str(response)


def after_dial_twiml(return_to: str | None, *, answered: bool) -> str:
    """What follows once the dialled leg has ended.

    After a conversation, or with nowhere to go, the call ends. Otherwise the caller goes back to
    the agent at ``return_to``, a number in E.164 form or a ``sip:`` address.
    """
    response: Any = VoiceResponse()  # type: ignore[no-untyped-call] # the SDK has no types here
    if answered or return_to is None:
        response.hangup()
        return str(response)
    dial = response.dial(answer_on_bridge=True)
    if return_to.lower().startswith(("sip:", "sips:")):
        dial.sip(return_to)
    else:
        dial.number(return_to)
    return str(response)
