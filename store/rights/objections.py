"""What stops when somebody objects? Offers at once, and what rests on our interests alone."""

from typing import Any

from sqlalchemy import delete, select

from contracts.vocabulary import (
    Channel,
    DestinationKind,
    Opening,
    Purpose,
    Reason,
    SuppressedBy,
)
from store.customers import changes as change
from store.customers import consenting
from store.customers.known import profile_of
from store.deliveries import ending
from store.engine import Transaction
from store.rights import outside, untouched
from store.tables import customers, deliveries, destinations, openings

_HOW = "objection"


def stop_offers(tx: Transaction, ref: str) -> int:
    """Have no offer sent to a customer any more; give how many that were on their way stopped.

    Wherever we know to write to them is barred for offers, as keyed digests, which outlive their
    erasure; what they agreed to before is over.
    """
    consenting.withdraw_consent(tx, ref, Purpose.OFFERS, Channel.EMAIL, at=tx.now, method=_HOW)
    stopped = 0
    for index in sorted(_places(tx, ref)):
        change.suppress(tx, index, Purpose.OFFERS, Reason.OPTED_OUT, SuppressedBy.OBJECTION)
        rows = ending.suppress_unsent(
            tx, index, Channel.EMAIL, [Purpose.OFFERS], Reason.OPTED_OUT, _HOW
        )
        stopped += len(rows)
    return stopped


def stop_interests(tx: Transaction, ref: str) -> int:
    """Keep no record any more of which documents were fetched, and delete what there is.

    Of who is under a legal hold that stays until it is lifted. Gives how many went.
    """
    change.touch(tx, ref, objected_at=tx.now)
    outside.note_objection(tx, ref)
    return 0 if untouched.is_held(tx, ref) else forget_fetched(tx, ref)


def forget_fetched(tx: Transaction, ref: str) -> int:
    """Delete which documents of a customer were fetched; give how many records went.

    Wrong addresses that were given at a link stay: they keep strangers out.
    """
    theirs = select(deliveries.c.id).where(deliveries.c.customer_ref == ref)
    gone = tx.connection.execute(
        delete(openings).where(
            openings.c.delivery_id.in_(theirs), openings.c.opening == Opening.HANDED_OUT
        )
    )
    return int(gone.rowcount)


def has_objected(tx: Transaction, ref: str) -> bool:
    """Whether a customer has objected to what rests on our interests alone."""
    found = select(customers.c.objected_at).where(customers.c.ref == ref)
    return tx.connection.execute(found).scalar() is not None


def _places(tx: Transaction, ref: str) -> set[bytes]:
    d = destinations.c
    known = tx.connection.execute(
        select(d.value_index).where(d.customer_ref == ref, d.kind == DestinationKind.EMAIL)
    ).scalars()
    root = tx.store.root
    return set(known) | {
        root.index("destination", address) for address in _written(profile_of(tx, ref) or {})
    }


def _written(profile: dict[str, Any]) -> set[str]:
    """The email addresses that stand in a profile."""
    found = {
        profile.get("invoice_email"),
        (profile.get("contact") or {}).get("email"),
        (profile.get("prospect") or {}).get("email"),
    }
    return {address for address in found if address}
