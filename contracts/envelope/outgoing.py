"""How is a CloudEvent of ours written?"""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pydantic_core import to_json

from contracts.envelope.attributes import SPECVERSION, Envelope, is_json

# RFC 3986 would encode more; the HTTP binding asks for space, quote, percent and non-ASCII only.
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


def to_structured(envelope: Envelope) -> bytes:
    """The event as one JSON object. Its data must be JSON or text; bytes become data_base64."""
    members: dict[str, Any] = {"specversion": SPECVERSION, **_attributes(envelope)}
    match envelope.data:
        case None:
            pass
        case bytes():
            members["data_base64"] = b64encode(envelope.data).decode()
        case _:
            members["data"] = envelope.data
    return to_json(members)


def to_binary_headers(envelope: Envelope) -> dict[str, str]:
    """The headers of the event in HTTP's binary mode; the body is its data alone."""
    headers = {
        f"ce-{name}": quote(_written(value), safe=_PLAIN)
        for name, value in {"specversion": SPECVERSION, **_attributes(envelope)}.items()
        if name != "datacontenttype"
    }
    if envelope.datacontenttype is not None:
        headers["content-type"] = envelope.datacontenttype
    return headers


def to_binary_body(envelope: Envelope) -> bytes:
    """The body that goes with `to_binary_headers`."""
    match envelope.data:
        case None:
            return b""
        case bytes():
            return envelope.data
        case str() if not is_json(envelope.datacontenttype):
            return envelope.data.encode()
        case _:
            return to_json(envelope.data)


def _attributes(envelope: Envelope) -> dict[str, Any]:
    named = {
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
        "subject": envelope.subject,
        "time": _instant(envelope.time),
        "datacontenttype": envelope.datacontenttype,
        "dataschema": envelope.dataschema,
        **envelope.extensions,
    }
    return {name: value for name, value in named.items() if value is not None}


def _instant(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time else None


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
