"""Events of calendars.

Expands: adds a table that no earlier release knows. To go back, leave it.
"""

from typing import Final

from alembic import op

from app.storage.migrations.versions.r0003_sight import protect

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Add the table.

    `starts_at` and `ends_at` are the first occurrence, in UTC; `time_zone` is where it is repeated. `recurrence` is a
    rule of RFC 5545, `excluded` the starts that it leaves out, `last_at` the end of the last occurrence, if there is
    one. An event that happens once is found by its start, those that are repeated are few and looked at one by one.
    """
    op.execute(
        """
        create table events (
            issuer text not null,
            subject text not null,
            id uuid not null,
            uid text not null check (char_length(uid) between 1 and 255),
            title text not null check (char_length(title) between 1 and 200),
            notes text check (char_length(notes) <= 4000),
            location text check (char_length(location) <= 200),
            starts_at timestamptz not null,
            ends_at timestamptz not null check (ends_at >= starts_at and ends_at <= starts_at + interval '31 days'),
            all_day boolean not null,
            time_zone text not null check (char_length(time_zone) between 1 and 64),
            recurrence text check (char_length(recurrence) <= 500),
            excluded timestamptz[] not null default '{}' check (cardinality(excluded) <= 500),
            last_at timestamptz,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            version integer not null check (version >= 1),
            primary key (issuer, subject, id),
            unique (issuer, subject, uid)
        )
        """
    )
    op.execute("create index events_once on events (issuer, subject, starts_at, id) where recurrence is null")
    op.execute("create index events_repeated on events (issuer, subject, starts_at, id) where recurrence is not null")
    protect("events")
