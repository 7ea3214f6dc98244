"""How does a copy get to whoever asked for it? By a link that hands it out once, then never again.

The link goes to a verified mobile or email address of that very customer, as a delivery like any
other, so that the send of it stands on record. Meanwhile the copy lies sealed. Nothing is sent
while a record that tells of another person waits for a reviewer.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from contracts.planning import Customer, Destination, LanePolicy
from contracts.vocabulary import Carried, Gone, Reason, Refusal, RightsKind, Target, Verb
from store import audit
from store.audit import By, Concerned
from store.customers.known import Readings
from store.deliveries import adding, ending
from store.deliveries.adding import Due, Following
from store.engine import Store, Transaction
from store.rights import transfers
from store.rights.requests import Request, named
from store.rights.transfers import Transfer
from store.tables import events
from workers.rights.copies import Copied, Copies
from workers.rights.transfers import Transfers
from workers.routing.copy_way import plan_copy
from workers.routing.sending import WRITTEN

_COPIES = frozenset({RightsKind.ACCESS, RightsKind.PORTABILITY})


@dataclass(frozen=True, slots=True)
class Delivered:
    """A copy on its way, or why there is none; ``undecided`` are records that wait for a reviewer.

    ``due`` is to be hinted at.
    """

    refusal: Refusal | None = None
    undecided: tuple[str, ...] = ()
    delivery_id: UUID | None = None
    transfer: Transfer | None = None
    copied: Copied | None = None
    due: tuple[Due, ...] = ()


class DeliveringCopies:
    """Delivers copies."""

    def __init__(self, store: Store, copies: Copies, kept: Transfers, policy: LanePolicy) -> None:
        self._store = store
        self._copies = copies
        self._transfers = kept
        self._policy = policy

    def deliver(self, request: Request, destination_id: str, by: By) -> Delivered:
        """Make the copy that a request asks for, and send its link to a place of the customer's.

        One that was made for the request before is replaced. Raises
        ``store.files.FilesAwayError``.
        """
        refusal = self._refusal(request, destination_id)
        if refusal is not None:
            return self._refused(request, by, refusal)
        provided = request.kind is RightsKind.PORTABILITY
        made = self._copies.make(request.customer_ref, provided_alone=provided)
        if made is None:
            return self._refused(request, by, Refusal.UNKNOWN)
        if made.copied.undecided:
            return self._refused(request, by, Refusal.UNDECIDED, made.copied.undecided)
        with self._store.write() as tx:
            before = transfers.end_of(tx, request.id, Gone.REPLACED)
            ending.cancel(tx, before, Reason.REPLACED)
        kept = self._transfers.keep(
            Carried.ACCESS_COPY, request.customer_ref, made.body, request.id
        )
        return self._send(request, destination_id, by, kept, made.copied)

    def _send(
        self, request: Request, destination_id: str, by: By, kept: Transfer, copied: Copied
    ) -> Delivered:
        with self._store.write() as tx:
            refusal, customer, destination = _standing(tx, request, destination_id)
            if customer is None or destination is None:
                transfers.end_of(tx, request.id, Gone.REPLACED)  # swept away
                _record(tx, by, request, refusal)
                return Delivered(refusal)
            after = _following(tx, request)
            row = adding.delivery_row(
                tx, after, plan_copy(customer, destination, tx.now, self._policy)
            )
            row["step"] = adding.next_step(tx, after, row["rule_id"])
            due = adding.add(tx, [row])
            transfers.sent_with(tx, kept.id, row["id"])
            _record(tx, by, request, None, destination_id)
        return Delivered(delivery_id=row["id"], transfer=kept, copied=copied, due=tuple(due))

    def _refusal(self, request: Request, destination_id: str) -> Refusal | None:
        with self._store.write() as tx:
            return _standing(tx, request, destination_id)[0]

    def _refused(
        self, request: Request, by: By, refusal: Refusal, undecided: tuple[str, ...] = ()
    ) -> Delivered:
        with self._store.write() as tx:
            _record(tx, by, request, refusal)
        return Delivered(refusal, undecided)


def _standing(
    tx: Transaction, request: Request, destination_id: str
) -> tuple[Refusal | None, Customer | None, Destination | None]:
    """Whether a copy may go there now, as things are."""
    (asked,) = (one for one in named(tx, str(request.id)) if one.id == request.id)
    if asked.kind not in _COPIES:
        return Refusal.NOT_COPIED, None, None
    if asked.closed_at is not None:
        return Refusal.CLOSED, None, None
    customer = Readings().load(tx, {asked.customer_ref}).get(asked.customer_ref)
    if customer is None:
        return Refusal.UNKNOWN, None, None
    destination = customer.destinations.get(destination_id)
    if destination is None:
        return Refusal.DESTINATION_REMOVED, None, None
    if destination.kind not in WRITTEN or destination_id.startswith("@"):
        return Refusal.DESTINATION_UNFIT, None, None
    if not destination.verified:
        return Refusal.DESTINATION_UNVERIFIED, None, None
    return None, customer, destination


def _following(tx: Transaction, request: Request) -> Following:
    found = select(events.c.publisher).where(events.c.id == request.id)
    publisher = tx.connection.execute(found).scalar_one()
    return Following(request.id, publisher, request.customer_ref, None)


def _record(
    tx: Transaction, by: By, request: Request, refusal: Refusal | None, detail: str | None = None
) -> UUID:
    concerned = Concerned(Target.REQUEST, str(request.id), refusal, detail, request.customer_ref)
    return audit.put(tx, Verb.DELIVER_COPY, by, [concerned])
