"""Revisions of the schema only expand what a running release uses, and leave nobody's rows in sight of others.

While a revision runs and after it, the release before it serves (A29), so what that one reads and writes must stay as
it is. A lock that keeps its statements waiting is an outage, and a rewrite of rows is such a lock.
"""

import ast
import re
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Final

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from app.storage.schema import NEWEST
from tests.tape import ROOT

MIGRATIONS: Final = ROOT / "app" / "storage" / "migrations"
SERVED_FROM: Final = "0012"
"""The revision that the first release to serve people has: until then tables are empty, and an index takes no time."""
NOBODYS: Final = {
    "erasures": "every write of everybody looks whether its person is in it; once done, a row holds a hash alone",
}
"""Tables with issuer and subject that are in nobody's sight alone, and why."""

CONTRACTS: Final = {
    "takes away": r"\bdrop\s+(table|column|schema|view|function|trigger|policy|constraint|index)\b",
    "renames": r"\brename\b",
    "changes a type": r"\balter\s+(column\s+)?\w+\s+(set\s+data\s+)?type\b",
    "demands a value of old rows": r"\bset\s+not\s+null\b",
    "demands a value that earlier releases do not give": (
        r"\badd\s+(column\s+)?(?!constraint\b)\w+(?:(?!\bdefault\b|,).)*\bnot\s+null\b(?!(?:(?!,).)*\bdefault\b)"
    ),
    "checks every old row": (
        r"^alter\s+table\b.*\badd\s+(constraint\s+\w+\s+)?(check|foreign|unique|exclude|primary)\b"
        r"(?!.*\bnot\s+valid\b)"
    ),
    "rewrites rows": r"^(update|delete|truncate)\b",
    "takes rights away": r"^revoke\b",
    "locks a table": r"^lock\b",
}
"""What a revision that expands never says, by what it would do."""
_INDEX: Final = re.compile(r"^create\s+(?:unique\s+)?index\s+(?!concurrently\b)\w+\s+on\s+(\w+)")
_TABLE: Final = re.compile(r"^create\s+table\s+(?:if\s+not\s+exists\s+)?(\w+)")


def _config(output: StringIO) -> Config:
    config = Config(output_buffer=output)
    config.set_main_option("script_location", MIGRATIONS.as_posix())
    return config


@cache
def revisions() -> tuple[Script, ...]:
    """Read the revisions, oldest first."""
    return tuple(ScriptDirectory.from_config(_config(StringIO())).walk_revisions())[::-1]


@cache
def statements(revision: str) -> tuple[str, ...]:
    """Render the statements of one revision, in one line and lower case each, without bodies of functions."""
    [script] = [each for each in revisions() if each.revision == revision]
    output = StringIO()
    before = script.down_revision
    command.upgrade(_config(output), f"{before}:{revision}" if before else revision, sql=True)
    return tuple(each for each in plain(output.getvalue()) if "alembic_version" not in each)


def plain(sql: str) -> list[str]:
    """Split SQL into statements."""
    without_comments = re.sub(r"--[^\n]*", "", sql)
    without_bodies = re.sub(r"\$\$.*?\$\$", "$$", without_comments, flags=re.DOTALL)
    return [text for each in without_bodies.lower().split(";") if (text := " ".join(each.split()))]


def contractions(sql: list[str] | tuple[str, ...]) -> list[str]:
    """Return what of the statements an earlier release could not live with."""
    return [
        f"{what}: {statement}" for statement in sql for what, form in CONTRACTS.items() if re.search(form, statement)
    ]


def slow_indexes(sql: list[str] | tuple[str, ...]) -> list[str]:
    """Return the tables that were there before and get an index while nobody can write into them."""
    made = {match[1] for statement in sql if (match := _TABLE.match(statement))}
    return [match[1] for statement in sql if (match := _INDEX.match(statement)) and match[1] not in made]


LATER: Final = [script for script in revisions() if script.revision > "0002"]


def test_the_newest_revision_is_the_one_that_the_service_asks_for() -> None:
    assert [script.revision for script in revisions()][-1] == NEWEST
    assert ScriptDirectory.from_config(_config(StringIO())).get_heads() == [NEWEST]


