"""The attempt that an operation has come to.

Expands: adds a column that earlier releases neither fill nor read. To go back, leave it.
"""

from typing import Final

from alembic import op

revision: Final = "0013"
down_revision: Final = "0012"


def upgrade() -> None:
    """Add the column. A constant default is kept beside the table: no row is rewritten (PostgreSQL, "ALTER TABLE")."""
    op.execute("alter table operations add column attempts integer not null default 0")
