"""What a container keeps, over time: a clock that the test sets."""

from pathlib import Path

import pytest

from localazure.errors import StateError
from localazure.planes.blob_store import Container
from localazure.planes.blob_values import DAY_SECONDS, BlobError, Properties, Rules

PLAIN = Properties()
KEPT = Rules(versioning=True, retention_days=7)


class Clock:
    """Seconds since 1970, as the test says."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def container(tmp_path: Path, clock: Clock) -> Container:
    return Container(tmp_path / "c", clock)


def test_a_deleted_version_goes_for_good_when_its_days_are_over(
    container: Container, clock: Clock, tmp_path: Path
) -> None:
    old = container.put("x", b"1", PLAIN, KEPT)
    container.put("x", b"2", PLAIN, KEPT)
    container.delete("x", old.id, KEPT)
    clock.now += 7 * DAY_SECONDS - 1
    assert len(list(container.listed(KEPT, ""))) == 2
    clock.now += 1
    assert [version.size for _, version, _ in container.listed(KEPT, "")] == [1]
    assert not (tmp_path / "c" / old.content).exists()


def test_immutability_ends_with_its_days(container: Container, clock: Clock) -> None:
    rules = Rules(immutability_days=2)
    container.put("x", b"1", PLAIN, rules)
    clock.now += 2 * DAY_SECONDS - 1
    with pytest.raises(BlobError, match="immutable due to a policy"):
        container.delete("x", "", rules)
    clock.now += 1
    container.delete("x", "", rules)
    assert container.current("x") is None


def test_without_any_rule_a_blob_that_is_written_again_leaves_nothing(container: Container, tmp_path: Path) -> None:
    first = container.put("x", b"1", PLAIN, Rules())
    container.put("x", b"2", PLAIN, Rules())
    assert not (tmp_path / "c" / first.content).exists()
    container.delete("x", "", Rules())
    assert list(container.listed(Rules(), "")) == []
    with pytest.raises(BlobError, match="does not exist"):
        container.undelete("x", Rules())


def test_versions_of_one_instant_have_different_ids(container: Container) -> None:
    ids = {container.put("x", b"1", PLAIN, KEPT).id for _ in range(3)}
    assert len(ids) == 3


def test_the_current_version_is_not_deleted_by_its_id(container: Container) -> None:
    version = container.put("x", b"1", PLAIN, KEPT)
    with pytest.raises(BlobError, match="delete the blob"):
        container.delete("x", version.id, KEPT)


def test_a_block_that_was_not_staged_is_refused_and_nothing_is_written(container: Container) -> None:
    container.stage("x", "YQ==", b"1")
    with pytest.raises(BlobError, match="block list is invalid"):
        container.commit("x", ["YQ==", "Yg=="], PLAIN, KEPT)
    assert container.current("x") is None
    assert container.commit("x", ["YQ==", "YQ=="], PLAIN, KEPT).size == 2


def test_a_container_is_read_again_as_it_was(container: Container, tmp_path: Path) -> None:
    container.put("x", b"1", Properties(content_type="text/plain", metadata={"k": "v"}), KEPT)
    container.put("x", b"22", PLAIN, KEPT)
    again = Container(tmp_path / "c")
    assert list(again.listed(KEPT, "")) == list(container.listed(KEPT, ""))
    assert again.read(again.find("x"), 0, 2) == b"22"


@pytest.mark.parametrize("content", ["", "[]", '{"x": 1}', '{"x": {"name": "x", "versions": [{}], "current": null}}'])
def test_an_index_that_holds_something_else_is_named_and_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / "index.json").write_text(content)
    with pytest.raises(StateError, match=r"index\.json does not hold the blobs"):
        Container(tmp_path)
    assert (tmp_path / "index.json").read_text() == content
