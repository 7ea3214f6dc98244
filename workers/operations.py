"""What can operators do? Each verb is one transaction that checks, acts and puts the act on record.

Nothing here tells dispatch: what becomes due is hinted at by upkeep, within a second or so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.planning import LanePolicy
from contracts.senders import Sender
from contracts.vocabulary import Channel, DeliveryStatus, Purpose, Refusal, Target, Verb
from store import audit, providers
from store.audit import By, Concerned
from store.customers import mail_from as mail_names
from store.customers import senders, suppressed
from store.customers.mail_from import MailFrom
from store.deliveries import by_operator, holding
from store.deliveries.by_operator import Weighed
from store.engine import Store, Transaction
from store.office import contradictions
from store.office.contradictions import Contradicted
from store.providers import ProviderState
from workers.forwarded import end_of, tell_forwarded

# What a person wrote stands sealed beside the act; a provider's row keeps no free text.
_ON_RECORD = "see onward audit"


@dataclass(frozen=True, slots=True)
class Performed:
    """What a verb did, or would have done: then there is no ``act`` on record."""

    verb: Verb
    act: UUID | None
    done: tuple[Concerned, ...]
    refused: tuple[Concerned, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """An operator's word that a provider took a send, under its ``reference`` for it."""

    reference: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """An operator's word that a send never left us."""


Evidence = Sent | NotSent


class Operations:
    """The verbs of an installation. With ``dry_run`` they check and do nothing."""

    def __init__(self, store: Store, policy: LanePolicy) -> None:
        self._store = store
        self._policy = policy

    def replay(self, delivery_ids: Sequence[UUID], by: By, *, dry_run: bool = False) -> Performed:
        """Send back to work what waits for attention; marked where it may have been sent before."""
        with self._store.write() as tx:
            weighed = by_operator.weigh(tx, Verb.REPLAY, delivery_ids)
            if not dry_run:
                by_operator.revive(tx, _willing(weighed), self._policy)
            concerned = [
                _concerned(one, "marked" if one.may_have_left else None) for one in weighed
            ]
            return performed(tx, Verb.REPLAY, by, concerned, dry_run=dry_run)

    def cancel(self, delivery_ids: Sequence[UUID], by: By, *, dry_run: bool = False) -> Performed:
        """Close what is unsent or waits for attention; the call-centre learns of a waiting call."""
        with self._store.write() as tx:
            weighed = by_operator.weigh(tx, Verb.CANCEL, delivery_ids)
            if not dry_run:
                waited = {
                    one.delivery_id
                    for one in _willing(weighed)
                    if one.row is not None and one.row.status is DeliveryStatus.PENDING
                }
                for row in by_operator.cancel(tx, _willing(weighed)):
                    if row["channel"] is Channel.CALL and row["id"] in waited:
                        tell_forwarded(tx, row, end_of(row), 0)
            concerned = [_concerned(one, _was(one)) for one in weighed]
            return performed(tx, Verb.CANCEL, by, concerned, dry_run=dry_run)

    def dismiss(
        self, contradiction_ids: Sequence[UUID], by: By, *, dry_run: bool = False
    ) -> Performed:
        """Note that somebody has seen to what the mailroom did against its instructions."""
        with self._store.write() as tx:
            known = contradictions.among(tx, contradiction_ids)
            weighed = [(one, known.get(one)) for one in contradiction_ids]
            if not dry_run:
                contradictions.close(tx, list(known))
            concerned = [_contradicted(one, found) for one, found in weighed]
            return performed(tx, Verb.CANCEL, by, concerned, dry_run=dry_run)

    def resolve(
        self, delivery_id: UUID, evidence: Evidence, by: By, *, dry_run: bool = False
    ) -> Performed:
        """Settle what is uncertain, or parked for it, by what a person has found out.

        Sent: it is accepted, and its record says that an operator said so. Not sent: it goes out.
        """
        with self._store.write() as tx:
            weighed = by_operator.weigh(tx, Verb.RESOLVE, [delivery_id])
            willing = _willing(weighed)
            match evidence:
                case Sent(reference):
                    detail = f"sent as {reference}"
                    if not dry_run:
                        by_operator.say_sent(tx, willing, reference)
                case NotSent():
                    detail = "not sent"
                    if not dry_run:
                        by_operator.say_not_sent(tx, willing, self._policy)
            concerned = [_concerned(one, detail) for one in weighed]
            return performed(tx, Verb.RESOLVE, by, concerned, dry_run=dry_run)

    def release(
        self,
        delivery_ids: Sequence[UUID],
        by: By,
        *,
        customer_ref: str | None = None,
        dry_run: bool = False,
    ) -> Performed:
        """Send what rules hold, at once: these deliveries, or all that is held for a customer."""
        with self._store.write() as tx:
            ids = list(delivery_ids)
            if customer_ref is not None:
                ids += [row["id"] for row in holding.held_by(tx, [customer_ref])]
            weighed = by_operator.weigh(tx, Verb.RELEASE, ids)
            if not dry_run:
                going = holding.held_among(tx, [one.delivery_id for one in _willing(weighed)])
                holding.let_go(tx, going, self._policy, "by an operator")
            concerned = [_concerned(one, _was(one)) for one in weighed]
            return performed(tx, Verb.RELEASE, by, concerned, dry_run=dry_run)

    def pause(self, provider: str, by: By, *, dry_run: bool = False) -> Performed:
        """Take a provider out of use until it is resumed; what is under way goes on."""
        with self._store.write() as tx:
            before = providers.locked(tx, provider)
            refusal = _of_provider(before, is_so=before is not None and before.paused)
            if refusal is None and not dry_run:
                providers.pause(tx, provider, by.actor, _ON_RECORD)
            concerned = [Concerned(Target.PROVIDER, provider, refusal)]
            return performed(tx, Verb.PAUSE, by, concerned, dry_run=dry_run)

    def resume(self, provider: str, by: By, *, dry_run: bool = False) -> Performed:
        """Put a paused provider back into use; a breaker that is open stays so until probed."""
        with self._store.write() as tx:
            before = providers.locked(tx, provider)
            refusal = _of_provider(before, is_so=before is not None and not before.paused)
            if refusal is None and not dry_run:
                providers.resume(tx, provider, by.actor)
            concerned = [Concerned(Target.PROVIDER, provider, refusal)]
            return performed(tx, Verb.RESUME, by, concerned, dry_run=dry_run)

    def lift(
        self, customer_ref: str, destination_id: str, purpose: Purpose | None, by: By
    ) -> Performed:
        """Let a suppressed destination be used again; what was suppressed is not sent after all."""
        with self._store.write() as tx:
            lifted = suppressed.lift(tx, customer_ref, destination_id, purpose)
            refusal = None if lifted else Refusal.UNKNOWN if lifted is None else Refusal.NO_CHANGE
            one = Concerned(
                Target.SUPPRESSION,
                f"{customer_ref}/{destination_id}",
                refusal,
                ", ".join(each.value for each in lifted or ()) or None,
                customer_ref if lifted is not None else None,
            )
            return performed(tx, Verb.LIFT, by, [one], dry_run=False)

    def set_mail_from(self, customer_ref: str, given: MailFrom | None, by: By) -> Performed:
        """Have a customer's emails come in this name from now on; none: in the company's own."""
        with self._store.write() as tx:
            before = mail_names.read_mail_from(tx, customer_ref)
            refusal = Refusal.NO_CHANGE if given == before else None
            if refusal is None and not mail_names.put_mail_from(tx, customer_ref, given):
                refusal = Refusal.UNKNOWN
            owner = customer_ref if refusal is None else None
            one = Concerned(Target.CUSTOMER, customer_ref, refusal, customer_ref=owner)
            return performed(tx, Verb.SET_MAIL_FROM, by, [one], dry_run=False)

    def set_sender(self, customer_ref: str, sender: Sender, by: By) -> Performed:
        """Let texts to a customer come from a sender of its own, from the next claim on."""
        return self._put_sender(Verb.SET_SENDER, customer_ref, sender.value, by)

    def clear_sender(self, customer_ref: str, by: By) -> Performed:
        """Let texts to a customer come from the company again."""
        return self._put_sender(Verb.CLEAR_SENDER, customer_ref, None, by)

    def _put_sender(self, verb: Verb, ref: str, sender: str | None, by: By) -> Performed:
        with self._store.write() as tx:
            before = senders.locked_sender(tx, ref)
            refusal = None
            if before is None:
                refusal = Refusal.UNKNOWN
            elif before.sender == (sender or ""):
                refusal = Refusal.NO_CHANGE
            else:
                senders.set_sender(tx, ref, sender)
            owner = ref if before is not None else None
            one = Concerned(Target.SENDER, ref, refusal, _kind_of(sender), owner)
            return performed(tx, verb, by, [one], dry_run=False)


