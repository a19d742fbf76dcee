"""Lists of a person with a million rows, beside those of one with a thousand, in the same tables.

`python -m tests.bench.lists` does the measuring, in the environment of a replica, and prints seconds as JSON.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from app.contract import ApiEnv
from app.domain.events import Window
from app.domain.models import Principal, TaskFilter, TaskPlace, TaskStatus
from app.settings.services import ApiSettings
from app.storage.database import Database
from app.storage.events import PostgresEvents
from app.storage.tasks import PostgresTasks
from app.wiring.ground import open_login
from ops.target import report
from tests.bench.deployed import Deployed
from tests.bench.fill import EVENTS, TASKS
from tests.bench.page import Goal, Row, Section

TITLE: Final = "Lists"
PEOPLE: Final = {"few": 1_000, "many": 1_000_000}
BATCH: Final = 20_000
ROUNDS: Final = 400
PAGE: Final = 50
SLOW_MS: Final = 100
_METHOD: Final = """\
One table of tasks and one of events, in which one person has a thousand rows and another a million, beside those of a
thousand other people. The service's own stores ask for pages of 50 in turns for both; a figure is the median time of a
page for a million rows, and a ratio is that to the median for a thousand."""

Ask = Callable[[Principal], Awaitable[Any]]


def lists(deployed: Deployed) -> Section:
    """Measure lists."""
    environ = deployed.replica("api")
    times: dict[str, dict[str, list[float]]] = json.loads(deployed.python("tests.bench.lists", environ=environ))
    rows = [_row(what, of["few"], of["many"]) for what, of in times.items()]
    slowest = max(max(of["many"]) for of in times.values())
    count = sum(len(of["many"]) for of in times.values())
    rows.append(
        Row(
            what=f"The slowest of {count:,} pages at a million rows",
            value=f"{slowest * 1000:.1f} ms",
            goal=Goal.at_most(SLOW_MS, slowest * 1000, " ms"),
        )
    )
    return Section(name="lists", title=TITLE, method=_METHOD, rows=rows)


def _row(what: str, few: list[float], many: list[float]) -> Row:
    ratio = statistics.median(many) / statistics.median(few)
    return Row(
        what=what,
        value=f"{statistics.median(many) * 1000:.2f} ms",
        ratio=ratio,
        goal=Goal.at_most(1.5, ratio),
    )


async def measure(environ: Mapping[str, str]) -> dict[str, dict[str, list[float]]]:
    """Fill the tables, then ask; gives the seconds of every page by question and person."""
    settings = ApiSettings.load(environ)
    people = {name: Principal(issuer=environ[ApiEnv.TOKEN_ISSUER], subject=f"lists-{name}") for name in PEOPLE}
    async with open_login(settings.database) as login, Database.open(login) as database:
        for name, owner in people.items():
            await _fill(database, owner, PEOPLE[name])
        asks = await _asks(database, people)
        times: dict[str, dict[str, list[float]]] = {what: {name: [] for name in people} for what in asks}
        for number in range(-20, ROUNDS):  # the first ones prepare statements and fill buffers
            for what, of_each in asks.items():
                for name, ask in of_each.items():
                    began = time.perf_counter()
                    await ask(people[name])
                    if number >= 0:
                        times[what][name].append(time.perf_counter() - began)
    return times


async def _fill(database: Database, owner: Principal, rows: int) -> None:
    for first in range(1, rows + 1, BATCH):
        last = min(first + BATCH - 1, rows)
        async with database.connection(owner) as connection:
            await connection.execute(TASKS, owner.issuer, owner.subject, first, last)
            await connection.execute(EVENTS, owner.issuer, owner.subject, first, last, 1.0)
        report(f"  {owner.subject}: {last:,} of {rows:,} rows")


async def _asks(database: Database, people: Mapping[str, Principal]) -> dict[str, dict[str, Ask]]:
    tasks, events = PostgresTasks(database), PostgresEvents(database)
    november = Window(since=datetime(2026, 11, 10, tzinfo=UTC), before=datetime(2026, 11, 11, tzinfo=UTC))
    june = TaskFilter(due_after=datetime(2026, 6, 1, tzinfo=UTC), due_before=datetime(2026, 7, 1, tzinfo=UTC))
    done = TaskFilter(status=TaskStatus.DONE)
    middle = {name: await _middle(database, owner, PEOPLE[name]) for name, owner in people.items()}

    def same(ask: Ask) -> dict[str, Ask]:
        return dict.fromkeys(people, ask)

    return {
        "Tasks, first page": same(partial(tasks.page, limit=PAGE, after=None)),
        "Tasks, a page from the middle": {
            name: partial(tasks.page, limit=PAGE, after=TaskPlace(id=after)) for name, after in middle.items()
        },
        "Tasks of one status": same(partial(tasks.page, limit=PAGE, after=None, only=done)),
        "Tasks due within a month": same(partial(tasks.page, limit=PAGE, after=None, only=june)),
        "Tasks of one status due within a month": same(
            partial(tasks.page, limit=PAGE, after=None, only=replace(june, status=TaskStatus.DONE))
        ),
        "Events of a day": same(partial(events.within, window=november, limit=PAGE, after=None)),
    }


async def _middle(database: Database, owner: Principal, rows: int) -> UUID:
    async with database.connection(owner) as connection:
        return await connection.fetchval(
            "select id from tasks where issuer = $1 and subject = $2 order by id offset $3 limit 1",
            *(owner.issuer, owner.subject, rows // 2),
        )


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(os.environ))))