@pytest.mark.parametrize("script", revisions(), ids=lambda script: script.revision)
def test_a_revision_is_numbered_after_the_one_before_as_its_file_says(script: Script) -> None:
    number = int(script.revision)
    assert script.revision == f"{number:04}"
    assert Path(script.path).name.startswith(f"r{script.revision}_")
    assert script.down_revision == (f"{number - 1:04}" if number > 1 else None)


@pytest.mark.parametrize("script", revisions(), ids=lambda script: script.revision)
def test_a_revision_says_whether_it_expands_and_how_to_go_back(script: Script) -> None:
    said = ast.get_docstring(ast.parse(Path(script.path).read_text())) or ""
    assert ("Expands" in said) != ("Contracts" in said), "say either `Expands` or `Contracts`, and what"
    assert "To go back," in said


@pytest.mark.parametrize("script", LATER, ids=lambda script: script.revision)
def test_a_revision_that_expands_leaves_what_earlier_releases_use(script: Script) -> None:
    if "Contracts" not in (script.module.__doc__ or ""):
        assert contractions(statements(script.revision)) == []


@pytest.mark.parametrize("script", LATER, ids=lambda script: script.revision)
def test_a_table_that_is_in_use_gets_no_index_that_stops_its_writers(script: Script) -> None:
    if script.revision > SERVED_FROM:
        assert slow_indexes(statements(script.revision)) == []


def test_every_table_of_people_is_in_their_own_sight_alone_and_fenced() -> None:
    everything = [statement for script in revisions() for statement in statements(script.revision)]
    people = {
        match[1]
        for statement in everything
        if (match := _TABLE.match(statement)) and re.search(r"\bissuer\b.*\bsubject\b", statement)
    }
    assert people >= {"tasks", "profiles", "subject_keys", "chat_messages"}
    assert set(NOBODYS) <= people
    for table in people - set(NOBODYS):
        assert f"alter table {table} enable row level security" in everything
        own = f"create policy own on {table} using (is_own(issuer, subject)) with check (is_own(issuer, subject))"
        assert own in everything
        policies = {
            re.split(r"\s", each)[2] for each in everything if re.match(rf"create policy \w+ on {table}\b", each)
        }
        assert policies == {"own", "upkeep", "reading"}
        fence = f"create trigger fence before insert or update on {table} for each row"
        assert any(statement.startswith(fence) for statement in everything), f"{table} is not fenced"


@pytest.mark.parametrize(
    "statement",
    [
        "drop table tasks",
        "alter table tasks drop column notes",
        "alter table tasks rename column notes to remarks",
        "alter table tasks rename to works",
        "alter table tasks alter column version type bigint",
        "alter table tasks alter version set data type bigint",
        "alter table tasks alter column notes set not null",
        "alter table tasks add column kind text not null",
        "alter table tasks add kind text not null, add column place text default ''",
        "alter table tasks add column a text default '', add column kind text not null",
        "alter table tasks add constraint short check (char_length(notes) < 9)",
        "alter table tasks add unique (title)",
        "update tasks set notes = ''",
        "delete from inbox",
        "truncate inbox",
        "revoke update on tasks from api",
        "lock table tasks",
    ],
)
def test_what_an_earlier_release_could_not_live_with_is_found(statement: str) -> None:
    assert contractions(plain(statement.upper()))


@pytest.mark.parametrize(
    "statement",
    [
        "alter table tasks add column place text",
        "alter table tasks add column kind text not null default 'task'",
        "alter table tasks add column kind text default 'task' not null",
        "alter table tasks add constraint short check (char_length(notes) < 9) not valid",
        "create table drops (id uuid primary key, renamed text not null)",
        "create function f() returns trigger language plpgsql as $$ begin delete from tasks; end $$",
        "create index concurrently tasks_by_title on tasks (title)",
        "grant select on tasks to api",
    ],
)
def test_what_only_adds_is_let_through(statement: str) -> None:
    assert contractions(plain(statement)) == []
    assert slow_indexes(plain(statement)) == []


def test_an_index_is_slow_on_a_table_that_was_there_before_and_on_no_new_one() -> None:
    assert slow_indexes(plain("create unique index by_title on tasks (title)")) == ["tasks"]
    assert slow_indexes(plain("create table notes (id uuid); create index by_id on notes (id)")) == []
