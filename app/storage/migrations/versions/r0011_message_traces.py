"""Messages in the outbox with the trace that they go on with.

Expands: adds a column that earlier releases neither fill nor read. To go back, leave it.
"""

from typing import Final

from alembic import op

revision: Final = "0011"
down_revision: Final = "0010"


def upgrade() -> None:
    """Add the column. A constant default is kept beside the table: no row is rewritten (PostgreSQL, "ALTER TABLE")."""
    op.execute("alter table outbox add column traceparent text not null default ''")