def _kind_of(sender: str | None) -> str | None:
    """Say what kind of sender it is: which one exactly stands sealed with the customer."""
    return None if sender is None else "a number" if sender.startswith("+") else "a name"


def _of_provider(before: ProviderState | None, *, is_so: bool) -> Refusal | None:
    if before is None:
        return Refusal.UNKNOWN
    return Refusal.NO_CHANGE if is_so else None


def _contradicted(one: UUID, found: Contradicted | None) -> Concerned:
    if found is None:
        return Concerned(Target.CONTRADICTION, str(one), Refusal.UNKNOWN)
    return Concerned(
        Target.CONTRADICTION,
        str(one),
        None if found.closed_at is None else Refusal.NO_CHANGE,
        found.what.value if found.item_id is None else f"{found.what.value}: item {found.item_id}",
        found.customer_ref,
    )


def _willing(weighed: Sequence[Weighed]) -> list[Weighed]:
    return [one for one in weighed if one.refusal is None]


def _concerned(one: Weighed, detail: str | None) -> Concerned:
    done = one.refusal is None
    return Concerned(
        Target.DELIVERY,
        str(one.delivery_id),
        one.refusal,
        detail if done else _was(one),
        one.customer_ref,
    )


def _was(one: Weighed) -> str | None:
    return None if one.row is None else f"was {one.row.status.value}"


def performed(
    tx: Transaction, verb: Verb, by: By, concerned: Sequence[Concerned], *, dry_run: bool
) -> Performed:
    """Put an act on record, unless it was only tried, and give what came of it."""
    act = audit.put(tx, verb, by, concerned) if concerned and not dry_run else None
    return Performed(
        verb,
        act,
        tuple(one for one in concerned if one.refusal is None),
        tuple(one for one in concerned if one.refusal is not None),
    )
