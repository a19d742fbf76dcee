"""Tasks by status and by when they are due.

Expands: adds indexes that no earlier release asks for. To go back, drop them.
"""

from typing import Final

from alembic import op

revision: Final = "0010"
down_revision: Final = "0009"


def upgrade() -> None:
    """Add the indexes. One ends in the id, so that a page of a status is read in order; few tasks are due in a time."""
    op.execute("create index tasks_by_status on tasks (issuer, subject, status, id)")
    op.execute("create index tasks_by_due on tasks (issuer, subject, due, id) where due is not null")
