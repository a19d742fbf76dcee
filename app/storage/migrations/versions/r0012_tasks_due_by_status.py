"""Tasks of a status by when they are due.

Expands: adds an index that no earlier release asks for. To go back, drop it.
"""

from typing import Final

from alembic import op

revision: Final = "0012"
down_revision: Final = "0011"


def upgrade() -> None:
    """Add the index: what is open and due soon is read in order, however much is done or due later."""
    op.execute("create index tasks_by_status_and_due on tasks (issuer, subject, status, due, id) where due is not null")
