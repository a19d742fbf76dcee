"""The data map against a database that was really migrated: its kinds, its fence, its walls."""

from typing import Final

import pytest

from app.domain.data_map import Kind
from app.domain.data_places import TABLES
from app.domain.data_tables import PERSONAL
from app.domain.erasure import person_of
from app.domain.models import Principal
from tests.integration.privacy.privacy_scene import Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

KINDS: Final = {
    "ARRAY timestamp with time zone": Kind.MOMENTS,
    "ARRAY text": Kind.TEXTS,
    "bigint": Kind.NUMBER,
    "boolean": Kind.FLAG,
    "bytea": Kind.BYTES,
    "integer": Kind.NUMBER,
    "jsonb": Kind.JSON,
    "text": Kind.TEXT,
    "timestamp with time zone": Kind.MOMENT,
    "uuid": Kind.ID,
}
COLUMNS: Final = """
    select table_name, column_name, data_type || coalesce(' ' || elements.element, '') as type
    from information_schema.columns as columns
    left join lateral (
        select e.data_type as element from information_schema.element_types e
        where (e.object_schema, e.object_name, e.collection_type_identifier)
            = (columns.table_schema, columns.table_name, columns.dtd_identifier)
    ) elements on columns.data_type = 'ARRAY'
    where table_schema = 'public'
"""


async def test_the_migrated_schema_is_the_data_map_column_by_column_and_kind_by_kind(scene: Scene) -> None:
    async with scene.api.connection() as connection:
        rows = await connection.fetch(COLUMNS)
    found = {(row["table_name"], row["column_name"]): KINDS[row["type"]] for row in rows}
    # What is sealed is bytes in the table, and what it was in an export.
    declared = {
        (table.name, column.name): Kind.BYTES if column.sealed else column.kind
        for table in TABLES
        for column in table.columns
    }
    assert found == declared


async def test_every_table_of_people_has_a_fence_and_a_wall(scene: Scene) -> None:
    names = {table.name for table in PERSONAL}
    async with scene.api.connection() as connection:
        fenced = await connection.fetch("select tgrelid::regclass::text as name from pg_trigger where tgname = 'fence'")
        walled = await connection.fetch("select relname as name from pg_class where relrowsecurity")
    assert names == {row["name"] for row in fenced} == {row["name"] for row in walled}


async def test_the_hash_of_a_person_is_the_same_here_and_in_the_database(scene: Scene) -> None:
    for owner in (Principal(issuer="https://i.test", subject="ada"), Principal(issuer="ï", subject="\u2028 '")):
        async with scene.api.connection() as connection:
            told = await connection.fetchval("select person_of($1, $2)", owner.issuer, owner.subject)
        assert told == person_of(owner)
