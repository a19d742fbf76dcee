"""What a person says about themselves, and the key that their sensitive values are sealed with.

Expands: adds tables that no earlier release knows. To go back, leave them.
"""

from typing import Final

from alembic import op

from app.storage.migrations.versions.r0003_sight import protect

revision: Final = "0005"
down_revision: Final = "0004"

_SUBJECT_KEYS: Final = """
create table subject_keys (
    issuer text not null,
    subject text not null,
    wrapped bytea not null,
    wrapping_key text not null,
    created_at timestamptz not null,
    primary key (issuer, subject)
)
"""
_PROFILES: Final = """
create table profiles (
    issuer text not null,
    subject text not null,
    display_name bytea,
    email bytea,
    locale text not null check (char_length(locale) between 2 and 35),
    time_zone text not null check (char_length(time_zone) between 1 and 64),
    plan text not null check (plan in ('free', 'premium')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version integer not null check (version >= 1),
    primary key (issuer, subject)
)
"""
_TELEGRAM_LINKS: Final = """
create table telegram_links (
    issuer text not null,
    subject text not null,
    code bytea not null unique,
    chat bytea unique,
    created_at timestamptz not null,
    primary key (issuer, subject)
)
"""
_TELEGRAM_UPDATES: Final = """
create table telegram_updates (
    id bigint primary key,
    body text not null check (char_length(body) <= 65536),
    received_at timestamptz not null
)
"""


def upgrade() -> None:
    """Add the tables. A person's key is wrapped by the vault's key of that id; without the row nothing opens."""
    op.execute(_SUBJECT_KEYS)
    op.execute(_PROFILES)
    op.execute(_TELEGRAM_LINKS)
    op.execute(_TELEGRAM_UPDATES)
    for table in ("subject_keys", "profiles", "telegram_links"):
        protect(table)
