"""Which events are there, and what does one that came in say?"""

from contracts.events.base import Awaited, Caller, Concerning, EventData, EventType, File, Whose
from contracts.events.parsing import (
    Event,
    canonical_content,
    dump_data,
    files_of,
    keepable,
    load_data,
    parse_event,
    search_terms,
    with_data_problems,
)
from contracts.events.registry import BY_WIRE, TYPES

__all__ = [
    "BY_WIRE",
    "TYPES",
    "Awaited",
    "Caller",
    "Concerning",
    "Event",
    "EventData",
    "EventType",
    "File",
    "Whose",
    "canonical_content",
    "dump_data",
    "files_of",
    "keepable",
    "load_data",
    "parse_event",
    "search_terms",
    "with_data_problems",
]
