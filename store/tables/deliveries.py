"""What is to be sent, and every try at it. No personal value stands in these tables."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    Uuid,
)

from contracts.rule_words import Acknowledge
from contracts.vocabulary import (
    ATTENTION,
    Channel,
    Content,
    DeliveryStatus,
    Lane,
    Mode,
    Purpose,
    Reason,
    Service,
)
from store.tables.base import instant, metadata, name
from store.types import Word

# `due_at` empty means held: nothing but an event or an operator makes it due. `held_at`: by its
# rule, until it is asked for.
# What `gathers` sends several events, which stand in `gathered`; `event_id` is the first of them.
# `digest_at` names the digest that it is; later events find theirs by it.
# What `follows_up` tells of a call that its customer was told of already, in other words.
# At `advance_at` (`wait_seconds` after it is due) the rule's next step goes out, unless the
# customer has been reached: as `acknowledge` says.
# `fence` rises with every claim and numbers the attempts; `attempts` are those that were spent.
# `transition` counts every change of status; an outcome's id is delivery and transition.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    name("customer_ref", nullable=False),
    name("publisher", nullable=False),
    Column("channel", Word(Channel), nullable=False),
    Column("lane", Word(Lane), nullable=False),
    Column("purpose", Word(Purpose), nullable=False),
    Column("service", Word(Service)),
    name("destination_id", nullable=False),
    Column("destination_version", Integer, nullable=False),
    name("rule_id", nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("mode", Word(Mode), nullable=False),
    Column("content", Word(Content), nullable=False),
    Column("attach", Boolean, nullable=False),
    Column("marked", Boolean, nullable=False),
    Column("gathers", Boolean, nullable=False),
    Column("follows_up", Boolean, nullable=False),
    Column("acknowledge", Word(Acknowledge), nullable=False),
    Column("wait_seconds", Integer),
    Column("most_attempts", Integer),
    Column("status", Word(DeliveryStatus), nullable=False),
    Column("reason", Word(Reason), nullable=False),
    name("detail"),
    Column("transition", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    name("claimed_by"),
    name("provider"),
    name("reference"),
    instant("planned_at", nullable=False),
    instant("first_due_at", nullable=False),
    instant("due_at"),
    instant("deadline_at", nullable=False),
    instant("digest_at"),
    instant("held_at"),
    instant("advance_at"),
    instant("acknowledged_at"),
    instant("lease_until"),
    instant("hinted_at"),
    instant("changed_at", nullable=False),
    UniqueConstraint(
        "event_id", "customer_ref", "rule_id", "rule_version", "step", "channel", "destination_id"
    ),
)
_pending = deliveries.c.status == DeliveryStatus.PENDING.value
_sending = deliveries.c.status == DeliveryStatus.SENDING.value
_uncertain = deliveries.c.status == DeliveryStatus.UNCERTAIN.value
_attention = deliveries.c.status.in_(sorted(status.value for status in ATTENTION))
_told_later = [Channel.SMS.value, Channel.CALL.value]
_unreceipted = (deliveries.c.status == DeliveryStatus.ACCEPTED.value) & deliveries.c.channel.in_(
    _told_later
)
_unsettled = deliveries.c.status.in_([DeliveryStatus.UNCERTAIN.value, DeliveryStatus.PARKED.value])
Index(
    "ix_deliveries_due",
    deliveries.c.lane,
    deliveries.c.channel,  # so that the queues can be counted from the index alone
    deliveries.c.due_at,
    postgresql_where=_pending,
    sqlite_where=_pending,
)
Index(
    "ix_deliveries_deadline",
    deliveries.c.deadline_at,
    postgresql_where=_pending,
    sqlite_where=_pending,
)
Index(
    "ix_deliveries_unclaimed",
    deliveries.c.customer_ref,
    postgresql_where=_pending,
    sqlite_where=_pending,
)
Index(
    "ix_deliveries_leased",
    deliveries.c.lease_until,
    postgresql_where=_sending,
    sqlite_where=_sending,
)
Index(
    "ix_deliveries_uncertain",
    deliveries.c.due_at,
    postgresql_where=_uncertain,
    sqlite_where=_uncertain,
)
Index(
    "ix_deliveries_unsettled",
    deliveries.c.lane,
    deliveries.c.changed_at,
    postgresql_where=_unsettled,
    sqlite_where=_unsettled,
)
Index(
    "ix_deliveries_attention",
    deliveries.c.status,
    deliveries.c.reason,
    deliveries.c.channel,
    deliveries.c.changed_at,
    postgresql_where=_attention,
    sqlite_where=_attention,
)
Index(
    "ix_deliveries_unreceipted",
    deliveries.c.changed_at,
    postgresql_where=_unreceipted,
    sqlite_where=_unreceipted,
)
_held = deliveries.c.held_at.is_not(None)
Index(
    "ix_deliveries_held",
    deliveries.c.customer_ref,
    postgresql_where=_held,
    sqlite_where=_held,
)
Index(
    "ix_deliveries_held_since",
    deliveries.c.held_at,
    postgresql_where=_held & _pending,
    sqlite_where=_held & _pending,
)
_advances = deliveries.c.advance_at.is_not(None)
Index(
    "ix_deliveries_advance",
    deliveries.c.advance_at,
    postgresql_where=_advances,
    sqlite_where=_advances,
)
_digest = deliveries.c.digest_at.is_not(None)
Index(
    "uq_deliveries_digest",
    deliveries.c.customer_ref,
    deliveries.c.digest_at,
    deliveries.c.rule_id,
    deliveries.c.rule_version,
    deliveries.c.step,
    deliveries.c.channel,
    deliveries.c.destination_id,
    deliveries.c.purpose,
    unique=True,
    postgresql_where=_digest,
    sqlite_where=_digest,
)
_throttled = _pending & (
    (deliveries.c.reason == Reason.THROTTLED.value) | (deliveries.c.rule_id == "@bundle")
)
Index(
    "ix_deliveries_throttled",
    deliveries.c.customer_ref,
    deliveries.c.channel,
    deliveries.c.destination_id,
    postgresql_where=_throttled,
    sqlite_where=_throttled,
)
_offers = deliveries.c.purpose == Purpose.OFFERS.value
Index(
    "ix_deliveries_offers",
    deliveries.c.customer_ref,
    deliveries.c.planned_at,
    postgresql_where=_offers,
    sqlite_where=_offers,
)
Index("ix_deliveries_customer", deliveries.c.customer_ref, deliveries.c.planned_at)
Index(
    "ix_deliveries_reference",
    deliveries.c.reference,
    postgresql_where=deliveries.c.reference.is_not(None),
    sqlite_where=deliveries.c.reference.is_not(None),
)

# `marked` attempts were made although an earlier one of the delivery may have gone out. `price` and
# `currency` are the provider's later word: what it charged.
attempts = Table(
    "attempts",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("fence", Integer, primary_key=True),
    name("provider", nullable=False),
    name("claimed_by", nullable=False),
    Column("marked", Boolean, nullable=False),
    instant("started_at", nullable=False),
    instant("settled_at"),
    name("verdict"),
    Column("reason", Word(Reason)),
    name("code"),
    name("reference"),
    name("price"),
    name("currency"),
)

# What one number was lately sent by text, packed by `store.deliveries.texting`: a row for each,
# which two workers take turns on. The number itself is not here, but its keyed digest.
texted = Table(
    "texted",
    metadata,
    Column("value_index", LargeBinary(16), primary_key=True),
    Column("recent", LargeBinary, nullable=False),
)

# The events of a delivery that gathers several, each with the rule and step that it goes by. An
# event is gathered once for each of them and each place. `left_for` says why one is in it no more.
gathered = Table(
    "gathered",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    name("customer_ref", nullable=False),
    name("publisher", nullable=False),
    Column("service", Word(Service)),
    name("rule_id", nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("channel", Word(Channel), nullable=False),
    name("destination_id", nullable=False),
    instant("gathered_at", nullable=False),
    Column("left_for", Word(Reason)),
)
Index(
    "uq_gathered_once",
    gathered.c.event_id,
    gathered.c.customer_ref,
    gathered.c.rule_id,
    gathered.c.rule_version,
    gathered.c.step,
    gathered.c.channel,
    gathered.c.destination_id,
    unique=True,
)
