"""Who will use a customer's services, what came of checking them, and whether that was asked for?

Results alone: what was checked is in the vault (``store.encryption.vault``), which nothing here
can read.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from contracts.planning import Individual
from contracts.vocabulary import Checked, EventStatus, IdentityGround, Information
from store import bulk
from store.engine import Transaction
from store.tables import events, individuals, information_requests

_NONE_YET = ""


def read(tx: Transaction, refs: Sequence[str]) -> dict[str, tuple[Individual, ...]]:
    """Give each customer's individuals, one for each check of theirs."""
    found: dict[str, list[Individual]] = defaultdict(list)
    i = individuals.c
    rows = select(i.customer_ref, i.individual_id, i.result).where(i.customer_ref.in_(refs))
    for row in tx.connection.execute(rows.order_by(i.individual_id, i.check_index)):
        found[row.customer_ref].append(Individual(row.individual_id, row.result))
    return {ref: tuple(some) for ref, some in found.items()}


def set_individuals(tx: Transaction, ref: str, named: Collection[str]) -> None:
    """Keep who will use the services; what came of their checks stays, of others it goes."""
    i = individuals.c
    tx.connection.execute(
        delete(individuals).where(i.customer_ref == ref, i.individual_id.not_in(sorted(named)))
    )
    known = set(
        tx.connection.execute(select(i.individual_id).where(i.customer_ref == ref)).scalars()
    )
    bulk.insert_rows(
        tx, individuals, [_row(tx, ref, one, _NONE_YET, None) for one in sorted(set(named) - known)]
    )


def note_result(tx: Transaction, ref: str, individual_id: str, check: str, result: Checked) -> None:
    """Keep what came of a check; a later result of the same check takes its place."""
    i = individuals.c
    index = [_index(tx, one) for one in (_NONE_YET, check)]
    tx.connection.execute(
        delete(individuals).where(
            i.customer_ref == ref, i.individual_id == individual_id, i.check_index.in_(index)
        )
    )
    tx.connection.execute(insert(individuals), _row(tx, ref, individual_id, check, result))


def has_paid(tx: Transaction, ref: str) -> bool:
    """Whether a customer has paid us anything that was not taken back."""
    e = events.c
    found = select(e.id).where(
        e.customer_ref == ref, e.type == "payment.received", e.status == EventStatus.ROUTED
    )
    return tx.connection.execute(found.limit(1)).first() is not None


def decide(tx: Transaction, ref: str, what: Information, why: IdentityGround) -> None:
    """Keep that something must be known of a customer, and why; what was decided before, stays."""
    row = {
        "customer_ref": ref,
        "what": what,
        "why": why,
        "request_id": tx.new_id(),
        "policy_version": tx.policy_version,
        "decided_at": tx.now,
    }
    bulk.insert_rows(tx, information_requests, [row], skip_existing=True)


def ask(tx: Transaction, ref: str, what: Information) -> UUID | None:
    """Note that it is asked for now; give the request's id, and none where it was before."""
    r = information_requests.c
    this = (r.customer_ref == ref) & (r.what == what) & r.asked_at.is_(None)
    request_id = tx.connection.execute(select(r.request_id).where(this)).scalar()
    if request_id is not None:
        tx.connection.execute(update(information_requests).where(this).values(asked_at=tx.now))
    return request_id


def _index(tx: Transaction, check: str) -> bytes:
    return tx.store.root.index("check", check)


def _row(
    tx: Transaction, ref: str, individual_id: str, check: str, result: Checked | None
) -> dict[str, object]:
    return {
        "customer_ref": ref,
        "individual_id": individual_id,
        "check_index": _index(tx, check),
        "result": result,
        "changed_at": tx.now,
    }
