"""Consents, what was done with personal data, and who has been erased.

Expands: adds tables and triggers that no earlier release breaks. To go back, leave them.
"""

from typing import Final

from alembic import op

from app.storage.migrations.versions.r0003_sight import protect

revision: Final = "0008"
down_revision: Final = "0007"

_PERSONAL: Final = (
    "chat_messages",
    "consents",
    "events",
    "operations",
    "processing_log",
    "profiles",
    "subject_keys",
    "tasks",
    "telegram_links",
)

_CONSENTS: Final = """
create table consents (
    issuer text not null,
    subject text not null,
    id uuid not null,
    purpose text not null,
    text_version text not null check (char_length(text_version) between 1 and 64),
    given boolean not null,
    at timestamptz not null,
    primary key (issuer, subject, id)
)
"""
_PROCESSING_LOG: Final = """
create table processing_log (
    issuer text not null,
    subject text not null,
    id uuid not null,
    purpose text not null,
    basis text not null,
    action text not null,
    at timestamptz not null,
    primary key (issuer, subject, id)
)
"""
_ERASURES: Final = """
create table erasures (
    person bytea primary key,
    id uuid not null unique,
    issuer text,
    subject text,
    steps_done text[] not null default '{}',
    requested_at timestamptz not null,
    completed_at timestamptz,
    receipt jsonb
)
"""
_PERSON_OF: Final = """
create function person_of(issuer text, subject text) returns bytea language sql immutable as $$
    select sha256(convert_to(issuer || E'\\x1f' || subject, 'UTF8'))
$$
"""
_KEEP_OUT: Final = """
create function keep_out_the_erased() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended(new.issuer || E'\\x1f' || new.subject, 0));
    if exists (select from erasures where person = person_of(new.issuer, new.subject)) then
        raise exception 'the person has been erased' using errcode = 'DM001';
    end if;
    return new;
end $$
"""
_REFUSE_CHANGE: Final = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    if is_upkeep() and tg_op = 'DELETE' then
        return old;
    end if;
    raise exception using message = tg_table_name || ' is only ever added to', errcode = 'DM002';
end $$
"""


def upgrade() -> None:
    """Add the tables, and the fence that keeps out what is written for the erased.

    A writer holds a shared lock on its person to the end of its transaction, so that an erasure, which takes the lock
    alone, begins after the last write that it could miss. `person` is the SHA-256 of issuer and subject: once an
    erasure is done, nothing else in its row tells who it was.
    """
    op.execute(_CONSENTS)
    op.execute(_PROCESSING_LOG)
    op.execute(_ERASURES)
    op.execute(_PERSON_OF)
    op.execute(_KEEP_OUT)
    op.execute(_REFUSE_CHANGE)
    for table in ("consents", "processing_log"):
        protect(table)
        op.execute(
            f"create trigger only_added_to before update or delete on {table} "
            "for each row execute function refuse_change()"
        )
    for table in _PERSONAL:
        op.execute(
            f"create trigger fence before insert or update on {table} "
            "for each row execute function keep_out_the_erased()"
        )
