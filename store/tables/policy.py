"""The company's own data-protection policy: every version, by its digest."""

from sqlalchemy import Boolean, Column, Table, Text, Uuid

from store.tables.base import instant, metadata, name

# `event_id` is the event that told of it; without one, it was entered by hand. Its text stands in
# the object store from `text_kept_at` on (`store.policy.versions`).
policy_versions = Table(
    "policy_versions",
    metadata,
    name("version", primary_key=True),
    name("sha256", nullable=False),
    Column("url", Text),
    Column("major", Boolean, nullable=False),
    instant("published_at", nullable=False),
    instant("effective_at", nullable=False),
    Column("event_id", Uuid),
    instant("noted_at", nullable=False),
    instant("text_kept_at"),
)
