"""What stood on record before it was corrected: profiles and destinations, each version kept."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, insert, select

from store.engine import Transaction
from store.tables import destinations, earlier_values

PROFILE: Final = "@profile"


def keep_profile(tx: Transaction, ref: str, profile: Mapping[str, Any]) -> None:
    """Keep the profile that another is about to replace."""
    v = earlier_values.c
    last = select(func.max(v.version)).where(v.customer_ref == ref, v.destination_id == PROFILE)
    version = (tx.connection.execute(last).scalar() or 0) + 1
    _keep(tx, ref, PROFILE, version, profile)


def keep_destination(tx: Transaction, ref: str, destination_id: str) -> int:
    """Keep the value that a destination is about to lose; give its version, or 0 for a new one."""
    d = destinations.c
    row = (
        tx.connection.execute(
            select(destinations).where(d.customer_ref == ref, d.destination_id == destination_id)
        )
        .mappings()
        .first()
    )
    if row is None:
        return 0
    place = f"{ref}/{destination_id}/{row['version']}"
    told = {
        name: tx.open(f"destinations.{name}:{place}", row[name]).decode()
        for name in ("value", "label", "person", "verified_how")
        if row[name] is not None
    }
    verified_at = row["verified_at"]
    known = {
        "kind": row["kind"].value,
        "since": row["changed_at"].isoformat(),
        "verified_at": None if verified_at is None else verified_at.isoformat(),
    }
    version = int(row["version"])
    _keep(tx, ref, destination_id, version, told | known)
    return version


def _keep(
    tx: Transaction, ref: str, destination_id: str, version: int, content: Mapping[str, Any]
) -> None:
    place = f"earlier_values.content:{ref}/{destination_id}/{version}"
    tx.connection.execute(
        insert(earlier_values).values(
            customer_ref=ref,
            destination_id=destination_id,
            version=version,
            content=tx.seal(ref, place, json.dumps(dict(content)).encode()),
            replaced_at=tx.now,
        )
    )
