"""Tasks.

Expands: adds a table that no earlier release knows. To go back, leave it: it is empty for those who do not use it.
"""

from typing import Final

from alembic import op

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    """Add the table. Its key serves every query: one person's tasks, newest first, as ids grow with time."""
    op.execute(
        """
        create table tasks (
            issuer text not null,
            subject text not null,
            id uuid not null,
            title text not null check (char_length(title) between 1 and 200),
            notes text check (char_length(notes) <= 4000),
            status text not null check (status in ('open', 'in_progress', 'done')),
            due timestamptz,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            version integer not null check (version >= 1),
            primary key (issuer, subject, id)
        )
        """
    )
