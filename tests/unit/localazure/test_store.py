from pathlib import Path

import pytest

from localazure.errors import StateError
from localazure.store import Record, Store

GROUP = "/subscriptions/s/resourceGroups/rg"


def record(resource_id: str, **hidden: str) -> Record:
    return Record(token="t:T", id=resource_id, inputs={"a": 1}, outputs={"b": [2]}, hidden=dict(hidden))


def test_what_was_put_is_there_after_opening_again(tmp_path: Path) -> None:
    Store(tmp_path / "azure.json").put(record(GROUP, key="k"))

    found = Store(tmp_path / "azure.json").get(GROUP.upper())

    assert found == record(GROUP, key="k")


def test_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    Store(tmp_path / "azure.json").put(record(GROUP))

    assert (tmp_path / "azure.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"format": 1}', '{"format": 1, "live": {"x": {}}, "deleted": {}}']
)
def test_an_unreadable_file_is_kept_aside_and_never_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "azure.json"
    path.write_text(content)

    store = Store(path)
    store.put(record(GROUP))

    assert store.kept_aside is not None
    assert store.kept_aside.read_text() == content
    assert Store(path).get(GROUP) is not None


def test_a_file_of_another_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "azure.json"
    path.write_text('{"format": 99, "live": {}, "deleted": {}}')

    with pytest.raises(StateError, match="format 99"):
        Store(path)

    assert path.read_text() == '{"format": 99, "live": {}, "deleted": {}}'


def test_a_change_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    store = Store(folder / "azure.json")
    store.put(record(GROUP))
    folder.rename(tmp_path / "gone")

    with pytest.raises(StateError, match="Nothing was changed"):
        store.put(record(GROUP + "/x"))

    assert [r.id for r in store.records()] == [GROUP]


def test_resources_below_come_before_the_one_that_holds_them(tmp_path: Path) -> None:
    store = Store(tmp_path / "azure.json")
    for resource_id in (GROUP, GROUP + "/providers/p/t/a", GROUP + "/providers/p/t/a/c/b", GROUP + "x"):
        store.put(record(resource_id))

    assert [r.id for r in store.inside(GROUP)] == [
        GROUP + "/providers/p/t/a/c/b",
        GROUP + "/providers/p/t/a",
        GROUP,
    ]


def test_a_soft_deleted_record_stays_until_it_is_purged(tmp_path: Path) -> None:
    store = Store(tmp_path / "azure.json")
    store.put(record(GROUP))

    store.remove(GROUP, soft=True)

    assert store.get(GROUP) is None
    assert [r.id for r in Store(tmp_path / "azure.json").deleted()] == [GROUP]
    store.forget_deleted(GROUP)
    assert Store(tmp_path / "azure.json").deleted() == []
