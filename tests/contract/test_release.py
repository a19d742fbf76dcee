"""Which image a run deploys: the override, else what the stack remembers, else none."""

import pulumi
import pytest

from tests.tape import DIGEST, record_main

OTHER = "sha256:" + "b" * 64


def _image(tape_digest: str) -> str:
    return f"acrdmedevd7k2.azurecr.io/digitalmee@{tape_digest}"


def test_a_stack_without_a_release_is_made_without_the_workload() -> None:
    tape = record_main("dev")
    assert not tape.of("ContainerApp")
    assert tape.of("Server")
    assert tape.exports["release"] == {}
    assert "api_url" not in tape.exports


def test_a_stack_runs_the_release_it_remembers() -> None:
    tape = record_main("dev", last_outputs={"release": {"api": DIGEST}})
    assert tape.one("ContainerApp", "api").inputs["template"]["containers"][0]["image"] == _image(DIGEST)
    assert tape.exports["release"] == {"api": DIGEST}


def test_an_override_wins_over_the_memory_and_is_remembered() -> None:
    tape = record_main("dev", last_outputs={"release": {"api": DIGEST}}, release=OTHER)
    assert tape.one("ContainerApp", "api").inputs["template"]["containers"][0]["image"] == _image(OTHER)
    assert tape.exports["release"] == {"api": OTHER}


def test_a_memory_that_is_no_release_stops_the_run_with_its_name() -> None:
    with pytest.raises(pulumi.RunError, match="the output `release` of the stack organization/digitalmee/dev"):
        record_main("dev", last_outputs={"release": {"api": "latest"}})


def test_an_override_that_is_no_digest_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r'digitalmee:release.api: expected a text, got "latest"'):
        record_main("dev", release="latest")


def test_every_promised_output_is_exported() -> None:
    assert set(record_main("dev", release=DIGEST).exports) == {
        "api_url",
        "registry",
        "release",
        "resource_group",
        "token_audience",
        "token_issuer",
        "vault_uri",
    }
