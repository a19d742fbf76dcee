"""Who sees which rows.

Row-level security by the session's owner (`app.storage.database` sets it), with two groups of roles beside: those who
keep house for everybody, when they say so, and those who back up. Expands for a first release; nothing earlier has
served people. To go back, disable row-level security on `tasks`.
"""

from typing import Final

from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Add the groups, what policies ask, and the policies of the tasks."""
    for group in ("product_upkeep", "product_reader"):
        op.execute(
            f"""
            do $$ begin
                if not exists (select from pg_roles where rolname = '{group}') then
                    create role {group} nologin;
                end if;
            end $$
            """
        )
    op.execute(
        """
        create function is_own(issuer text, subject text) returns boolean language sql stable as $$
            select issuer = current_setting('app.issuer', true) and subject = current_setting('app.subject', true)
        $$
        """
    )
    op.execute(
        """
        create function is_upkeep() returns boolean language sql stable as $$
            select current_setting('app.scope', true) = 'upkeep' and pg_has_role('product_upkeep', 'member')
        $$
        """
    )
    op.execute(
        "create function is_reader() returns boolean language sql stable as "
        "$$ select pg_has_role('product_reader', 'member') $$"
    )
    protect("tasks")


def protect(table: str) -> None:
    """Let a table's rows be seen by their owner, in upkeep, and for backups."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"create policy own on {table} using (is_own(issuer, subject)) with check (is_own(issuer, subject))")
    op.execute(f"create policy upkeep on {table} using (is_upkeep()) with check (is_upkeep())")
    op.execute(f"create policy reading on {table} for select using (is_reader())")
