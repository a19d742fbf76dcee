"""The chores against a real database and real blobs: what is past its term goes, and nothing else."""

import json
import logging
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.analytics import K
from app.domain.consents import decide
from app.domain.data_places import TABLES
from app.domain.erasure import OVERDUE, person_of
from app.domain.errors import NotFound
from app.domain.models import Principal
from app.domain.purposes import Purpose
from app.jobs.upkeep import keep_house
from app.storage.consents import PostgresConsents
from app.storage.reports import ANALYTICS, RETENTION, BlobReports
from app.storage.retention import Retention
from tests.integration.privacy.planted import canary, insert, plant
from tests.integration.privacy.privacy_scene import NOW, TERMS, Scene, Stage, person

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROCESSING = next(table for table in TABLES if table.name == "processing_log")


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(stage: Stage) -> AsyncGenerator[Scene]:
    """A database of one test."""
    async with stage.scene() as opened:
        yield opened


async def keep(scene: Scene, owner: Principal, at: datetime) -> None:
    """Keep an entry of the processing log of this age."""
    row: dict[str, Any] = {column.name: canary(owner, PROCESSING, column) for column in PROCESSING.columns}
    row |= {"issuer": owner.issuer, "subject": owner.subject, "id": uuid4(), "at": at}
    await insert(scene.api, owner, "processing_log", row)


async def ages(scene: Scene) -> dict[str, list[datetime]]:
    """The times of all entries by person, oldest first."""
    kept: dict[str, list[datetime]] = {}
    async with scene.keeper.upkeep() as connection:
        for row in await connection.fetch("select subject, at from processing_log order by at"):
            kept.setdefault(row["subject"], []).append(row["at"])
    return kept


