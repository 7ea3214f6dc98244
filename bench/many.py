"""Very many customers for a measurement, written straight into the store.

Each has an email for invoices and has agreed to offers; the first ones are the benchmark's own.
"""

import json

from contracts.masking import mask
from contracts.planning import INVOICE_EMAIL
from contracts.vocabulary import Channel, DestinationKind, Purpose, Service
from store.bulk import insert_rows
from store.engine import Store, Transaction
from store.tables import consents, customers, destinations, services

_AT_ONCE = 1_000


def make(store: Store, count: int) -> None:
    """Have ``count`` customers more."""
    for first in range(0, count, _AT_ONCE):
        refs = [f"M-{number:06d}" for number in range(first, min(first + _AT_ONCE, count))]
        with store.write() as tx:
            tx.prepare_keys(refs)
            _write(tx, refs)


def _write(tx: Transaction, refs: list[str]) -> None:
    now = tx.now
    insert_rows(
        tx,
        customers,
        [
            {
                "ref": ref,
                "revision": 1,
                "profile": tx.seal(ref, f"customers.profile:{ref}", _profile(ref)),
                "time_zone": "Europe/London",
                "locale": "en-GB",
                "rules_version": 0,
                "first_seen_at": now,
                "registered_at": now,
            }
            for ref in refs
        ],
    )
    insert_rows(
        tx,
        services,
        [
            {"customer_ref": ref, "service": Service.PHONE_ANSWERING, "contracted_at": now}
            for ref in refs
        ],
    )
    insert_rows(tx, destinations, [_destination(tx, ref) for ref in refs])
    insert_rows(
        tx,
        consents,
        [
            {
                "customer_ref": ref,
                "purpose": Purpose.OFFERS,
                "channel": Channel.EMAIL,
                "given_at": now,
                "evidence": tx.seal(ref, f"consents.evidence:{ref}", b""),
                "method": tx.seal(ref, f"consents.method:{ref}", b"web form"),
                "policy_version": tx.policy_version,
            }
            for ref in refs
        ],
    )


def _profile(ref: str) -> bytes:
    return json.dumps({"legal_name": f"{ref} Ltd"}).encode()


def _destination(tx: Transaction, ref: str) -> dict[str, object]:
    value = f"{ref.lower()}@example.com"
    place = f"{ref}/{INVOICE_EMAIL}/1"
    masked = mask(DestinationKind.EMAIL, value)
    return {
        "customer_ref": ref,
        "destination_id": INVOICE_EMAIL,
        "kind": DestinationKind.EMAIL,
        "version": 1,
        "value": tx.seal(ref, f"destinations.value:{place}", value.encode()),
        "masked": tx.seal(ref, f"destinations.masked:{place}", masked.encode()),
        "value_index": tx.store.root.index("destination", value),
        "changed_at": tx.now,
        "verified_at": tx.now,
        "verified_how": tx.seal(ref, f"destinations.verified_how:{place}", b"invoice email"),
    }
