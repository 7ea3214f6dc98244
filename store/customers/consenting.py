"""To what has a customer agreed, when, and since when not any more?

Who says no is heard for good: by their own record, and by a suppression of the address that offers
went to. That is a keyed digest, names nobody, and outlives their erasure, so that a list which
still has them opts nobody in again. Only what was agreed to *later* does.
"""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from contracts.planning import INVOICE_EMAIL
from contracts.vocabulary import Channel, Purpose, Reason, SuppressedBy
from store.customers.changes import lift_suppressions, touch, upsert
from store.engine import Transaction
from store.rights import outside
from store.tables import consents, destinations, suppressions

_BEFORE_A_NO = "said before they said no"
_THEIR_WORD = (SuppressedBy.CONSENT, SuppressedBy.OBJECTION)


def give_consent(
    tx: Transaction,
    ref: str,
    purpose: Purpose,
    channel: Channel,
    *,
    at: datetime,
    method: str,
    wording_version: str | None,
    evidence: str,
) -> None:
    """Keep that, when and how a customer agreed; it counts unless they have said no since."""
    index = _index_of_offers(tx, ref)
    no = _last_no(tx, ref, purpose, channel, index)
    counts = no is None or at > no
    place = _place(ref, purpose, channel, at)
    row = {
        "customer_ref": ref,
        "purpose": purpose,
        "channel": channel,
        "given_at": at,
        "evidence": tx.seal(ref, f"consents.evidence:{place}", evidence.encode()),
        "method": tx.seal(ref, f"consents.method:{place}", method.encode()),
        "wording_version": wording_version,
        "policy_version": tx.policy_version,
        "withdrawn_at": None if counts else no,
        "withdrawn_how": None if counts else _how(tx, ref, place, _BEFORE_A_NO),
    }
    key = ["customer_ref", "purpose", "channel", "given_at"]
    upsert(tx, consents, row, key, keeping=["withdrawn_at", "withdrawn_how"])
    if counts and index is not None:
        for word in _THEIR_WORD:
            lift_suppressions(tx, index, word, [purpose])
    touch(tx, ref)


def withdraw_consent(
    tx: Transaction, ref: str, purpose: Purpose, channel: Channel, *, at: datetime, method: str
) -> None:
    """Keep that a customer no longer agrees; what was agreed stays on record."""
    end_consents(tx, ref, purpose, channel, at, method)
    _suppress(tx, ref, purpose, at)
    outside.note_withdrawal(tx, ref, purpose, channel, at)
    touch(tx, ref)


def end_consents(
    tx: Transaction,
    ref: str,
    purpose: Purpose,
    channel: Channel,
    at: datetime,
    method: str,
    given_by: datetime | None = None,
) -> int:
    """Note that what a customer agreed to is over; of an instant, only what was given by then."""
    c = consents.c
    theirs = (c.customer_ref == ref) & (c.purpose == purpose) & (c.channel == channel)
    early = [] if given_by is None else [c.given_at <= given_by]
    stand = select(c.given_at).where(theirs, c.withdrawn_at.is_(None), *early)
    given = tx.connection.execute(stand).scalars().all()
    for given_at in given:
        how = _how(tx, ref, _place(ref, purpose, channel, given_at), method)
        tx.connection.execute(
            update(consents)
            .where(theirs, c.given_at == given_at)
            .values(withdrawn_at=at, withdrawn_how=how)
        )
    return len(given)


def suppress_for_good(tx: Transaction, ref: str) -> None:
    """Have whoever is about to be erased, and ever agreed to offers, opted in by no old list."""
    c = consents.c
    agreed = select(c.purpose).where(c.customer_ref == ref).distinct()
    for purpose in tx.connection.execute(agreed).scalars().all():
        _suppress(tx, ref, purpose, tx.now)


def _place(ref: str, purpose: Purpose, channel: Channel, given_at: datetime) -> str:
    return f"{ref}/{purpose}/{channel}/{given_at.isoformat()}"


def _how(tx: Transaction, ref: str, place: str, method: str) -> bytes:
    return tx.seal(ref, f"consents.withdrawn_how:{place}", method.encode())


def _suppress(tx: Transaction, ref: str, purpose: Purpose, at: datetime) -> None:
    """Bar the address that offers go to, above whatever else bars it."""
    index = _index_of_offers(tx, ref)
    if index is None:
        return
    make = postgresql_insert if tx.postgresql else sqlite_insert
    row = {
        "value_index": index,
        "purpose": purpose,
        "reason": Reason.OPTED_OUT,
        "set_by": SuppressedBy.CONSENT,
        "since": at,
        "lifted_at": None,
    }
    statement = make(suppressions).values(**row)
    changed = {name: row[name] for name in ("reason", "set_by", "since", "lifted_at")}
    barred = tx.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["value_index", "purpose"], set_=changed
        ).returning(suppressions)
    )
    outside.note_places(tx, barred.all())


def _last_no(
    tx: Transaction, ref: str, purpose: Purpose, channel: Channel, index: bytes | None
) -> datetime | None:
    """When they last said no: by their own record, or somebody at the same address."""
    c, s = consents.c, suppressions.c
    own = select(func.max(c.withdrawn_at)).where(
        c.customer_ref == ref, c.purpose == purpose, c.channel == channel
    )
    there = select(s.since).where(
        s.value_index == index,
        s.purpose == purpose,
        s.set_by.in_(_THEIR_WORD),
        s.lifted_at.is_(None),
    )
    statements = (own, there) if index is not None else (own,)
    found = [tx.connection.execute(one).scalar() for one in statements]
    return max((one for one in found if one is not None), default=None)


def _index_of_offers(tx: Transaction, ref: str) -> bytes | None:
    d = destinations.c
    found = select(d.value_index).where(
        d.customer_ref == ref, d.destination_id == INVOICE_EMAIL, d.removed_at.is_(None)
    )
    index: bytes | None = tx.connection.execute(found).scalar()
    return index
