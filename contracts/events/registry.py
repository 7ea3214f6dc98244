"""Which event types are there?"""

from collections.abc import Mapping
from types import MappingProxyType

from contracts.events import billing, calls, customers, notices, office, post, wishes
from contracts.events.base import EventType

_FAMILIES = (calls, post, billing, customers, wishes, office, notices)

TYPES: Mapping[str, EventType] = MappingProxyType(
    {kind.name: kind for family in _FAMILIES for kind in family.TYPES}
)
BY_WIRE: Mapping[str, EventType] = MappingProxyType({kind.wire: kind for kind in TYPES.values()})
