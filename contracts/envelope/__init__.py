"""How do CloudEvents 1.0 come in and go out, in every mode we take?"""

from contracts.envelope.attributes import Envelope
from contracts.envelope.bindings import (
    BATCH,
    STRUCTURED,
    HttpMode,
    http_mode,
    parse_amqp,
    parse_binary_http,
    parse_http,
)
from contracts.envelope.outgoing import to_binary_headers, to_structured
from contracts.envelope.structured import MAX_BYTES, parse_batch, parse_structured

__all__ = [
    "BATCH",
    "MAX_BYTES",
    "STRUCTURED",
    "Envelope",
    "HttpMode",
    "http_mode",
    "parse_amqp",
    "parse_batch",
    "parse_binary_http",
    "parse_http",
    "parse_structured",
    "to_binary_headers",
    "to_structured",
]
