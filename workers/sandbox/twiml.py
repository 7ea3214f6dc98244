"""What does a TwiML document ask for?

Source: https://www.twilio.com/docs/voice/twiml
"""

from dataclasses import dataclass
from xml.etree import ElementTree as ET

_RING_SECONDS = 30


class TwimlError(Exception):
    """The document cannot be followed; ``code`` is Twilio's."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"unusable TwiML ({code})")


@dataclass(frozen=True, slots=True)
class DialledNumber:
    """One number that a ``Dial`` rings.

    Whoever picks up hears the document at ``url`` first; ``callback_url`` is told of the leg's end.
    """

    number: str
    detects_machine: bool = False
    url: str | None = None
    callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring these numbers at once; the first to answer is joined to the caller."""

    numbers: tuple[DialledNumber, ...]
    action: str | None
    ring_seconds: float
    caller_id: str | None


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call; also for ``Reject``."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with the TwiML found there."""

    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """Anything that a caller would merely hear: ``Say``, ``Play`` and their like."""

    verb: str


@dataclass(frozen=True, slots=True)
class Gather:
    """Wait for keys; they are posted to ``action``. Without any, the document goes on."""

    action: str | None


Verb = Dial | Hangup | Redirect | Pause | Gather | Spoken


def verbs(document: str) -> tuple[Verb, ...]:
    """Read a document; raises ``TwimlError`` if it is no TwiML."""
    if "<!" in document.replace("<!--", ""):
        raise TwimlError(12100)  # no document types: entities could expand without end
    try:
        root = ET.fromstring(document.strip())  # noqa: S314 - without a DTD nothing expands
    except ET.ParseError as broken:
        raise TwimlError(12100) from broken
    if root.tag != "Response":
        raise TwimlError(12100)
    return tuple(_verb(element) for element in root)


def _verb(element: ET.Element) -> Verb:
    match element.tag:
        case "Dial":
            return _dial(element)
        case "Hangup" | "Reject":
            return Hangup()
        case "Redirect":
            return Redirect((element.text or "").strip())
        case "Pause":
            return Pause(_seconds(element.get("length"), 1))
        case "Gather":
            return Gather(element.get("action") or None)
        case other:
            return Spoken(other)


def _dial(element: ET.Element) -> Dial:
    bare = (element.text or "").strip()
    numbers = [DialledNumber(bare)] if bare else []
    numbers += [
        DialledNumber(
            (noun.text or "").strip(),
            detects_machine=noun.get("machineDetection") is not None,
            url=noun.get("url") or None,
            callback_url=noun.get("statusCallback") or None,
        )
        for noun in element
        if noun.tag in {"Number", "Sip", "Client"}
    ]
    return Dial(
        numbers=tuple(numbers),
        action=element.get("action") or None,
        ring_seconds=_seconds(element.get("timeout"), _RING_SECONDS),
        caller_id=element.get("callerId"),
    )


def _seconds(text: str | None, otherwise: float) -> float:
    if text is None:
        return otherwise
    try:
        return max(float(text), 0)
    except ValueError as broken:
        raise TwimlError(12200) from broken
