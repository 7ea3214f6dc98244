"""The customer's file: notes of what was said, and the emails that went to and fro.

Both take only new rows. Each row bears the id of the event that told of it.
"""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, UniqueConstraint, Uuid

from contracts.vocabulary import Direction, NoteChannel
from store.tables.append_only import only_new_rows
from store.tables.base import instant, metadata, name
from store.types import Sealed, Word

# `first_id` is the row of the note as it was first recorded, its own or the one that it amends;
# `version` counts from there. `note_id` is its publisher's. `content` is author and text.
notes = only_new_rows(
    Table(
        "notes",
        metadata,
        Column("id", Uuid, primary_key=True),
        name("customer_ref", nullable=False),
        name("publisher", nullable=False),
        name("note_id", nullable=False),
        Column("first_id", Uuid, nullable=False),
        Column("version", Integer, nullable=False),
        Column("channel", Word(NoteChannel), nullable=False),
        Column("content", Sealed, nullable=False),
        instant("at", nullable=False),
        instant("follow_up_by"),
        instant("recorded_at", nullable=False),
        UniqueConstraint("first_id", "version"),
    )
)
Index("ix_notes_customer", notes.c.customer_ref, notes.c.at)
Index("ix_notes_note", notes.c.publisher, notes.c.note_id)
_to_follow = notes.c.follow_up_by.is_not(None)
Index(
    "ix_notes_follow_up",
    notes.c.follow_up_by,
    postgresql_where=_to_follow,
    sqlite_where=_to_follow,
)

# `message_index` and `reply_index` are keyed digests of the Message-IDs of the email and of what
# it answers; `digest` of all that is told of it. What differs under one Message-ID of one customer
# is kept beside it, as the next `variant`. `delivery_id` is the email of ours that it answers, or
# is. `content` is the email, its attachments by reference.
correspondence = only_new_rows(
    Table(
        "correspondence",
        metadata,
        Column("id", Uuid, primary_key=True),
        name("customer_ref", nullable=False),
        Column("direction", Word(Direction), nullable=False),
        Column("message_index", LargeBinary(16), nullable=False),
        Column("variant", Integer, nullable=False),
        Column("reply_index", LargeBinary(16)),
        Column("delivery_id", Uuid),
        Column("content", Sealed, nullable=False),
        Column("digest", LargeBinary(32), nullable=False),
        instant("at", nullable=False),
        instant("recorded_at", nullable=False),
        UniqueConstraint("customer_ref", "message_index", "variant"),
    )
)
Index("ix_correspondence_customer", correspondence.c.customer_ref, correspondence.c.at)
