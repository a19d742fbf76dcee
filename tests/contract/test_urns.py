"""What identifies a resource in the state: parents, names, protection, tags. A change here replaces things."""

from importlib import import_module

import pytest

from tests.tape import STACKS, Registration, Tape

STATEFUL = {"Workspace", "Registry", "Vault", "Secret", "Server", "Database"}


def _resources(tape: Tape) -> list[Registration]:
    return [item for item in tape.registrations.values() if item.custom]


def _taggable(item: Registration) -> bool:
    _, module, kind = item.type.split(":")
    return hasattr(getattr(import_module(f"pulumi_azure_native.{module}"), kind), "tags")


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_hangs_under_its_component_and_carries_its_name(tapes: dict[str, Tape], stack: str) -> None:
    tape = tapes[stack]
    for item in _resources(tape):
        assert "digitalmee:components:" in item.parent, f"{item.urn} has no component"
        owner = tape.registrations[item.parent].name
        assert item.name == owner or item.name.startswith(f"{owner}-"), item.urn


def test_every_component_registers_outputs(tapes: dict[str, Tape]) -> None:
    tape = tapes["prod"]
    components = {item.urn for item in tape.registrations.values() if not item.custom}
    assert components
    assert {urn for urn in components if tape.outputs.get(urn)} == components


@pytest.mark.parametrize("stack", STACKS)
def test_every_taggable_resource_has_all_tags(tapes: dict[str, Tape], stack: str) -> None:
    tagged = [item for item in _resources(tapes[stack]) if _taggable(item)]
    assert len(tagged) >= 10
    for item in tagged:
        tags = item.inputs.get("tags", {})
        assert sorted(tags) == [
            "application",
            "component",
            "cost-center",
            "data-classification",
            "environment",
            "managed-by",
            "owner",
        ], item.urn
        assert tags["environment"] == stack


def test_in_prod_everything_that_keeps_data_is_protected(tapes: dict[str, Tape]) -> None:
    keeps_data = [item for item in _resources(tapes["prod"]) if item.type.rpartition(":")[2] in STATEFUL]
    assert {item.type.rpartition(":")[2] for item in keeps_data} == STATEFUL
    assert all(item.protect for item in keeps_data)


@pytest.mark.parametrize("stack", STACKS)
def test_the_workload_waits_for_its_grants_its_secret_and_its_database(tapes: dict[str, Tape], stack: str) -> None:
    tape = tapes[stack]
    before = set(tape.one("ContainerApp", "api").depends_on)
    needed = ("RoleAssignment", "Secret", "dbforpostgresql:Database", "ManagedEnvironment", "UserAssignedIdentity")
    assert {item.urn for kind in needed for item in tape.of(kind)} <= before


def test_the_stacks_declare_the_same_resources(tapes: dict[str, Tape]) -> None:
    dev, staging, prod = (
        {urn.partition("::digitalmee::")[2] for urn in tapes[stack].registrations} for stack in STACKS
    )
    assert dev == staging == prod
