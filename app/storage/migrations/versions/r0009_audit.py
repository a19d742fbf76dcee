"""The audit trail.

Expands: adds tables that no earlier release knows. To go back, leave them.
"""

from typing import Final

from alembic import op

revision: Final = "0009"
down_revision: Final = "0008"

_EVENTS: Final = """
create table audit_events (
    sequence bigint primary key,
    at timestamptz not null,
    actor text not null,
    action text not null,
    object text not null,
    outcome text not null,
    about text not null,
    detail text not null,
    previous bytea not null,
    hash bytea not null
)
"""
_ANCHORS: Final = """
create table audit_anchors (
    sequence bigint primary key,
    hash bytea not null,
    place text not null,
    at timestamptz not null
)
"""
_REFUSE: Final = """
create function refuse_any_change() returns trigger language plpgsql as $$
begin
    raise exception using message = tg_table_name || ' is only ever added to', errcode = 'DM002';
end $$
"""


def upgrade() -> None:
    """Add the tables. Each event holds the hash of the one before; nothing of it can be changed or taken away."""
    op.execute(_EVENTS)
    op.execute("create index audit_events_by_actor on audit_events (actor, sequence)")
    op.execute("create index audit_events_by_about on audit_events (about, sequence)")
    op.execute(_ANCHORS)
    op.execute(_REFUSE)
    for table in ("audit_events", "audit_anchors"):
        op.execute(
            f"create trigger only_added_to before update or delete on {table} "
            "for each row execute function refuse_any_change()"
        )
        op.execute(
            f"create trigger never_emptied before truncate on {table} "
            "for each statement execute function refuse_any_change()"
        )
