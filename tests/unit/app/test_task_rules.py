from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.script import ScriptDirectory

from app.domain.errors import Invalid, VersionMismatch
from app.domain.models import TaskContent, TaskStatus
from app.domain.tasks import begin, content, revise
from app.domain.versions import require_version
from app.storage.schema import NEWEST, upgrade_sql

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def some(**changes: object) -> TaskContent:
    members = {"title": "t", "notes": None, "status": TaskStatus.OPEN, "due": None, **changes}
    return content(**members)  # pyright: ignore[reportArgumentType] - wrong values are the point


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"title": " \n"}, "/title"),
        ({"title": "t" * 201}, "/title"),
        ({"title": "\0t"}, "/title"),
        ({"notes": "n" * 4001}, "/notes"),
        ({"notes": "n\0"}, "/notes"),
        ({"due": datetime(2026, 1, 1)}, "/due"),  # noqa: DTZ001 - without offset is the point
        ({"due": datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))}, "/due"),
        ({"due": datetime.max.replace(tzinfo=UTC)}, "/due"),
        ({"due": datetime.min.replace(tzinfo=UTC)}, "/due"),
    ],
)
def test_content_that_breaks_a_rule_is_refused(changes: dict[str, object], pointer: str) -> None:
    with pytest.raises(Invalid) as failure:
        some(**changes)
    assert failure.value.pointer == pointer


def test_content_at_the_limits_is_accepted_with_its_due_time_in_utc() -> None:
    due = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    kept = some(title="t" * 200, notes="n" * 4000, due=due)
    assert kept.due is not None
    assert kept.due.isoformat() == "2026-01-01T00:00:00+00:00"


def test_ids_are_version_7_and_grow_with_time() -> None:
    ids = [begin(some(), now=NOW + timedelta(milliseconds=number)).id for number in range(20)]
    assert ids == sorted(ids)
    assert {(one.version, one.variant) for one in ids} == {(7, "specified in RFC 4122")}
    assert ids[0].int >> 80 == int(NOW.timestamp() * 1000)


def test_a_clock_that_goes_back_does_not_take_the_time_of_a_change_back() -> None:
    task = begin(some(), now=NOW)
    assert revise(task, some(), now=NOW - timedelta(hours=1)).updated_at == NOW


def test_a_version_is_required_only_when_some_are_named() -> None:
    task = begin(some(), now=NOW)
    require_version(task, None)
    require_version(task, frozenset({1, 5}))
    for expected in (frozenset({2}), frozenset[int]()):
        with pytest.raises(VersionMismatch):
            require_version(task, expected)


def test_the_newest_revision_is_the_last_of_the_history() -> None:
    assert ScriptDirectory("app/storage/migrations").get_current_head() == NEWEST


def test_the_newest_schema_needs_no_statement() -> None:
    assert upgrade_sql(NEWEST) == ""
    assert "create table tasks" in upgrade_sql(None)
