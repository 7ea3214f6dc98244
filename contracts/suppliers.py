"""Which fields about a customer is each supplier told? These, exactly, and there is no other way.

The policy's own example is the call-centre: "your name and business name". Whatever tells a
supplier of a customer is built by `projection`, and what is told is put on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from contracts.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier, what it is told about a customer, in plain words, and by which outcomes."""

    role: Role
    what: str
    fields: Mapping[str, str]
    outcomes: tuple[str, ...]


class FieldNotAllowedError(Exception):
    """Somebody tried to tell a supplier what it must not be told, or only a part of what it is.

    It names ``fields`` and no values.
    """

    def __init__(self, supplier: Role, fields: frozenset[str]) -> None:
        super().__init__(f"{supplier.value}: {', '.join(sorted(fields))}")
        self.supplier = supplier
        self.fields = fields


_ALL = (
    Supplier(
        Role.CALL_CENTRE,
        "the call-centre, which answers in the customer's name",
        MappingProxyType(
            {
                "name": "the contact's name, else the legal name",
                "business_name": "the trading name, else the legal name",
            }
        ),
        ("supplier.told", "supplier.corrected"),
    ),
)
SUPPLIERS: Mapping[Role, Supplier] = MappingProxyType({one.role: one for one in _ALL})
BY_OUTCOME: Mapping[str, Supplier] = MappingProxyType(
    {name: one for one in _ALL for name in one.outcomes}
)


def projection(supplier: Role, told: Mapping[str, str | None]) -> dict[str, str | None]:
    """Give what a supplier is told of a customer, in the order of its list.

    Raises ``FieldNotAllowedError`` where ``told`` has any field more, or one less, and ``KeyError``
    for who is no supplier.
    """
    allowed = SUPPLIERS[supplier].fields
    wrong = told.keys() ^ allowed.keys()
    if wrong:
        raise FieldNotAllowedError(supplier, frozenset(wrong))
    return {name: told[name] for name in allowed}
