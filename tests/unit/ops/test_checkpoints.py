import json
from pathlib import Path
from typing import Any

import pytest

from ops.checkpoints import Checkpoints
from ops.target import UsageError

STACK = "urn:pulumi:dev::digitalmee::pulumi:pulumi:Stack::digitalmee-dev"


def urn(name: str) -> str:
    return f"urn:pulumi:dev::digitalmee::azure-native:resources:ResourceGroup::{name}"


def state(time: str, *names: str, **deployment: Any) -> dict[str, Any]:
    resources = [{"urn": STACK, "type": "pulumi:pulumi:Stack"}]
    resources += [{"urn": urn(name), "type": "a", "parent": STACK} for name in names]
    return {"checkpoint": {"latest": {"manifest": {"time": time}, "resources": resources, **deployment}}}


def write(folder: Path, kind: str, name: str, content: object) -> Path:
    path = folder / ".pulumi" / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def checkpoints(folder: Path) -> Checkpoints:
    return Checkpoints(folder, "digitalmee", "dev")


def live(folder: Path, content: object) -> Path:
    return write(folder, "stacks", "digitalmee/dev.json", content)


def kept(folder: Path, number: int, content: object) -> Path:
    return write(folder, "history", f"digitalmee/dev/dev-{number}.checkpoint.json", content)


def test_a_state_that_equals_its_last_generation_has_no_problem(tmp_path: Path) -> None:
    kept(tmp_path, 1, state("2026-01-01", "a"))
    kept(tmp_path, 2, state("2026-01-02", "a", "b"))
    live(tmp_path, state("2026-01-02", "a", "b"))

    assert checkpoints(tmp_path).problem() is None
    assert [each.name for each in checkpoints(tmp_path).kept()] == ["2", "1"]


def test_a_state_that_an_interrupted_run_has_left_is_newer_than_its_generations_and_good(tmp_path: Path) -> None:
    kept(tmp_path, 1, state("2026-01-01", "a"))
    pending = [{"resource": {"urn": urn("b")}, "type": "creating"}, {"resource": {"urn": urn("a")}, "type": "updating"}]
    live(tmp_path, state("2026-01-02", "a", pending_operations=pending))

    found = checkpoints(tmp_path)

    assert found.problem() is None
    assert found.live.pending == [(urn("b"), "creating"), (urn("a"), "updating")]


def test_a_creation_that_was_taken_up_since_is_not_pending(tmp_path: Path) -> None:
    pending = [{"resource": {"urn": urn("a")}, "type": "creating"}]
    live(tmp_path, state("2026-01-02", "a", pending_operations=pending))

    assert checkpoints(tmp_path).live.pending == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "cannot be read"),
        ('{"checkpoint": {"latest": {', "cannot be read"),
        ("[]", "cannot be read"),
        (state("2026-01-01", "a"), "older than generation 2 of 2026-01-02"),
        (state("2026-01-02", "a", "c"), "generation 2 of the same time differs"),
        (state("2026-01-03"), "it is lost: generation 2 holds 2 resources"),
        ({"checkpoint": {}}, "it is lost"),
        (state("2026-01-03", "a", "a"), "::a is there twice"),
        (
            {"checkpoint": {"latest": {"resources": [{"urn": urn("a"), "type": "a", "parent": STACK}]}}},
            "needs urn:pulumi:dev::digitalmee::pulumi:pulumi:Stack::digitalmee-dev, which does not come before it",
        ),
    ],
)
def test_a_state_that_cannot_be_the_last_one_is_told(tmp_path: Path, content: object, problem: str) -> None:
    kept(tmp_path, 1, state("2026-01-01", "a"))
    kept(tmp_path, 2, state("2026-01-02", "a", "b"))
    live(tmp_path, content)

    assert problem in (checkpoints(tmp_path).problem() or "")


def test_a_generation_that_is_restored_takes_the_place_of_the_state_which_is_kept(tmp_path: Path) -> None:
    good = kept(tmp_path, 2, state("2026-01-02", "a", "b"))
    path = live(tmp_path, "broken")
    found = checkpoints(tmp_path)

    aside = found.restore("2")

    assert (path.read_bytes(), aside.read_text()) == (good.read_bytes(), "broken")
    assert found.problem() is None


def test_a_generation_that_is_broken_is_not_among_those_that_can_be_restored(tmp_path: Path) -> None:
    kept(tmp_path, 1, state("2026-01-01", "a"))
    kept(tmp_path, 2, "broken")
    live(tmp_path, "broken")

    with pytest.raises(UsageError, match=r'RESTORE="2" is no whole generation. Allowed: 1\.'):
        checkpoints(tmp_path).restore("2")


@pytest.mark.parametrize(
    ("content", "owner"),
    [
        (
            {"pid": 2**22 + 1, "username": "ada", "hostname": "vm", "timestamp": "2026-01-01T00:00:00Z"},
            "ada@vm (pid 4194305)",
        ),
        ("", "somebody (it cannot be read)"),
    ],
)
def test_a_lock_whose_engine_has_gone_is_shown_with_owner_and_age(tmp_path: Path, content: object, owner: str) -> None:
    write(tmp_path, "locks", "organization/digitalmee/dev/some.json", content)

    [lock] = checkpoints(tmp_path).locks()

    assert (lock.owner, lock.alive) == (owner, False)
    assert lock.age_seconds >= 0
