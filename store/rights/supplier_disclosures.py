"""What were suppliers told about customers: who, which fields, when, and what stood in them?

Only ever added to, with the outcome that tells it and in its transaction.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from contracts.suppliers import projection
from contracts.vocabulary import Role
from store.encryption.keys import Unopenable
from store.engine import Transaction
from store.outbox import Outcome, to_role
from store.tables import supplier_disclosures


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One telling. ``told`` is none where the key to it was destroyed."""

    id: UUID
    at: datetime
    supplier: Role
    outcome: str
    customer_ref: str
    fields: tuple[str, ...]
    told: Mapping[str, str | None] | None = field(repr=False)


def disclose(
    tx: Transaction,
    supplier: Role,
    name: str,
    ref: str,
    told: Mapping[str, str | None],
    about: UUID,
    event_id: UUID | None,
) -> Outcome:
    """Make the outcome that tells a supplier of a customer, and put on record that it does.

    ``about`` is what it follows from, once: most often the event.

    Raises ``contracts.suppliers.FieldNotAllowedError`` for any field that is not on its list.
    """
    content = projection(supplier, told)
    row_id = tx.new_id()
    sealed = tx.seal(ref, f"supplier_disclosures.content:{row_id}", json.dumps(content).encode())
    tx.connection.execute(
        insert(supplier_disclosures).values(
            id=row_id,
            customer_ref=ref,
            supplier=supplier,
            outcome=name,
            fields=",".join(content),
            content=sealed,
            event_id=event_id,
            at=tx.now,
        )
    )
    return Outcome(
        id=f"{about}:{name}",
        audience=to_role(supplier),
        name=name,
        at=tx.now,
        customer_ref=ref,
        event_id=event_id,
        facts={},
        content=content,
    )


def disclosures(tx: Transaction, ref: str | None, limit: int) -> list[Disclosure]:
    """Give what suppliers were told, of one customer or of all, the newest first."""
    d = supplier_disclosures.c
    query = select(supplier_disclosures).order_by(d.at.desc(), d.id.desc()).limit(limit)
    rows = tx.connection.execute(query if ref is None else query.where(d.customer_ref == ref)).all()
    tx.prepare_opening(row.content for row in rows)
    found = []
    for row in rows:
        try:
            place = f"supplier_disclosures.content:{row.id}"
            told = json.loads(tx.open(place, row.content))
        except (KeyError, Unopenable):  # destroyed
            told = None
        names = tuple(row.fields.split(","))
        found.append(
            Disclosure(row.id, row.at, row.supplier, row.outcome, row.customer_ref, names, told)
        )
    return found
