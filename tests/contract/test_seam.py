"""The environment that the platform gives is the environment that the service reads, name for name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from app.contract import (
    API_PORT,
    LIVENESS_PATH,
    MCP_PORT,
    READINESS_PATH,
    WORKER_PORT,
    ApiEnv,
    BackupEnv,
    ChatProvider,
    McpEnv,
    MigrateEnv,
    RestoreEnv,
    TokenAlgorithm,
    UpkeepEnv,
    WorkerEnv,
)
from app.settings import jobs, services
from app.settings.reader import LOG_LEVELS
from components.authentication import AuthenticationSettings
from components.section import Section
from components.workloads.job import JobSettings
from components.workloads.service_settings import ChatSettings
from components.workloads.workload_settings import WorkloadSettings
from tests.tape import STACKS, Tape

PORTS = {"api": API_PORT, "mcp": MCP_PORT, "worker": WORKER_PORT}


@dataclass(frozen=True, kw_only=True)
class Role:
    """One container of the service: where it is declared, what it is given, who reads that."""

    kind: str
    name: str
    names: type[StrEnum]
    load: Callable[[Mapping[str, str]], object]
    containers: str = "containers"

    def environment(self, tape: Tape) -> dict[str, str]:
        """What a container finds, with a text in the place of each secret."""
        inputs = tape.one(self.kind, self.name).inputs
        secrets = {item["name"]: "a-key" for item in inputs["configuration"].get("secrets", [])}
        [container] = inputs["template"][self.containers]
        return {
            item["name"]: item["value"] if "value" in item else secrets[item["secretRef"]] for item in container["env"]
        }


ROLES = {
    "api": Role(kind="ContainerApp", name="api", names=ApiEnv, load=services.ApiSettings.load),
    "mcp": Role(kind="ContainerApp", name="mcp", names=McpEnv, load=services.McpSettings.load),
    "worker": Role(kind="ContainerApp", name="worker", names=WorkerEnv, load=services.WorkerSettings.load),
    "backup": Role(kind="app:Job", name="backup", names=BackupEnv, load=jobs.BackupSettings.load),
    "migrate": Role(kind="app:Job", name="migrate", names=MigrateEnv, load=jobs.MigrateSettings.load),
    "restore": Role(kind="app:Job", name="restore", names=RestoreEnv, load=jobs.RestoreSettings.load),
    "upkeep": Role(kind="app:Job", name="upkeep", names=UpkeepEnv, load=jobs.UpkeepSettings.load),
    "migrate before the api": Role(
        kind="ContainerApp",
        name="api",
        names=MigrateEnv,
        load=jobs.MigrateSettings.load,
        containers="initContainers",
    ),
}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("role", ROLES)
def test_the_platform_gives_exactly_the_names_of_the_contract(tapes: dict[str, Tape], role: str, stack: str) -> None:
    assert set(ROLES[role].environment(tapes[stack])) == {str(name) for name in ROLES[role].names}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("role", ROLES)
def test_the_service_starts_with_what_the_platform_gives(tapes: dict[str, Tape], role: str, stack: str) -> None:
    assert ROLES[role].load(ROLES[role].environment(tapes[stack]))


@pytest.mark.parametrize(("role", "name"), [(role, str(name)) for role, facts in ROLES.items() for name in facts.names])
def test_a_role_reads_every_name_it_is_given(tapes: dict[str, Tape], role: str, name: str) -> None:
    given = ROLES[role].environment(tapes["dev"])
    with pytest.raises(ValueError, match=rf"\b{name}\b"):
        ROLES[role].load({key: value for key, value in given.items() if key != name})


@pytest.mark.parametrize("name", PORTS)
def test_probes_and_ingress_speak_to_the_port_of_the_contract(tapes: dict[str, Tape], name: str) -> None:
    inputs = tapes["prod"].one("ContainerApp", name).inputs
    probes = {probe["type"]: probe["httpGet"] for probe in inputs["template"]["containers"][0]["probes"]}
    assert {kind: (asked["path"], asked["port"]) for kind, asked in probes.items()} == {
        "Startup": (LIVENESS_PATH, PORTS[name]),
        "Liveness": (LIVENESS_PATH, PORTS[name]),
        "Readiness": (READINESS_PATH, PORTS[name]),
    }
    assert _target_port(inputs) == (None if name == "worker" else PORTS[name])


def _target_port(inputs: Mapping[str, Any]) -> int | None:
    return inputs["configuration"]["ingress"]["targetPort"] if "ingress" in inputs["configuration"] else None


@pytest.mark.parametrize("role", ROLES)
def test_a_container_runs_the_role_whose_environment_it_is_given(tapes: dict[str, Tape], role: str) -> None:
    facts = ROLES[role]
    [container] = tapes["prod"].one(facts.kind, facts.name).inputs["template"][facts.containers]
    assert container["args"] == [role.split(maxsplit=1)[0]]


@pytest.mark.parametrize(
    ("section", "key", "known"),
    [
        (AuthenticationSettings, "algorithms", list(TokenAlgorithm)),
        (ChatSettings, "provider", list(ChatProvider)),
        (JobSettings, "log_level", LOG_LEVELS),
        (WorkloadSettings, "log_level", LOG_LEVELS),
    ],
)
def test_a_stack_file_may_choose_exactly_what_the_service_knows(
    section: type[Section], key: str, known: Sequence[str]
) -> None:
    shape = section.model_json_schema()["properties"][key]
    assert sorted(shape.get("items", shape)["enum"]) == sorted(known)
