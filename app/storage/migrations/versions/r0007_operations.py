"""Operations that outlive a request, and the messages that start them.

Expands: adds tables that no earlier release knows. To go back, leave them.
"""

from typing import Final

from alembic import op

from app.storage.migrations.versions.r0003_sight import protect

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    """Add the tables. A message is kept beside what it is about, and sent until the queue has it."""
    op.execute(
        """
        create table operations (
            issuer text not null,
            subject text not null,
            id uuid not null,
            kind text not null,
            status text not null check (status in ('waiting', 'running', 'done', 'failed')),
            progress integer not null check (progress between 0 and 100),
            request bytea not null,
            result jsonb,
            problem text,
            idempotency_key text check (char_length(idempotency_key) <= 255),
            request_hash bytea not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            primary key (issuer, subject, id),
            unique (issuer, subject, idempotency_key)
        )
        """
    )
    op.execute("create index operations_by_age on operations (created_at)")
    op.execute(
        """
        create table outbox (
            id uuid primary key,
            kind text not null,
            body text not null,
            session text not null,
            created_at timestamptz not null
        )
        """
    )
    protect("operations")
