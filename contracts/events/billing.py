"""What does the billing system report?"""

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from contracts.currencies import fits
from contracts.events.base import Contradiction, EventData, EventType, File, Shape
from contracts.fields import Currency, Day, FreeText, Id, Instant, Label, Money
from contracts.vocabulary import Family

_TOO_FINE = "has more decimal places than the currency"


class Period(Shape):
    """From one day to another, both included."""

    from_: Day = Field(alias="from")
    to: Day


class _Priced(EventData):
    AMOUNTS: ClassVar[tuple[str, ...]]

    currency: Currency

    def contradictions(self) -> Iterator[Contradiction]:
        """As everywhere: sums, places and order."""
        for name in self.AMOUNTS:
            amount: Decimal = getattr(self, name)
            if not fits(amount, self.currency):
                yield name, _TOO_FINE


class InvoiceIssued(_Priced):
    """An invoice is to go to the customer."""

    AMOUNTS = ("net", "vat", "gross")
    SEARCHABLE: ClassVar[tuple[str, ...]] = ("invoice_number",)

    invoice_number: Id
    issued_on: Day
    due_on: Day
    net: Money
    vat: Money
    gross: Money
    document: File
    period: Period | None = None

    def contradictions(self) -> Iterator[Contradiction]:
        """As everywhere: sums, places and order."""
        yield from super().contradictions()
        if self.gross != self.net + self.vat:
            yield "gross", "must be net and vat together"
        if self.due_on < self.issued_on:
            yield "due_on", "must not be before issued_on"
        if self.period is not None and self.period.to < self.period.from_:
            yield "period.to", "must not be before period.from"


class InvoiceOverdue(_Priced):
    """An invoice was not paid in time: the only source of reminders."""

    AMOUNTS = ("gross",)
    SEARCHABLE: ClassVar[tuple[str, ...]] = ("invoice_number",)

    invoice_number: Id
    due_on: Day
    gross: Money


class InvoiceCancelled(EventData):
    """An invoice no longer counts."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("invoice_number",)

    invoice_number: Id
    reason: FreeText
    credit_note: File | None = None


class PaymentReceived(_Priced):
    """The customer paid."""

    AMOUNTS = ("amount",)
    SEARCHABLE: ClassVar[tuple[str, ...]] = ("payment_id", "invoice_number", "provider_reference")

    payment_id: Id
    amount: Money
    received_at: Instant
    invoice_number: Id | None = None
    provider_reference: Id | None = None


class PaymentFailed(_Priced):
    """A payment did not succeed."""

    AMOUNTS = ("amount",)
    SEARCHABLE: ClassVar[tuple[str, ...]] = ("payment_id", "invoice_number")

    payment_id: Id
    amount: Money
    reason: Literal["card_expired", "insufficient_funds", "declined", "other"]
    invoice_number: Id | None = None
    next_retry_at: Instant | None = None


class SubscriptionChosen(_Priced):
    """The customer chose how repeat payments are taken."""

    AMOUNTS = ("amount",)
    SEARCHABLE: ClassVar[tuple[str, ...]] = ("subscription_id",)

    subscription_id: Id
    plan: Label
    method_label: Label
    provider_token: Id
    starts_on: Day
    period: Literal["monthly", "quarterly", "yearly"]
    amount: Money


class SubscriptionEnded(EventData):
    """No further payments are to be taken."""

    SEARCHABLE: ClassVar[tuple[str, ...]] = ("subscription_id",)

    subscription_id: Id
    ended_on: Day


TYPES = (
    EventType("invoice.issued", Family.BILLING, InvoiceIssued),
    EventType("invoice.overdue", Family.BILLING, InvoiceOverdue),
    EventType("invoice.cancelled", Family.BILLING, InvoiceCancelled),
    EventType("payment.received", Family.BILLING, PaymentReceived),
    EventType("payment.failed", Family.BILLING, PaymentFailed),
    EventType("subscription.chosen", Family.BILLING, SubscriptionChosen),
    EventType("subscription.ended", Family.BILLING, SubscriptionEnded),
)
