"""How is a customer's text answered?

Sources: twilio.com/docs/messaging/guides/webhook-request, twilio.com/docs/messaging/twiml.
"""

from typing import Any

from twilio.twiml.messaging_response import MessagingResponse


def reply_twiml(text: str | None) -> str:
    """Answer with a text, or with none."""
    response: Any = MessagingResponse()  # type: ignore[no-untyped-call] # the SDK has no types here
    if text is not None:
        response.message(text)
    return str(response)
