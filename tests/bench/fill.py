"""Rows for those whose tokens the load has: `python -m tests.bench.fill <issuer> <people> <tasks each>`.

Runs in the environment of a replica, so rows come in as the service's own would: as its role, in the sight of each.
"""

import argparse
import asyncio
import os
from typing import Final

from app.domain.models import Principal
from app.settings.services import ApiSettings
from app.storage.database import Database
from app.wiring.ground import open_login
from tests.load.people import subject

# Ids grow with time, as those of the service do: milliseconds in front, chance behind (RFC 9562, version 7).
TASKS: Final = """
insert into tasks (issuer, subject, id, title, notes, status, due, created_at, updated_at, version)
select $1, $2,
    (lpad(to_hex(1760000000000 + n), 12, '0') || '70008000' || substr(md5(n::text || $2), 1, 12))::uuid,
    'Task number ' || n, case when n % 3 = 0 then 'A note of some length, as people write it.' end,
    (array['open', 'in_progress', 'done'])[1 + n % 3],
    timestamptz '2026-01-01' + (n % 365) * interval '1 day', now(), now(), 1
from generate_series($3::bigint, $4::bigint) n
on conflict do nothing
"""
EVENTS: Final = """
insert into events (issuer, subject, id, uid, created_at, title, notes, location, starts_at, ends_at, all_day,
    time_zone, recurrence, excluded, last_at, updated_at, version)
select $1, $2,
    (lpad(to_hex(1760000000000 + n), 12, '0') || '70008000' || substr(md5(n::text || $2), 1, 12))::uuid,
    'bench-' || n, now(), 'Event number ' || n, null, null, at, at + interval '1 hour', false, 'Europe/Berlin',
    null, '{}', at + interval '1 hour', now(), 1
from (select n, timestamptz '2026-11-01' + n * ($5::float8 * interval '1 hour') as at
    from generate_series($3::bigint, $4::bigint) n) made
on conflict do nothing
"""


async def fill(issuer: str, people: int, tasks: int) -> None:
    """Give each of the people tasks, and as many events in November."""
    settings = ApiSettings.load(os.environ)
    async with open_login(settings.database) as login, Database.open(login) as database:
        for number in range(people):
            owner = Principal(issuer=issuer, subject=subject(number))
            async with database.connection(owner) as connection:
                await connection.execute(TASKS, owner.issuer, owner.subject, 1, tasks)
                await connection.execute(EVENTS, owner.issuer, owner.subject, 1, tasks, 24.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fill", description=__doc__)
    parser.add_argument("issuer")
    parser.add_argument("people", type=int)
    parser.add_argument("tasks", type=int)
    asked = parser.parse_args()
    asyncio.run(fill(asked.issuer, asked.people, asked.tasks))
