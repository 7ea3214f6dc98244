"""What does a customer's text ask for, and how is it answered?

Sources: twilio.com/docs/messaging/guides/webhook-request (fields), twilio.com/docs/messaging/twiml,
help.twilio.com "Twilio support for opt-out keywords" (the words, in any case, alone in the text).
"""

from typing import Any

from twilio.twiml.messaging_response import MessagingResponse

from contracts.vocabulary import ReplyKind

WORDS = {
    **dict.fromkeys(
        ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"),
        ReplyKind.STOP,
    ),
    **dict.fromkeys(("start", "yes", "unstop"), ReplyKind.START),
    **dict.fromkeys(("help", "info"), ReplyKind.HELP),
}
_AROUND = " \t\r\n.!\"'"
_LONGEST_CODE = 8


def reply_kind(body: str) -> ReplyKind:
    """Tell what a text asks for. A full stop behind the word is a person's, and no other text."""
    word = body.strip(_AROUND).lower()
    if word in WORDS:
        return WORDS[word]
    is_code = word.isascii() and word.isdigit() and len(word) <= _LONGEST_CODE
    return ReplyKind.CODE if is_code else ReplyKind.TEXT


def reply_twiml(text: str | None) -> str:
    """Answer with a text, or with none."""
    response: Any = MessagingResponse()  # type: ignore[no-untyped-call] # the SDK has no types here
    if text is not None:
        response.message(text)
    return str(response)
