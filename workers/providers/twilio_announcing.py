"""What does somebody hear who picks up a call that is put through, before the caller is joined?

Sources: twilio.com/docs/voice/twiml/number (`url`: the caller is joined once the document has
ended; a document that hangs up ends that leg alone), and there /gather and /say.
"""

from typing import Any

from twilio.twiml.voice_response import VoiceResponse

_PATIENCE_SECONDS = 6


def announcing_twiml(words: str, language: str, pressed_url: str | None) -> str:
    """Say ``words``; with ``pressed_url`` wait for a key, which is posted there, or hang up.

    So a voicemail, which presses nothing, never has the caller.
    """
    response: Any = VoiceResponse()  # type: ignore[no-untyped-call] # the SDK has no types here
    if pressed_url is None:
        _say(response, words, language)
        return str(response)
    gather = response.gather(
        action=pressed_url, method="POST", num_digits=1, timeout=_PATIENCE_SECONDS
    )
    _say(gather, words, language)
    response.hangup()
    return str(response)


def joining_twiml() -> str:
    """Say nothing more: the caller is joined."""
    return str(VoiceResponse())  # type: ignore[no-untyped-call]


def parting_twiml(words: str = "", language: str = "") -> str:
    """Say ``words``, if any, and hang up."""
    response: Any = VoiceResponse()  # type: ignore[no-untyped-call]
    _say(response, words, language)
    response.hangup()
    return str(response)


def _say(within: Any, words: str, language: str) -> None:  # noqa: ANN401 - the SDK has no types
    if words:
        within.say(words, language=language)
