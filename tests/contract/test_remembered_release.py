"""Which image a run deploys, and what serves: the override, else what the stack remembers, else none."""

from functools import cache
from typing import Any

import pulumi
import pytest

from tests.tape import DIGEST, Tape, record_main, released

pytestmark = pytest.mark.integration

OTHER = "sha256:" + "b" * 64
NAMES = ("api", "mcp", "worker")


def _images(tape: Tape) -> dict[str, str]:
    templates = {name: tape.one("ContainerApp", name).inputs["template"] for name in NAMES}
    return {name: template["containers"][0]["image"] for name, template in templates.items()}


def _image(digest: str) -> str:
    return f"acrdmedevd7k2.azurecr.io/digitalmee@{digest}"


def _weights(tape: Tape, name: str = "api") -> dict[str, int]:
    traffic = tape.one("ContainerApp", name).inputs["configuration"]["ingress"]["traffic"]
    return {entry["label"]: entry["weight"] for entry in traffic}


@cache
def _staged() -> Tape:
    """The tape of a run that puts a candidate of the API beside what serves."""
    before = _release()
    step = {"api": {"live": before["api"]["live"], "candidate": {"digest": OTHER}}}
    return record_main("dev", last_outputs={"release": before}, release=step)


def _release() -> dict[str, Any]:
    """What the stack remembers after the first image."""
    return dict(released("dev").exports["release"])


def test_a_stack_without_a_release_is_made_without_the_workloads() -> None:
    tape = record_main("dev")
    assert not tape.of("ContainerApp")
    assert tape.of("Server")
    assert "release" not in tape.exports
    assert "api_url" not in tape.exports


def test_the_first_image_serves_at_once() -> None:
    tape = released("dev")
    assert _images(tape) == dict.fromkeys(NAMES, _image(DIGEST))
    assert _weights(tape) == {"live": 100}
    assert {name: each["live"]["digest"] for name, each in tape.exports["release"].items()} == dict.fromkeys(
        NAMES, DIGEST
    )


def test_a_stack_runs_the_release_it_remembers() -> None:
    tape = record_main("dev", last_outputs={"release": _release()})
    assert _images(tape) == dict.fromkeys(NAMES, _image(DIGEST))
    assert tape.exports["release"] == _release()


def test_a_digest_in_the_override_serves_at_once_and_is_remembered() -> None:
    tape = record_main("dev", last_outputs={"release": _release()}, release=OTHER)
    assert _images(tape) == dict.fromkeys(NAMES, _image(OTHER))
    assert _weights(tape) == {"live": 100}
    assert tape.exports["release"]["api"]["live"]["digest"] == OTHER
    assert tape.exports["release"]["api"]["live"]["revision"].startswith("r2-")


def test_a_candidate_in_the_override_changes_nothing_that_serves() -> None:
    before, tape = _release(), _staged()
    assert _images(tape) == {"api": _image(OTHER), "mcp": _image(DIGEST), "worker": _image(DIGEST)}
    assert _weights(tape) == {"live": 100, "candidate": 0}
    assert tape.exports["release"]["mcp"] == before["mcp"]


def test_weights_move_without_a_change_of_the_template() -> None:
    staged = _staged()
    remembered = dict(staged.exports["release"])
    step = {**remembered["api"], "weight": 25}
    moved = record_main("dev", last_outputs={"release": remembered}, release={"api": step})
    back = {"live": step["candidate"], "previous": step["live"]}
    promoted = record_main("dev", last_outputs={"release": remembered}, release={"api": back})

    assert _weights(moved) == {"live": 75, "candidate": 25}
    templates = [tape.one("ContainerApp", "api").inputs["template"] for tape in (staged, moved, promoted)]
    assert templates[0] == templates[1] == templates[2]


def test_a_memory_of_an_older_program_without_all_workloads_is_refused_with_what_to_do() -> None:
    with pytest.raises(pulumi.RunError, match=r"no image is known of mcp and worker .* digitalmee:release"):
        record_main("dev", last_outputs={"release": {"api": DIGEST}})


def test_a_memory_of_an_older_program_gives_way_to_an_override() -> None:
    tape = record_main("dev", last_outputs={"release": {"api": DIGEST}}, release=OTHER)
    assert _images(tape) == dict.fromkeys(NAMES, _image(OTHER))
    assert _weights(tape) == {"live": 100}


def test_a_memory_that_is_no_release_stops_the_run_with_its_name() -> None:
    with pytest.raises(pulumi.RunError, match="the output `release` of the stack organization/digitalmee/dev"):
        record_main("dev", last_outputs={"release": {"api": "latest"}})


@pytest.mark.parametrize(
    ("release", "problem"),
    [
        ("latest", r"digitalmee:release.api.live.digest: .*match pattern.*, got 'latest'"),
        (
            {"api": {"live": {"digest": DIGEST}, "weight": 5}},
            "digitalmee:release.api.weight: 5 percent for a candidate",
        ),
        ({"api": 5}, "digitalmee:release.api"),
        ({"web": DIGEST}, "digitalmee:release.web: unknown key"),
    ],
)
def test_an_override_that_is_no_release_is_refused(release: Any, problem: str) -> None:
    with pytest.raises(pulumi.RunError, match=problem):
        record_main("dev", release=release)
