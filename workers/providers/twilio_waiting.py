"""What a caller's call does while the next number is dialled: it waits, then goes on.

Source: twilio.com/docs/voice/twiml/pause. The next transfer replaces this document by redirecting
the call; what stands after the pause is for when none comes.
"""

from typing import Any
from xml.etree import ElementTree as ET


def waiting_twiml(then: str, seconds: int) -> str:
    """Let the caller wait up to ``seconds``; ``then`` is the document that is gone on with."""
    document: Any = ET.fromstring(then)  # noqa: S314 - our own text
    document.insert(0, ET.Element("Pause", {"length": str(max(1, seconds))}))
    text = ET.tostring(document, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'
