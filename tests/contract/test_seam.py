"""The environment that the platform gives is the environment that the service reads, name for name."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.contract import API_PORT, ApiEnv, MigrateEnv
from tests.tape import STACKS, Tape


def _environment(container: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
    return {item["name"]: item.get("value") or secrets[item["secretRef"]] for item in container["env"]}


def _containers(tape: Tape) -> tuple[dict[str, str], dict[str, str]]:
    inputs = tape.one("ContainerApp", "api").inputs
    secrets = {item["name"]: "a-key" for item in inputs["configuration"]["secrets"]}
    template = inputs["template"]
    return _environment(template["containers"][0], secrets), _environment(template["initContainers"][0], secrets)


@pytest.mark.parametrize("stack", STACKS)
def test_the_platform_gives_exactly_the_names_of_the_contract(tapes: dict[str, Tape], stack: str) -> None:
    api, migrate = _containers(tapes[stack])
    assert set(api) == {str(name) for name in ApiEnv}
    assert set(migrate) == {str(name) for name in MigrateEnv}


@pytest.mark.parametrize("stack", STACKS)
def test_the_service_starts_with_what_the_platform_gives(tapes: dict[str, Tape], stack: str) -> None:
    from app.settings import ApiSettings, MigrateSettings  # noqa: PLC0415 - the service's own dependencies

    api, migrate = _containers(tapes[stack])
    assert ApiSettings.load(api)
    assert MigrateSettings.load(migrate)


@pytest.mark.parametrize("name", [*ApiEnv])
def test_the_api_reads_every_name_it_is_given(tapes: dict[str, Tape], name: str) -> None:
    from app.settings import ApiSettings  # noqa: PLC0415 - the service's own dependencies

    api, _ = _containers(tapes["dev"])
    with pytest.raises(Exception, match=name):
        ApiSettings.load({key: value for key, value in api.items() if key != name})


@pytest.mark.parametrize("name", [*MigrateEnv])
def test_the_migration_reads_every_name_it_is_given(tapes: dict[str, Tape], name: str) -> None:
    from app.settings import MigrateSettings  # noqa: PLC0415 - the service's own dependencies

    _, migrate = _containers(tapes["dev"])
    with pytest.raises(Exception, match=name):
        MigrateSettings.load({key: value for key, value in migrate.items() if key != name})


def test_ingress_and_probes_speak_to_the_port_of_the_contract(tapes: dict[str, Tape]) -> None:
    inputs = tapes["dev"].one("ContainerApp", "api").inputs
    probes = inputs["template"]["containers"][0]["probes"]
    assert {probe["httpGet"]["port"] for probe in probes} == {API_PORT}
    assert inputs["configuration"]["ingress"]["targetPort"] == API_PORT
