"""What identifies a resource in the state: parents, names, protection, tags. A change here replaces things."""

from importlib import import_module

import pytest

from tests.tape import STACKS, Registration, Tape

STATEFUL = {
    "app:ManagedEnvironment",
    "containerregistry:Registry",
    "dbforpostgresql:Database",
    "dbforpostgresql:Server",
    "dns:Zone",
    "keyvault:Key",
    "keyvault:Secret",
    "keyvault:Vault",
    "operationalinsights:Workspace",
    "redisenterprise:Database",
    "redisenterprise:RedisEnterprise",
    "servicebus:Namespace",
    "servicebus:Queue",
    "storage:BlobContainer",
    "storage:StorageAccount",
}
"""What holds data, messages, keys, or an address that others have written down."""

SWITCHES = {
    "database-pgbouncer": "database.pgbouncer",
    "database-metrics-pgbouncer": "database.pgbouncer",
    "database-azure": "database.private: an address of Azure's needs no hole where an endpoint leads in",
    "dns": "dns.zone",
    "edge": "edge.sku, with each site's resources",
    "network-cache": "cache.private",
    "network-database": "database.private",
    "network-messaging": "messaging.private",
    "network-registry": "registry.private",
    "network-storage": "storage.private",
    "network-vault": "vault.private",
    "observability-edge": "edge.sku",
    "protection": "protection.locks",
    "storage-audit-immutability": "storage.audit_days",
    "storage-backups-immutability": "storage.immutability_days",
}
"""The start of a logical name, and the key of the stack file that decides whether there is one."""


def _kind(item: Registration) -> str:
    return item.type.removeprefix("azure-native:")


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
        # `hidden-link:<id>` is how the portal finds the insights of a web test
        assert sorted(tag for tag in tags if not tag.startswith("hidden-link:")) == [
            "application",
            "component",
            "cost-center",
            "data-classification",
            "environment",
            "managed-by",
            "owner",
        ], item.urn
        assert tags["environment"] == stack


def test_in_prod_everything_that_keeps_data_is_protected_and_nothing_else(tapes: dict[str, Tape]) -> None:
    resources = _resources(tapes["prod"])
    assert {_kind(item) for item in resources} >= STATEFUL
    assert {item.urn for item in resources if item.protect} == {i.urn for i in resources if _kind(i) in STATEFUL}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("name", ["api", "mcp", "worker"])
def test_a_workload_waits_for_all_grants_its_secrets_and_its_database(
    tapes: dict[str, Tape], name: str, stack: str
) -> None:
    tape = tapes[stack]
    app = tape.one("ContainerApp", name)
    needed = ("RoleAssignment", "AccessPolicyAssignment", "ManagedEnvironment", "dbforpostgresql:Database")
    before = {item.urn for kind in needed for item in tape.of(kind)}
    # a reference is the address of a secret, whose last part is the name of the secret
    references = {item["keyVaultUrl"].rpartition("/")[2] for item in app.inputs["configuration"].get("secrets", [])}
    before |= {item.urn for item in tape.of("keyvault:Secret") if item.inputs["secretName"] in references}
    assert before <= set(app.depends_on)


def test_two_stacks_declare_the_same_but_for_what_a_key_switches_off(tapes: dict[str, Tape]) -> None:
    first, *others = ({urn.partition("::digitalmee::")[2] for urn in tapes[stack].registrations} for stack in STACKS)
    different = {urn.rpartition("::")[2] for urn in first.union(*others) - first.intersection(*others)}
    switched = {name: [key for key in SWITCHES if name == key or name.startswith(f"{key}-")] for name in different}
    assert [name for name, keys in switched.items() if not keys] == []


def test_staging_declares_every_type_of_prod_but_locks(tapes: dict[str, Tape]) -> None:
    staging, prod = ({_kind(item) for item in _resources(tapes[stack])} for stack in ("staging", "prod"))
    assert prod - staging == {"authorization:ManagementLockByScope"}
    assert staging <= prod