@given(
    days=st.lists(st.tuples(st.sampled_from(["ada", "bob"]), st.integers(0, 60)), max_size=12),
    term=st.integers(1, 50),
    batch=st.integers(1, 5),
    held=st.booleans(),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_what_is_past_its_term_goes_and_nothing_that_is_not_or_that_a_hold_keeps(
    scene: Scene, *, days: list[tuple[str, int]], term: int, batch: int, held: bool
) -> None:
    async with scene.keeper.upkeep() as connection:
        await connection.execute("delete from processing_log")
    rows = [(subject, NOW - timedelta(days=age)) for subject, age in days]
    for subject, at in rows:
        await keep(scene, person(subject), at)
    holds = frozenset({person_of(person("ada"))}) if held else frozenset[bytes]()
    retention = Retention(scene.keeper, replace(TERMS, operation=term), held=holds, batch=batch)
    expected: dict[str, list[datetime]] = {}
    for subject, at in sorted(rows, key=lambda row: row[1]):
        if at > NOW - timedelta(days=term) or (held and subject == "ada"):
            expected.setdefault(subject, []).append(at)
    due = {each.table: each.rows for each in (await retention.report(now=NOW)).due}["processing_log"]
    assert sum(map(len, (await ages(scene)).values())) == len(rows), "the dry run deletes nothing"
    gone = (await retention.end(now=NOW))["processing_log"]
    assert await ages(scene) == expected
    assert due == gone == len(rows) - sum(map(len, expected.values()))
    assert (await retention.end(now=NOW))["processing_log"] == 0


async def test_every_table_with_a_term_is_ended_and_the_others_are_left(fresh: Scene) -> None:
    ada = person("ada")
    await plant(fresh.api, fresh.sealer, ada)  # all of it is a quarter of a century old
    async with fresh.keeper.upkeep() as connection:
        await connection.execute("insert into telegram_updates values (1, 'old', $1)", NOW - timedelta(days=3))
        await connection.execute("insert into telegram_updates values (2, 'new', $1)", NOW - timedelta(days=1))
        await connection.execute("insert into inbox values ('old', 'k', $1)", NOW - timedelta(days=31))
        await connection.execute("insert into inbox values ('new', 'k', $1)", NOW - timedelta(days=29))
    gone = await fresh.house.retention.end(now=NOW)
    assert gone == {"chat_messages": 1, "operations": 1, "processing_log": 1, "telegram_updates": 1, "inbox": 1}
    left = await fresh.everything()
    assert {"tasks", "events", "profiles", "consents", "subject_keys"} <= {
        line.partition(":")[0] for line in left.splitlines()
    }
    assert "old" not in left
    assert left.count("new") == 2


async def test_the_report_is_published_before_the_rows_go_and_read_by_the_api(fresh: Scene) -> None:
    await fresh.container.delete(RETENTION)
    reports = BlobReports(fresh.container)
    with pytest.raises(NotFound):
        await reports.latest()
    await plant(fresh.api, fresh.sealer, person("ada"))
    assert await keep_house(fresh.house.chores())
    report = await reports.latest()
    assert report.terms == TERMS
    assert {due.table: due.rows for due in report.due}["chat_messages"] == 1
    assert await keep_house(fresh.house.chores())
    assert {due.rows for due in (await reports.latest()).due} == {0}


async def test_expired_exports_are_removed_and_others_are_not(fresh: Scene) -> None:
    ada = person("ada-house")
    await plant(fresh.api, fresh.sealer, ada)
    await fresh.export(ada)
    assert await fresh.exports.remove_expired(now=NOW + timedelta(hours=23)) == 0
    assert await fresh.exports.remove_expired(now=NOW + timedelta(hours=24)) == 1
    assert await fresh.blobs() == []


async def test_an_unfinished_erasure_is_finished_and_told_loudly_when_it_is_overdue(
    fresh: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    ada, bob = person("ada-late"), person("bob-late")
    for owner, asked in ((ada, NOW - OVERDUE), (bob, NOW - timedelta(days=1))):
        await plant(fresh.api, fresh.sealer, owner)
        await fresh.erasures.begin(owner, now=asked)
    with caplog.at_level(logging.ERROR):
        assert await keep_house(fresh.house.chores())
    [loud] = [record for record in caplog.records if record.message == "erasure overdue"]
    late = await fresh.erasures.find(ada)
    assert late is not None
    assert vars(loud)["erasure"] == str(late.id)
    assert "late" not in await fresh.everything()


async def test_a_month_is_counted_once_of_those_who_consent_and_in_groups_of_ten(fresh: Scene) -> None:
    month = NOW.replace(year=2031)
    consents = PostgresConsents(fresh.api)

    async def count(number: int, locale: str, *, given: bool, withdrawn: bool = False) -> None:
        for each in range(number):
            owner = person(f"{locale}-{given}-{withdrawn}-{each}")
            row = (owner.issuer, owner.subject, locale)
            statement = "insert into profiles values ($1, $2, null, null, $3, 'Europe/Berlin', 'free', now(), now(), 1)"
            async with fresh.api.connection(owner) as connection:
                await connection.execute(statement, *row)
            for decision in (True, False)[: given + withdrawn]:
                await consents.add(owner, decide(Purpose.ANALYTICS, text_version="1", given=decision, now=NOW))

    await count(K, "de", given=True)
    await count(K - 1, "fr", given=True)
    await count(K, "es", given=False)
    await count(K, "it", given=True, withdrawn=True)
    fresh.now = lambda: month
    assert await keep_house(fresh.house.chores())
    published = await fresh.container.read(f"{ANALYTICS}2031-11.json")
    group = {"language": "de", "plan": "free", "region": "Europe", "tasks": "none", "events": "none", "people": K}
    assert json.loads(published) == {"purpose": "analytics", "as_of": "2031-11-23", "k": K, "groups": [group]}
    await count(K, "pt", given=True)
    assert await keep_house(fresh.house.chores())
    assert await fresh.container.read(f"{ANALYTICS}2031-11.json") == published


async def test_the_last_decision_holds_whatever_the_clocks_of_replicas_say(fresh: Scene) -> None:
    consents, ada = PostgresConsents(fresh.api), person("ada-clock")
    fast = decide(Purpose.TELEGRAM, text_version="1", given=True, now=NOW + timedelta(seconds=5))
    slow = decide(Purpose.TELEGRAM, text_version="2", given=False, now=NOW)
    await consents.add(ada, fast)
    kept = await consents.add(ada, slow)
    assert kept.at > fast.at
    assert await consents.current(ada) == (kept,)
    assert await consents.current(person("bob-clock")) == ()


async def test_an_entry_of_the_ledger_of_consents_cannot_be_changed(fresh: Scene) -> None:
    ada = person("ada-ledger")
    await PostgresConsents(fresh.api).add(ada, decide(Purpose.TELEGRAM, text_version="1", given=True, now=NOW))
    for attempt in ("update consents set given = false", "delete from consents"):
        with pytest.raises(Exception, match="only ever added to"):
            async with fresh.api.connection(ada) as connection:
                await connection.execute(attempt)


async def test_the_house_ends_operations_that_nobody_can_be_doing(fresh: Scene) -> None:
    ada = person("ada-waits")
    await plant(fresh.api, fresh.sealer, ada)  # it runs for a quarter of a century, and would be deleted for its age
    async with fresh.keeper.upkeep() as connection:
        await connection.execute("update operations set created_at = $1", NOW)
    assert await keep_house(fresh.house.chores())
    async with fresh.keeper.upkeep() as connection:
        assert await connection.fetchval("select status from operations") == "failed"
