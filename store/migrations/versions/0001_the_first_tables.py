"""The first tables."""

import sqlalchemy as sa
from alembic import op

from store import types
from store.tables import append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ONLY_NEW_ROWS = ("correspondence", "earlier_values", "notes", "supplier_disclosures")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "act_targets",
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.String(length=500), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=True),
        sa.Column("customer_ref", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("act_id", "target", name=op.f("pk_act_targets")),
    )
    op.create_index(
        op.f("ix_act_targets_customer_ref"), "act_targets", ["customer_ref"], unique=False
    )
    op.create_index("ix_act_targets_target", "act_targets", ["target"], unique=False)
    op.create_table(
        "acts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("actor", sa.String(length=500), nullable=False),
        sa.Column("account", sa.String(length=500), nullable=False),
        sa.Column("verb", sa.String(length=32), nullable=False),
        sa.Column("reason", types.Sealed(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("policy_version", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    op.create_table(
        "attempts",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=500), nullable=False),
        sa.Column("claimed_by", sa.String(length=500), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("started_at", types.Instant(), nullable=False),
        sa.Column("settled_at", types.Instant(), nullable=True),
        sa.Column("verdict", sa.String(length=500), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("code", sa.String(length=500), nullable=True),
        sa.Column("reference", sa.String(length=500), nullable=True),
        sa.Column("price", sa.String(length=500), nullable=True),
        sa.Column("currency", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", "fence", name=op.f("pk_attempts")),
    )
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.String(length=500), nullable=False),
        sa.Column("media_type", sa.String(length=500), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("publisher", sa.String(length=500), nullable=False),
        sa.Column("stored_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blobs")),
    )
    op.create_table(
        "bounces",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("value_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=500), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "fence", name=op.f("pk_bounces")),
    )
    op.create_index("ix_bounces_address", "bounces", ["value_index", "at"], unique=False)
    op.create_table(
        "complaints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=True),
        sa.Column("via", sa.String(length=500), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.Column("acknowledge_by", sa.Date(), nullable=False),
        sa.Column("acknowledged_at", types.Instant(), nullable=True),
        sa.Column("closed_at", types.Instant(), nullable=True),
        sa.Column("detail", types.Sealed(), nullable=True),
        sa.Column("answer", types.Sealed(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
    )
    op.create_index(op.f("ix_complaints_customer_ref"), "complaints", ["customer_ref"])
    op.create_table(
        "consents",
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("given_at", types.Instant(), nullable=False),
        sa.Column("evidence", types.Sealed(), nullable=False),
        sa.Column("method", types.Sealed(), nullable=False),
        sa.Column("wording_version", sa.String(length=500), nullable=True),
        sa.Column("withdrawn_at", types.Instant(), nullable=True),
        sa.Column("withdrawn_how", types.Sealed(), nullable=True),
        sa.Column("policy_version", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_ref", "purpose", "channel", "given_at", name=op.f("pk_consents")
        ),
    )
    op.create_table(
        "contests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("destination_id", sa.String(length=500), nullable=True),
        sa.Column("field", sa.String(length=32), nullable=True),
        sa.Column("rights_request_id", sa.Uuid(), nullable=True),
        sa.Column("since", types.Instant(), nullable=False),
        sa.Column("settled_at", types.Instant(), nullable=True),
        sa.Column("settled_as", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contests")),
    )
    op.create_index(op.f("ix_contests_customer_ref"), "contests", ["customer_ref"])
    op.create_table(
        "correspondence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("message_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("reply_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("recorded_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correspondence")),
        sa.UniqueConstraint(
            "customer_ref",
            "message_index",
            "variant",
            name=op.f("uq_correspondence_customer_ref_message_index_variant"),
        ),
    )
    op.create_index("ix_correspondence_customer", "correspondence", ["customer_ref", "at"])
    op.create_table(
        "customers",
        sa.Column("ref", sa.String(length=500), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("profile", types.Sealed(), nullable=False),
        sa.Column("mail_from", types.Sealed(), nullable=True),
        sa.Column("time_zone", sa.String(length=500), nullable=False),
        sa.Column("locale", sa.String(length=500), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", types.Instant(), nullable=False),
        sa.Column("registered_at", types.Instant(), nullable=True),
        sa.Column("started_at", types.Instant(), nullable=True),
        sa.Column("terminated_at", types.Instant(), nullable=True),
        sa.Column("restricted_at", types.Instant(), nullable=True),
        sa.Column("objected_at", types.Instant(), nullable=True),
        sa.Column("sms_sender", types.Sealed(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_customers")),
    )
    op.create_index(op.f("ix_customers_registered_at"), "customers", ["registered_at"])
    op.create_index(op.f("ix_customers_started_at"), "customers", ["started_at"])
    op.create_table(
        "data_keys",
        sa.Column("key_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(length=500), nullable=False),
        sa.Column("retention", sa.String(length=32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(length=128), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("destroyed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_data_keys")),
        sa.UniqueConstraint("owner", "retention", name=op.f("uq_data_keys_owner_retention")),
    )
    op.create_table(
        "decisions",
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.String(length=500), nullable=False),
        sa.Column("decided", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=500), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("act_id", "about", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_about", "decisions", ["about", "act_id"])
    op.create_table(
        "disclosure_subjects",
        sa.Column("disclosure_id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint(
            "disclosure_id", "customer_ref", name=op.f("pk_disclosure_subjects")
        ),
    )
    op.create_index("ix_disclosure_subjects_customer", "disclosure_subjects", ["customer_ref"])
    op.create_table(
        "disclosures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("opened_by", sa.String(length=500), nullable=False),
        sa.Column("opened_at", types.Instant(), nullable=False),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=500), nullable=True),
        sa.Column("exported_at", types.Instant(), nullable=True),
        sa.Column("closed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosures")),
    )
    op.create_table(
        "earlier_values",
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("destination_id", sa.String(length=500), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("replaced_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_ref", "destination_id", "version", name=op.f("pk_earlier_values")
        ),
    )
    op.create_table(
        "erasures",
        sa.Column("ref_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("ref_index", name=op.f("pk_erasures")),
    )
    op.create_table(
        "erasures_asked",
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.Column("processor", sa.String(length=500), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("parts", sa.String(length=500), nullable=False),
        sa.Column("named", sa.Text(), nullable=True),
        sa.Column("asked_at", types.Instant(), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=False),
        sa.Column("erased_at", types.Instant(), nullable=True),
        sa.Column("confirmed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("erasure_id", "processor", name=op.f("pk_erasures_asked")),
    )
    op.create_index(op.f("ix_erasures_asked_customer_ref"), "erasures_asked", ["customer_ref"])
    op.create_index(
        "ix_erasures_asked_open",
        "erasures_asked",
        ["due_at"],
        postgresql_where=sa.text("confirmed_at IS NULL"),
        sqlite_where=sa.text("confirmed_at IS NULL"),
    )
    op.create_table(
        "outside_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("told_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_entries")),
    )
    op.create_index(
        "ix_outside_entries_untold",
        "outside_entries",
        ["id"],
        postgresql_where=sa.text("told_at IS NULL"),
        sqlite_where=sa.text("told_at IS NULL"),
    )
    op.create_table(
        "file_uses",
        sa.Column("sha256", sa.String(length=500), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "event_id", name=op.f("pk_file_uses")),
    )
    op.create_index(op.f("ix_file_uses_event_id"), "file_uses", ["event_id"])
    op.create_table(
        "destructions",
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("retention", sa.String(length=32), nullable=False),
        sa.Column("ended_at", types.Instant(), nullable=False),
        sa.Column("begun_at", types.Instant(), nullable=True),
        sa.Column("destroyed_at", types.Instant(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("customer_ref", "retention", name=op.f("pk_destructions")),
    )
    op.create_table(
        "identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("individual_id", sa.String(length=500), nullable=False),
        sa.Column("result", sa.String(length=32), nullable=False),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("evidence", sa.String(length=500), nullable=True),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.Column("moved_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
    )
    op.create_index(op.f("ix_identities_customer_ref"), "identities", ["customer_ref"])
    op.create_index(
        "ix_identities_unmoved",
        "identities",
        ["id"],
        postgresql_where=sa.text("evidence IS NOT NULL AND moved_at IS NULL"),
        sqlite_where=sa.text("evidence IS NOT NULL AND moved_at IS NULL"),
    )
    op.create_table(
        "vault_keys",
        sa.Column("public", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("public", name=op.f("pk_vault_keys")),
    )
    op.create_table(
        "incident_sends",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "entry_id", name=op.f("pk_incident_sends")),
    )
    op.create_index("ix_incident_sends_customer", "incident_sends", ["customer_ref"])
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("opened_by", sa.String(length=500), nullable=False),
        sa.Column("opened_at", types.Instant(), nullable=False),
        sa.Column("aware_at", types.Instant(), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=False),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("closed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("reason", types.Sealed(), nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.Column("lifted_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    op.create_index(op.f("ix_legal_holds_customer_ref"), "legal_holds", ["customer_ref"])
    op.create_table(
        "rights_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("request_id", sa.String(length=500), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("via", sa.String(length=500), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("detail", types.Sealed(), nullable=True),
        sa.Column("answer", types.Sealed(), nullable=True),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("stopped_on", sa.Date(), nullable=True),
        sa.Column("stopped_days", sa.Integer(), nullable=False),
        sa.Column("closed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_requests")),
    )
    op.create_index(
        "ix_rights_requests_customer", "rights_requests", ["customer_ref", "received_at"]
    )
    op.create_index(
        "ix_rights_requests_open",
        "rights_requests",
        ["due_on"],
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "root_keys",
        sa.Column("master", sa.String(length=500), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(length=128), nullable=False),
        sa.Column("added_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("master", name=op.f("pk_root_keys")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("publisher", sa.String(length=500), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=True),
        sa.Column("destination_id", sa.String(length=500), nullable=False),
        sa.Column("destination_version", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(length=500), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("content", sa.String(length=32), nullable=False),
        sa.Column("attach", sa.Boolean(), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("gathers", sa.Boolean(), nullable=False),
        sa.Column("follows_up", sa.Boolean(), nullable=False),
        sa.Column("acknowledge", sa.String(length=32), nullable=False),
        sa.Column("wait_seconds", sa.Integer(), nullable=True),
        sa.Column("most_attempts", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=True),
        sa.Column("transition", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(length=500), nullable=True),
        sa.Column("provider", sa.String(length=500), nullable=True),
        sa.Column("reference", sa.String(length=500), nullable=True),
        sa.Column("planned_at", types.Instant(), nullable=False),
        sa.Column("first_due_at", types.Instant(), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=True),
        sa.Column("deadline_at", types.Instant(), nullable=False),
        sa.Column("digest_at", types.Instant(), nullable=True),
        sa.Column("held_at", types.Instant(), nullable=True),
        sa.Column("advance_at", types.Instant(), nullable=True),
        sa.Column("acknowledged_at", types.Instant(), nullable=True),
        sa.Column("lease_until", types.Instant(), nullable=True),
        sa.Column("hinted_at", types.Instant(), nullable=True),
        sa.Column("changed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "event_id",
            "customer_ref",
            "rule_id",
            "rule_version",
            "step",
            "channel",
            "destination_id",
            name=op.f(
                "uq_deliveries_event_id_customer_ref_rule_id_rule_version_step_channel_destination_id"
            ),
        ),
    )
    op.create_index(
        "ix_deliveries_advance",
        "deliveries",
        ["advance_at"],
        unique=False,
        postgresql_where=sa.text("advance_at IS NOT NULL"),
        sqlite_where=sa.text("advance_at IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_attention",
        "deliveries",
        ["status", "reason", "channel", "changed_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('failed', 'parked', 'undelivered')"),
        sqlite_where=sa.text("status IN ('failed', 'parked', 'undelivered')"),
    )
    op.create_index(
        "ix_deliveries_customer", "deliveries", ["customer_ref", "planned_at"], unique=False
    )
    op.create_index(
        "ix_deliveries_deadline",
        "deliveries",
        ["deadline_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["lane", "channel", "due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_deliveries_held",
        "deliveries",
        ["customer_ref"],
        unique=False,
        postgresql_where=sa.text("held_at IS NOT NULL"),
        sqlite_where=sa.text("held_at IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_held_since",
        "deliveries",
        ["held_at"],
        unique=False,
        postgresql_where=sa.text("held_at IS NOT NULL AND status = 'pending'"),
        sqlite_where=sa.text("held_at IS NOT NULL AND status = 'pending'"),
    )
    op.create_index(
        "ix_deliveries_leased",
        "deliveries",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("status = 'sending'"),
        sqlite_where=sa.text("status = 'sending'"),
    )
    op.create_index(
        "ix_deliveries_offers",
        "deliveries",
        ["customer_ref", "planned_at"],
        unique=False,
        postgresql_where=sa.text("purpose = 'offers'"),
        sqlite_where=sa.text("purpose = 'offers'"),
    )
    op.create_index(
        "ix_deliveries_reference",
        "deliveries",
        ["reference"],
        unique=False,
        postgresql_where=sa.text("reference IS NOT NULL"),
        sqlite_where=sa.text("reference IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_throttled",
        "deliveries",
        ["customer_ref", "channel", "destination_id"],
        unique=False,
        postgresql_where=sa.text(
            "status = 'pending' AND (reason = 'throttled' OR rule_id = '@bundle')"
        ),
        sqlite_where=sa.text(
            "status = 'pending' AND (reason = 'throttled' OR rule_id = '@bundle')"
        ),
    )
    op.create_index(
        "ix_deliveries_uncertain",
        "deliveries",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'uncertain'"),
        sqlite_where=sa.text("status = 'uncertain'"),
    )
    op.create_index(
        "ix_deliveries_unclaimed",
        "deliveries",
        ["customer_ref"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_deliveries_unreceipted",
        "deliveries",
        ["changed_at"],
        unique=False,
        postgresql_where=sa.text("status = 'accepted' AND channel IN ('sms', 'call')"),
        sqlite_where=sa.text("status = 'accepted' AND channel IN ('sms', 'call')"),
    )
    op.create_index(
        "ix_deliveries_unsettled",
        "deliveries",
        ["lane", "changed_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('uncertain', 'parked')"),
        sqlite_where=sa.text("status IN ('uncertain', 'parked')"),
    )
    op.create_index(
        "uq_deliveries_digest",
        "deliveries",
        [
            "customer_ref",
            "digest_at",
            "rule_id",
            "rule_version",
            "step",
            "channel",
            "destination_id",
            "purpose",
        ],
        unique=True,
        postgresql_where=sa.text("digest_at IS NOT NULL"),
        sqlite_where=sa.text("digest_at IS NOT NULL"),
    )
    op.create_table(
        "destinations",
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("destination_id", sa.String(length=500), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", types.Sealed(), nullable=False),
        sa.Column("masked", types.Sealed(), nullable=False),
        sa.Column("label", types.Sealed(), nullable=True),
        sa.Column("person", types.Sealed(), nullable=True),
        sa.Column("value_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("changed_at", types.Instant(), nullable=False),
        sa.Column("verified_at", types.Instant(), nullable=True),
        sa.Column("verified_how", types.Sealed(), nullable=True),
        sa.Column("removed_at", types.Instant(), nullable=True),
        sa.Column("contested_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("customer_ref", "destination_id", name=op.f("pk_destinations")),
    )
    op.create_index(
        op.f("ix_destinations_value_index"), "destinations", ["value_index"], unique=False
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=False),
        sa.Column("event_id", sa.String(length=500), nullable=False),
        sa.Column("type", sa.String(length=500), nullable=False),
        sa.Column("publisher", sa.String(length=500), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("correlation", sa.String(length=500), nullable=True),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=True),
        sa.Column("service", sa.String(length=32), nullable=True),
        sa.Column("traceparent", sa.String(length=500), nullable=True),
        sa.Column("happened_at", types.Instant(), nullable=True),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(
        "ix_events_correlation",
        "events",
        ["correlation"],
        unique=False,
        postgresql_where=sa.text("correlation IS NOT NULL"),
        sqlite_where=sa.text("correlation IS NOT NULL"),
    )
    op.create_index("ix_events_customer", "events", ["customer_ref", "received_at"], unique=False)
    op.create_index("uq_events_source_event_id", "events", ["source", "event_id"], unique=True)
    op.create_table(
        "gathered",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("publisher", sa.String(length=500), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=True),
        sa.Column("rule_id", sa.String(length=500), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("destination_id", sa.String(length=500), nullable=False),
        sa.Column("gathered_at", types.Instant(), nullable=False),
        sa.Column("left_for", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", "event_id", name=op.f("pk_gathered")),
    )
    op.create_index(
        "uq_gathered_once",
        "gathered",
        [
            "event_id",
            "customer_ref",
            "rule_id",
            "rule_version",
            "step",
            "channel",
            "destination_id",
        ],
        unique=True,
    )
    op.create_table(
        "individuals",
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("individual_id", sa.String(length=500), nullable=False),
        sa.Column("check_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("result", sa.String(length=32), nullable=True),
        sa.Column("changed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_ref", "individual_id", "check_index", name=op.f("pk_individuals")
        ),
    )
    op.create_table(
        "information_requests",
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("why", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("policy_version", sa.String(length=500), nullable=False),
        sa.Column("decided_at", types.Instant(), nullable=False),
        sa.Column("asked_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("customer_ref", "what", name=op.f("pk_information_requests")),
    )
    op.create_table(
        "inquiries",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("inquiry", sa.String(length=32), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(length=32), nullable=True),
        sa.Column("detail", sa.String(length=500), nullable=True),
        sa.Column("asked_at", types.Instant(), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", "fence", "inquiry", name=op.f("pk_inquiries")),
    )
    op.create_index(
        "ix_inquiries_due",
        "inquiries",
        ["inquiry", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "items",
        sa.Column("item_id", sa.String(length=500), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=True),
        sa.Column("class", sa.String(length=500), nullable=False),
        sa.Column("kinds", sa.String(length=500), nullable=False),
        sa.Column("do", sa.String(length=32), nullable=False),
        sa.Column("why", sa.String(length=32), nullable=False),
        sa.Column("rule_id", sa.String(length=500), nullable=True),
        sa.Column("authority", sa.String(length=500), nullable=True),
        sa.Column("may_shred", sa.Boolean(), nullable=False),
        sa.Column("destination_id", sa.String(length=500), nullable=True),
        sa.Column("consolidate", sa.String(length=500), nullable=True),
        sa.Column("until", types.Instant(), nullable=True),
        sa.Column("round_at", types.Instant(), nullable=True),
        sa.Column("requested_at", types.Instant(), nullable=True),
        sa.Column("arrival_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("held_since", types.Instant(), nullable=True),
        sa.Column("asked_at", types.Instant(), nullable=True),
        sa.Column("done_as", sa.String(length=500), nullable=True),
        sa.Column("done_at", types.Instant(), nullable=True),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.Column("changed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_items")),
    )
    op.create_index(op.f("ix_items_customer_ref"), "items", ["customer_ref"], unique=False)
    op.create_index(
        "ix_items_held",
        "items",
        ["held_since"],
        unique=False,
        postgresql_where=sa.text("held_since IS NOT NULL AND done_at IS NULL"),
        sqlite_where=sa.text("held_since IS NOT NULL AND done_at IS NULL"),
    )
    op.create_index("ix_items_open", "items", ["customer_ref", "done_at"], unique=False)
    op.create_index(
        "ix_items_round",
        "items",
        ["round_at"],
        unique=False,
        postgresql_where=sa.text(
            "round_at IS NOT NULL AND requested_at IS NULL AND done_at IS NULL"
        ),
        sqlite_where=sa.text("round_at IS NOT NULL AND requested_at IS NULL AND done_at IS NULL"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("holder", sa.String(length=500), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "ledger",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("rule_id", sa.String(length=500), nullable=True),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("lane", sa.String(length=32), nullable=True),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=True),
        sa.Column("destination_id", sa.String(length=500), nullable=True),
        sa.Column("outcome", sa.String(length=500), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=True),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("provider", sa.String(length=500), nullable=True),
        sa.Column("reference", sa.String(length=500), nullable=True),
        sa.Column("template_version", sa.String(length=500), nullable=True),
        sa.Column("policy_version", sa.String(length=500), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=True),
        sa.Column("price", sa.String(length=500), nullable=True),
        sa.Column("currency", sa.String(length=500), nullable=True),
        sa.Column("intended_at", types.Instant(), nullable=True),
        sa.Column("attempted_at", types.Instant(), nullable=True),
        sa.Column("settled_at", types.Instant(), nullable=False),
        sa.Column("personal", types.Sealed(), nullable=True),
        sa.Column("commitments", sa.LargeBinary(length=96), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("seal", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_customer", "ledger", ["customer_ref", "id"], unique=False)
    op.create_index("ix_ledger_event", "ledger", ["event_id"], unique=False)
    op.create_index(
        "ix_ledger_unsealed",
        "ledger",
        ["id"],
        unique=False,
        postgresql_where=sa.text("position IS NULL"),
        sqlite_where=sa.text("position IS NULL"),
    )
    op.create_index(
        "uq_ledger_position",
        "ledger",
        ["position"],
        unique=True,
        postgresql_where=sa.text("position IS NOT NULL"),
        sqlite_where=sa.text("position IS NOT NULL"),
    )
    op.create_table(
        "names",
        sa.Column("name_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("name_index", "customer_ref", name=op.f("pk_names")),
    )
    op.create_index(op.f("ix_names_customer_ref"), "names", ["customer_ref"], unique=False)
    op.create_index("ix_names_lookup", "names", ["name_index"], unique=False)
    op.create_table(
        "numbers",
        sa.Column("number_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", types.Sealed(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("assigned_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number_index", name=op.f("pk_numbers")),
    )
    op.create_index(op.f("ix_numbers_customer_ref"), "numbers", ["customer_ref"], unique=False)
    op.create_table(
        "legs",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=500), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("accepted_at", types.Instant(), nullable=True),
        sa.Column("ended_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", "reference", name=op.f("pk_legs")),
    )
    op.create_table(
        "openings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("until", types.Instant(), nullable=False),
        sa.Column("opening", sa.String(length=32), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_openings")),
    )
    op.create_index("ix_openings_link", "openings", ["delivery_id", "until"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=500), nullable=False),
        sa.Column("audience", sa.String(length=500), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("content", types.Sealed(), nullable=True),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("published_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_unlisted",
        "outbox",
        ["at"],
        unique=False,
        postgresql_where=sa.text("position IS NULL"),
        sqlite_where=sa.text("position IS NULL"),
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["position"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL AND position IS NOT NULL"),
        sqlite_where=sa.text("published_at IS NULL AND position IS NOT NULL"),
    )
    op.create_index(
        "uq_outbox_position",
        "outbox",
        ["position"],
        unique=True,
        postgresql_where=sa.text("position IS NOT NULL"),
        sqlite_where=sa.text("position IS NOT NULL"),
    )
    op.create_table(
        "planning_tasks",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("after_customer", sa.String(length=500), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("until", types.Instant(), nullable=True),
        sa.Column("done_at", types.Instant(), nullable=True),
        sa.Column("tried_at", types.Instant(), nullable=True),
        sa.Column("trouble", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_planning_tasks")),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("publisher", sa.String(length=500), nullable=False),
        sa.Column("note_id", sa.String(length=500), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("follow_up_by", types.Instant(), nullable=True),
        sa.Column("recorded_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
        sa.UniqueConstraint("first_id", "version", name=op.f("uq_notes_first_id_version")),
    )
    op.create_index("ix_notes_customer", "notes", ["customer_ref", "at"])
    op.create_index(
        "ix_notes_follow_up",
        "notes",
        ["follow_up_by"],
        postgresql_where=sa.text("follow_up_by IS NOT NULL"),
        sqlite_where=sa.text("follow_up_by IS NOT NULL"),
    )
    op.create_index("ix_notes_note", "notes", ["publisher", "note_id"])
    op.create_table(
        "notice_recipients",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("planned_at", types.Instant(), nullable=False),
        sa.Column("newcomer", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("event_id", "customer_ref", name=op.f("pk_notice_recipients")),
    )
    op.create_table(
        "policy_versions",
        sa.Column("version", sa.String(length=500), nullable=False),
        sa.Column("sha256", sa.String(length=500), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("major", sa.Boolean(), nullable=False),
        sa.Column("published_at", types.Instant(), nullable=False),
        sa.Column("effective_at", types.Instant(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("noted_at", types.Instant(), nullable=False),
        sa.Column("text_kept_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policy_versions")),
    )
    op.create_table(
        "providers",
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("code", sa.String(length=500), nullable=True),
        sa.Column("opened_at", types.Instant(), nullable=True),
        sa.Column("probe_at", types.Instant(), nullable=True),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("harmless", sa.Integer(), nullable=False),
        sa.Column("wait_until", types.Instant(), nullable=True),
        sa.Column("usable_since", types.Instant(), nullable=True),
        sa.Column("paused_at", types.Instant(), nullable=True),
        sa.Column("paused_by", sa.String(length=500), nullable=True),
        sa.Column("pause_reason", sa.String(length=500), nullable=True),
        sa.Column("resumed_by", sa.String(length=500), nullable=True),
        sa.Column("priced_until", types.Instant(), nullable=True),
        sa.Column("changed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_providers")),
    )
    op.create_table(
        "publishers",
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("grants", sa.Text(), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("revoked_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_publishers")),
        sa.UniqueConstraint("key_digest", name=op.f("uq_publishers_key_digest")),
    )
    op.create_table(
        "rejected_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("publisher", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=True),
        sa.Column("event_id", sa.String(length=500), nullable=True),
        sa.Column("type", sa.String(length=500), nullable=True),
        sa.Column("route", sa.String(length=500), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("body", types.Sealed(), nullable=True),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.Column("closed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_events")),
    )
    op.create_index(
        "ix_rejected_events_open",
        "rejected_events",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        op.f("ix_rejected_events_received_at"), "rejected_events", ["received_at"], unique=False
    )
    op.create_index(
        op.f("ix_rejected_events_subject_index"), "rejected_events", ["subject_index"], unique=False
    )
    op.create_index(
        "ix_rejected_events_source", "rejected_events", ["source", "event_id"], unique=False
    )
    op.create_table(
        "replies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=500), nullable=False),
        sa.Column("value_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
        sa.UniqueConstraint("reference", name=op.f("uq_replies_reference")),
    )
    op.create_index("ix_replies_customer", "replies", ["customer_ref", "received_at"], unique=False)
    op.create_index("ix_replies_sender", "replies", ["value_index", "received_at"], unique=False)
    op.create_index(
        "ix_replies_delivery",
        "replies",
        ["delivery_id"],
        unique=False,
        postgresql_where=sa.text("delivery_id IS NOT NULL"),
        sqlite_where=sa.text("delivery_id IS NOT NULL"),
    )
    op.create_table(
        "rule_sets",
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("set_by", types.Sealed(), nullable=False),
        sa.Column("told_us_by", sa.String(length=500), nullable=False),
        sa.Column("set_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("customer_ref", "version", name=op.f("pk_rule_sets")),
    )
    op.create_table(
        "seals",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seal", sa.LargeBinary(length=32), nullable=False),
        sa.Column("first_position", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sealed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seals")),
        sa.UniqueConstraint("previous", name=op.f("uq_seals_previous")),
    )
    op.create_table(
        "search_terms",
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("term", "event_id", name=op.f("pk_search_terms")),
    )
    op.create_table(
        "services",
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("contracted_at", types.Instant(), nullable=False),
        sa.Column("started_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("customer_ref", "service", name=op.f("pk_services")),
    )
    op.create_table(
        "payment_requests",
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("subscription_id", sa.String(length=500), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("request_id", sa.String(length=500), nullable=False),
        sa.Column("requested_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_ref", "subscription_id", "due_on", name=op.f("pk_payment_requests")
        ),
        sa.UniqueConstraint("request_id", name=op.f("uq_payment_requests_request_id")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("subscription_id", sa.String(length=500), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("repeats", sa.String(length=32), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=True),
        sa.Column("changed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("customer_ref", "subscription_id", name=op.f("pk_subscriptions")),
    )
    op.create_index(
        "ix_subscriptions_due",
        "subscriptions",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "supplier_disclosures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("supplier", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=500), nullable=False),
        sa.Column("fields", sa.String(length=500), nullable=False),
        sa.Column("content", types.Sealed(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_disclosures")),
    )
    op.create_index(
        "ix_supplier_disclosures_customer", "supplier_disclosures", ["customer_ref", "at"]
    )
    op.create_table(
        "suppressions",
        sa.Column("value_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("set_by", sa.String(length=32), nullable=True),
        sa.Column("since", types.Instant(), nullable=False),
        sa.Column("lifted_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("value_index", "purpose", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "texted",
        sa.Column("value_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("recent", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("value_index", name=op.f("pk_texted")),
    )
    op.create_table(
        "custody",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.String(length=500), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("do", sa.String(length=32), nullable=True),
        sa.Column("why", sa.String(length=32), nullable=True),
        sa.Column("contradiction", sa.String(length=32), nullable=True),
        sa.Column("destination_id", sa.String(length=500), nullable=True),
        sa.Column("reference", sa.String(length=500), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("content", types.Sealed(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody")),
    )
    op.create_index("ix_custody_item", "custody", ["item_id", "at"], unique=False)
    op.create_table(
        "contradictions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.String(length=500), nullable=True),
        sa.Column("customer_ref", sa.String(length=500), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("closed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contradictions")),
    )
    op.create_index(
        "ix_contradictions_open",
        "contradictions",
        ["what", "at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.String(length=500), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("place", types.Sealed(), nullable=True),
        sa.Column("host", sa.String(length=500), nullable=True),
        sa.Column("file", sa.String(length=500), nullable=True),
        sa.Column("key", types.Sealed(), nullable=True),
        sa.Column("sha256", sa.String(length=500), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", types.Instant(), nullable=False),
        sa.Column("until", types.Instant(), nullable=False),
        sa.Column("gone", sa.String(length=32), nullable=True),
        sa.Column("gone_at", types.Instant(), nullable=True),
        sa.Column("removed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index(op.f("ix_transfers_customer_ref"), "transfers", ["customer_ref"])
    op.create_index(
        "ix_transfers_there",
        "transfers",
        ["until"],
        postgresql_where=sa.text("removed_at IS NULL"),
        sqlite_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_transfers_delivery",
        "transfers",
        ["delivery_id"],
        postgresql_where=sa.text("delivery_id IS NOT NULL"),
        sqlite_where=sa.text("delivery_id IS NOT NULL"),
    )
    op.create_table(
        "waits",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("awaits", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=500), nullable=False),
        sa.Column("told", sa.Text(), nullable=True),
        sa.Column("since", types.Instant(), nullable=False),
        sa.Column("limit_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_waits")),
    )
    op.create_index(op.f("ix_waits_awaits"), "waits", ["awaits"], unique=False)
    _guard()


def _guard() -> None:
    """Have some tables take only new rows, by the database's own word."""
    if op.get_bind().dialect.name != "postgresql":
        for table in _ONLY_NEW_ROWS:
            op.execute(append_only.sqlite_guard(table))
        return
    op.execute(append_only.FUNCTION)
    for table in _ONLY_NEW_ROWS:
        op.execute(append_only.postgresql_guard(table))


def downgrade() -> None:
    """Take the change back."""
    op.drop_index(
        "ix_contradictions_open",
        table_name="contradictions",
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.drop_table("contradictions")
    op.drop_index("ix_custody_item", table_name="custody")
    op.drop_table("custody")
    op.drop_index(op.f("ix_waits_awaits"), table_name="waits")
    op.drop_table("transfers")
    op.drop_table("waits")
    op.drop_table("texted")
    op.drop_index(
        "ix_subscriptions_due",
        table_name="subscriptions",
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_table("subscriptions")
    op.drop_table("payment_requests")
    op.drop_table("suppressions")
    op.drop_table("supplier_disclosures")
    op.drop_table("services")
    op.drop_table("legs")
    op.drop_table("search_terms")
    op.drop_table("seals")
    op.drop_table("rule_sets")
    op.drop_index(
        "ix_replies_delivery",
        table_name="replies",
        postgresql_where=sa.text("delivery_id IS NOT NULL"),
        sqlite_where=sa.text("delivery_id IS NOT NULL"),
    )
    op.drop_index("ix_replies_sender", table_name="replies")
    op.drop_index("ix_replies_customer", table_name="replies")
    op.drop_table("replies")
    op.drop_index("ix_rejected_events_source", table_name="rejected_events")
    op.drop_index(op.f("ix_rejected_events_received_at"), table_name="rejected_events")
    op.drop_index(
        "ix_rejected_events_open",
        table_name="rejected_events",
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.drop_table("rejected_events")
    op.drop_table("publishers")
    op.drop_table("providers")
    op.drop_table("policy_versions")
    op.drop_table("notice_recipients")
    op.drop_table("planning_tasks")
    op.drop_table("notes")
    op.drop_index(
        "uq_outbox_position",
        table_name="outbox",
        postgresql_where=sa.text("position IS NOT NULL"),
        sqlite_where=sa.text("position IS NOT NULL"),
    )
    op.drop_index(
        "ix_outbox_unpublished",
        table_name="outbox",
        postgresql_where=sa.text("published_at IS NULL AND position IS NOT NULL"),
        sqlite_where=sa.text("published_at IS NULL AND position IS NOT NULL"),
    )
    op.drop_index(
        "ix_outbox_unlisted",
        table_name="outbox",
        postgresql_where=sa.text("position IS NULL"),
        sqlite_where=sa.text("position IS NULL"),
    )
    op.drop_table("outbox")
    op.drop_index("ix_openings_link", table_name="openings")
    op.drop_table("openings")
    op.drop_index(op.f("ix_numbers_customer_ref"), table_name="numbers")
    op.drop_table("numbers")
    op.drop_index("ix_names_lookup", table_name="names")
    op.drop_index(op.f("ix_names_customer_ref"), table_name="names")
    op.drop_table("names")
    op.drop_index(
        "uq_ledger_position",
        table_name="ledger",
        postgresql_where=sa.text("position IS NOT NULL"),
        sqlite_where=sa.text("position IS NOT NULL"),
    )
    op.drop_index(
        "ix_ledger_unsealed",
        table_name="ledger",
        postgresql_where=sa.text("position IS NULL"),
        sqlite_where=sa.text("position IS NULL"),
    )
    op.drop_index("ix_ledger_event", table_name="ledger")
    op.drop_index("ix_ledger_customer", table_name="ledger")
    op.drop_table("ledger")
    op.drop_table("leases")
    op.drop_index(
        "ix_items_round",
        table_name="items",
        postgresql_where=sa.text(
            "round_at IS NOT NULL AND requested_at IS NULL AND done_at IS NULL"
        ),
        sqlite_where=sa.text("round_at IS NOT NULL AND requested_at IS NULL AND done_at IS NULL"),
    )
    op.drop_index("ix_items_open", table_name="items")
    op.drop_index(
        "ix_items_held",
        table_name="items",
        postgresql_where=sa.text("held_since IS NOT NULL AND done_at IS NULL"),
        sqlite_where=sa.text("held_since IS NOT NULL AND done_at IS NULL"),
    )
    op.drop_index(op.f("ix_items_customer_ref"), table_name="items")
    op.drop_table("items")
    op.drop_index(
        "ix_inquiries_due",
        table_name="inquiries",
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_table("inquiries")
    op.drop_table("information_requests")
    op.drop_table("individuals")
    op.drop_index("uq_gathered_once", table_name="gathered")
    op.drop_table("gathered")
    op.drop_index("uq_events_source_event_id", table_name="events")
    op.drop_index("ix_events_customer", table_name="events")
    op.drop_index(
        "ix_events_correlation",
        table_name="events",
        postgresql_where=sa.text("correlation IS NOT NULL"),
        sqlite_where=sa.text("correlation IS NOT NULL"),
    )
    op.drop_table("events")
    op.drop_index(op.f("ix_destinations_value_index"), table_name="destinations")
    op.drop_table("destinations")
    op.drop_index(
        "uq_deliveries_digest",
        table_name="deliveries",
        postgresql_where=sa.text("digest_at IS NOT NULL"),
        sqlite_where=sa.text("digest_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_deliveries_unsettled",
        table_name="deliveries",
        postgresql_where=sa.text("status IN ('uncertain', 'parked')"),
        sqlite_where=sa.text("status IN ('uncertain', 'parked')"),
    )
    op.drop_index(
        "ix_deliveries_unreceipted",
        table_name="deliveries",
        postgresql_where=sa.text("status = 'accepted' AND channel IN ('sms', 'call')"),
        sqlite_where=sa.text("status = 'accepted' AND channel IN ('sms', 'call')"),
    )
    op.drop_index(
        "ix_deliveries_unclaimed",
        table_name="deliveries",
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.drop_index(
        "ix_deliveries_uncertain",
        table_name="deliveries",
        postgresql_where=sa.text("status = 'uncertain'"),
        sqlite_where=sa.text("status = 'uncertain'"),
    )
    op.drop_index(
        "ix_deliveries_offers",
        table_name="deliveries",
        postgresql_where=sa.text("purpose = 'offers'"),
        sqlite_where=sa.text("purpose = 'offers'"),
    )
    op.drop_index(
        "ix_deliveries_reference",
        table_name="deliveries",
        postgresql_where=sa.text("reference IS NOT NULL"),
        sqlite_where=sa.text("reference IS NOT NULL"),
    )
    op.drop_index(
        "ix_deliveries_leased",
        table_name="deliveries",
        postgresql_where=sa.text("status = 'sending'"),
        sqlite_where=sa.text("status = 'sending'"),
    )
    op.drop_index(
        "ix_deliveries_held_since",
        table_name="deliveries",
        postgresql_where=sa.text("held_at IS NOT NULL AND status = 'pending'"),
        sqlite_where=sa.text("held_at IS NOT NULL AND status = 'pending'"),
    )
    op.drop_index(
        "ix_deliveries_held",
        table_name="deliveries",
        postgresql_where=sa.text("held_at IS NOT NULL"),
        sqlite_where=sa.text("held_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_deliveries_due",
        table_name="deliveries",
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.drop_index(
        "ix_deliveries_deadline",
        table_name="deliveries",
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.drop_index("ix_deliveries_customer", table_name="deliveries")
    op.drop_index(
        "ix_deliveries_attention",
        table_name="deliveries",
        postgresql_where=sa.text("status IN ('failed', 'parked', 'undelivered')"),
        sqlite_where=sa.text("status IN ('failed', 'parked', 'undelivered')"),
    )
    op.drop_index(
        "ix_deliveries_advance",
        table_name="deliveries",
        postgresql_where=sa.text("advance_at IS NOT NULL"),
        sqlite_where=sa.text("advance_at IS NOT NULL"),
    )
    op.drop_table("deliveries")
    op.drop_table("root_keys")
    op.drop_table("rights_requests")
    op.drop_table("legal_holds")
    op.drop_table("incidents")
    op.drop_table("incident_sends")
    op.drop_table("vault_keys")
    op.drop_table("identities")
    op.drop_table("destructions")
    op.drop_table("file_uses")
    op.drop_index(
        "ix_outside_entries_untold",
        table_name="outside_entries",
        postgresql_where=sa.text("told_at IS NULL"),
        sqlite_where=sa.text("told_at IS NULL"),
    )
    op.drop_table("outside_entries")
    op.drop_index(
        "ix_erasures_asked_open",
        table_name="erasures_asked",
        postgresql_where=sa.text("confirmed_at IS NULL"),
        sqlite_where=sa.text("confirmed_at IS NULL"),
    )
    op.drop_index(op.f("ix_erasures_asked_customer_ref"), table_name="erasures_asked")
    op.drop_table("erasures_asked")
    op.drop_table("erasures")
    op.drop_table("disclosures")
    op.drop_table("disclosure_subjects")
    op.drop_table("decisions")
    op.drop_table("earlier_values")
    op.drop_table("data_keys")
    op.drop_index(op.f("ix_customers_started_at"), table_name="customers")
    op.drop_index(op.f("ix_customers_registered_at"), table_name="customers")
    op.drop_table("customers")
    op.drop_table("complaints")
    op.drop_table("correspondence")
    op.drop_table("contests")
    op.drop_table("consents")
    op.drop_index("ix_bounces_address", table_name="bounces")
    op.drop_table("bounces")
    op.drop_table("blobs")
    op.drop_table("attempts")
    op.drop_table("acts")
    op.drop_index("ix_act_targets_target", table_name="act_targets")
    op.drop_index(op.f("ix_act_targets_customer_ref"), table_name="act_targets")
    op.drop_table("act_targets")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION onward_only_new_rows()")
