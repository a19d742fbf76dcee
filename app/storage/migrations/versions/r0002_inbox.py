"""The inbox.

Expands: adds a table that no earlier release knows. To go back, leave it: nothing else depends on it.
"""

from typing import Final

from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Add the table. The id of a message has at most 128 characters (Microsoft, "Service Bus quotas")."""
    op.execute(
        """
        create table inbox (
            message_id text primary key check (char_length(message_id) between 1 and 128),
            kind text not null,
            done_at timestamptz not null default now()
        )
        """
    )
