"""The data map and the schema say the same: every table and every column, and what the service keeps elsewhere."""

import re
from pathlib import Path
from typing import Any

from app.contract import OPERATIONS_QUEUE
from app.domain.data_places import PLACES, TABLES
from app.domain.data_tables import PERSONAL
from app.storage import erasure_ledger, exports, reports
from app.storage.erasers import UpdateStore, stores_of_people
from app.storage.erasure_ledger import RestoreStore
from app.storage.schema import upgrade_sql
from tests.tape import ROOT

_TABLE = re.compile(
    r"^\s*create table (?:if not exists )?(\w+) \((.*?)^\s*\)", re.MULTILINE | re.DOTALL | re.IGNORECASE
)
_COLUMN = re.compile(r"^\s*alter table (\w+) add column (?:if not exists )?(\w+)", re.MULTILINE | re.IGNORECASE)
_CONSTRAINTS = {"primary", "unique", "check", "constraint", "foreign", "exclude"}


def schema() -> dict[str, set[str]]:
    """The columns of each table that the migrations make, from their own statements."""
    sql = upgrade_sql(None)
    found = {
        table: {line.split()[0] for line in body.splitlines() if line.strip() and line.split()[0] not in _CONSTRAINTS}
        for table, body in _TABLE.findall(sql)
        if table != "alembic_version"
    }
    for table, column in _COLUMN.findall(sql):
        found[table].add(column)
    return found


def test_every_table_and_column_is_declared_and_every_declared_one_exists() -> None:
    assert {table.name: {column.name for column in table.columns} for table in TABLES} == schema()


def test_a_table_that_names_people_is_declared_as_theirs_and_fenced_against_the_erased() -> None:
    named = {table for table, columns in schema().items() if {"issuer", "subject"} <= columns} - {"erasures"}
    sql = upgrade_sql(None)
    assert {table.name for table in PERSONAL} == named
    assert named <= set(re.findall(r"create trigger fence before insert or update on (\w+)", sql))
    assert named <= set(re.findall(r"alter table (\w+) enable row level security", sql))


def test_every_table_of_people_and_every_place_with_an_eraser_is_a_store_of_the_erasure() -> None:
    nothing: Any = type("Nothing", (), {"name": "exports"})()
    restores = RestoreStore(nothing)
    stores = stores_of_people(nothing, cache=nothing, keys=nothing, restores=restores, exports=nothing, chat_of=nothing)
    names = [store.name for store in stores]
    assert len(names) == len(set(names))
    assert set(names) == {table.name for table in PERSONAL} | {place.eraser for place in PLACES if place.eraser} | {
        "outbox",
        RestoreStore.name,
        UpdateStore.name,
    }
    assert names.index(UpdateStore.name) < names.index("telegram_links"), "the link tells whose the updates are"
    assert names[-4:] == ["subject_keys", "restores", "exports", "cache"], "what may have to wait comes after the key"


def test_every_folder_of_blobs_and_the_queue_are_declared() -> None:
    places = {place.name for place in PLACES}
    assert f"blob:exports/{exports.FOLDER}" in places
    assert f"blob:exports/{reports.ANALYTICS}" in places
    assert f"blob:exports/{Path(reports.RETENTION).parent}/" in places
    assert f"blob:audit/{erasure_ledger.FOLDER}" in places
    assert f"queue:{OPERATIONS_QUEUE}" in places


def test_a_statement_that_names_a_table_of_people_stands_in_storage_alone() -> None:
    """So that what writes and reads people's rows is looked through in one folder."""
    tables = "|".join(table.name for table in PERSONAL)
    statement = re.compile(rf"\b(?:insert into|update|delete from|from) (?:{tables})\b")
    files = [path for path in (ROOT / "app").rglob("*.py") if "storage" not in path.parts]
    assert not [str(path) for path in files if statement.search(path.read_text())]
