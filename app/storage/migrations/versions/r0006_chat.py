"""Talks with a language model.

Expands: adds a table that no earlier release knows. To go back, leave it.
"""

from typing import Final

from alembic import op

from app.storage.migrations.versions.r0003_sight import protect

revision: Final = "0006"
down_revision: Final = "0005"


def upgrade() -> None:
    """Add the table. `content` is sealed for the person."""
    op.execute(
        """
        create table chat_messages (
            issuer text not null,
            subject text not null,
            id uuid not null,
            author text not null check (author in ('person', 'model')),
            content bytea not null,
            model text,
            partial boolean not null default false,
            created_at timestamptz not null,
            primary key (issuer, subject, id)
        )
        """
    )
    op.execute("create index chat_messages_by_age on chat_messages (created_at)")
    protect("chat_messages")
