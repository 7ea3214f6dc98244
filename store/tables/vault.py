"""The identity vault: what was checked of whom. Sealed with a key that nobody here can open with.

In PostgreSQL it has roles of its own: ours may add and delete, and read nothing but whose a row is.
"""

from sqlalchemy import Column, Index, LargeBinary, Table, Uuid

from contracts.vocabulary import Checked
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# The public half of the vault's key: it seals, and opens nothing. There is one; a row of it.
vault_keys = Table(
    "vault_keys",
    metadata,
    Column("public", LargeBinary(32), primary_key=True),
    instant("made_at", nullable=False),
)

# `content` is which check it was, the date of birth and the document's number. `evidence` is the
# digest of a copy of the document, which lies among the blobs until `moved_at`, and in the vault
# from then on.
identities = Table(
    "identities",
    metadata,
    Column("id", Uuid, primary_key=True),
    name("customer_ref", nullable=False, index=True),
    name("individual_id", nullable=False),
    Column("result", Word(Checked), nullable=False),
    Column("content", Sealed, nullable=False),
    name("evidence"),
    instant("received_at", nullable=False),
    instant("moved_at"),
)
_unmoved = identities.c.evidence.is_not(None) & identities.c.moved_at.is_(None)
Index(
    "ix_identities_unmoved",
    identities.c.id,
    postgresql_where=_unmoved,
    sqlite_where=_unmoved,
)
