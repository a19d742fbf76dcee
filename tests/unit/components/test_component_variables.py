"""What each container is told. Mocks prove construction, nothing of Azure."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Literal

import pulumi
import pytest

from app.contract import ApiEnv, BackupEnv, McpEnv, MigrateEnv, RestoreEnv, ThirdPartyKey, UpkeepEnv, WorkerEnv
from components.authentication import AuthenticationSettings
from components.cache import Cache, CacheArgs
from components.database import Database, DatabaseArgs
from components.dns import Dns, DnsArgs, DnsSettings
from components.edge.front_door import Edge, EdgeArgs, EdgeSettings
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.messaging import Messaging, MessagingArgs
from components.observability import Observability, ObservabilityArgs
from components.platform import Platform
from components.storage import Storage, StorageArgs
from components.vault import Vault, VaultArgs
from components.workloads.hosting import Hosting
from components.workloads.job import RestoreSettings
from components.workloads.job_variables import (
    backup_variables,
    migrate_variables,
    restore_variables,
    upkeep_variables,
)
from components.workloads.rollout import Rollout
from components.workloads.service_args import Behaviour, Identities, Rollouts, ServiceArgs, Sizes
from components.workloads.service_settings import ChatSettings, LimitSettings, RetentionSettings, WebSettings
from components.workloads.variables import Variables
from components.workloads.workload_settings import WorkerSettings, WorkloadSettings
from components.workloads.workload_variables import api_variables, mcp_variables, worker_variables
from tests.tape import DIGEST, record
from tests.unit.components.parts import platform, registry
from tests.unit.components.test_component_cache import SMALLEST as CACHE
from tests.unit.components.test_component_database import SMALLEST as DATABASE
from tests.unit.components.test_component_job import BY_HAND
from tests.unit.components.test_component_messaging import SMALLEST as MESSAGING
from tests.unit.components.test_component_observability import SMALLEST as OBSERVABILITY
from tests.unit.components.test_component_storage import SMALLEST as STORAGE
from tests.unit.components.test_component_vault import SMALLEST as VAULT

Sku = Literal["None", "Standard"]

SIZE: dict[str, Any] = {
    "cpu": 0.25,
    "memory": "0.5Gi",
    "min_replicas": 1,
    "max_replicas": 2,
    "workload_profile": "Consumption",
    "log_level": "info",
}
SERVING = WorkloadSettings(**SIZE, concurrent_requests=50)
SIZES = Sizes(
    api=SERVING,
    mcp=SERVING,
    worker=WorkerSettings(**SIZE, queue_length=5),
    migrate=BY_HAND,
    backup=BY_HAND,
    restore=RestoreSettings(**BY_HAND.model_dump(), backup="20260102T023000Z"),
    upkeep=BY_HAND,
)
ROLLOUT = Rollout.model_validate({"live": {"digest": DIGEST}})

ROLES: dict[str, tuple[Callable[[ServiceArgs], Variables], type[StrEnum]]] = {
    "api": (api_variables, ApiEnv),
    "mcp": (mcp_variables, McpEnv),
    "worker": (worker_variables, WorkerEnv),
    "migrate": (migrate_variables, MigrateEnv),
    "backup": (backup_variables, BackupEnv),
    "restore": (restore_variables, RestoreEnv),
    "upkeep": (upkeep_variables, UpkeepEnv),
}


def _behaviour(origins: str) -> Behaviour:
    return Behaviour(
        authentication=AuthenticationSettings(
            issuer="https://issuer.test",
            audience="api://digitalmee",
            tool_audience="api://tools",
            algorithms=["RS256", "ES256"],
        ),
        chat=ChatSettings(provider="openai", model="gpt-5"),
        limits=LimitSettings(per_person_per_minute=60, per_address_per_minute=600),
        web=WebSettings(origins=origins),
        retention=RetentionSettings(chat_days=30, operation_days=90),
        trace_percent=25,
    )


def _service(place: Platform, sku: Sku, origins: str) -> ServiceArgs:
    """What variables are made from; call it inside a recorded program."""
    api, mcp, worker, migrator, backup, pull = (
        WorkloadIdentity(name, WorkloadIdentityArgs(platform=place))
        for name in ("api", "mcp", "worker", "migrator", "backup", "pull")
    )
    dns = Dns("dns", DnsArgs(platform=place, settings=DnsSettings(zone="", ttl_seconds=300, protect=False)))
    door = EdgeSettings(sku=sku, rate_limit_per_minute=600)
    return ServiceArgs(
        hosting=Hosting(platform=place, environment_id="/it", registry=registry(place), pull=pull, grants=[]),
        identities=Identities(api=api, mcp=mcp, worker=worker, migrate=migrator, backup=backup),
        sizes=SIZES,
        rollouts=Rollouts(api=ROLLOUT, mcp=ROLLOUT, worker=ROLLOUT),
        behaviour=_behaviour(origins),
        edge=Edge("edge", EdgeArgs(platform=place, settings=door, dns=dns)),
        frontend_origin="https://www.dme.example",
        vault=Vault("vault", VaultArgs(platform=place, settings=VAULT, third_party_secrets=list(ThirdPartyKey))),
        database=Database("database", DatabaseArgs(platform=place, settings=DATABASE, administrator=migrator)),
        cache=Cache("cache", CacheArgs(platform=place, settings=CACHE)),
        messaging=Messaging("messaging", MessagingArgs(platform=place, settings=MESSAGING)),
        storage=Storage("storage", StorageArgs(platform=place, settings=STORAGE)),
        observability=Observability("observability", ObservabilityArgs(platform=place, settings=OBSERVABILITY)),
    )


def _told(*, sku: Sku = "None", origins: str = "") -> dict[str, dict[str, str]]:
    """What each role is told, a secret by its name in the vault."""

    def program() -> None:
        args = _service(platform(), sku, origins)
        for role, (variables, _) in ROLES.items():
            made = variables(args)
            names = {str(name): secret.name for name, secret in made.secrets.items()}
            pulumi.export(role, {**{str(name): value for name, value in made.values.items()}, **names})

    exports = record(program).exports
    return {role: exports[role] for role in ROLES}


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, str]]:
    return _told(sku="Standard", origins="https://app.example,https://other.example:8443")


def test_what_serves_people_is_told_every_algorithm_of_the_settings(told: dict[str, dict[str, str]]) -> None:
    assert {told[role]["TOKEN_ALGORITHMS"] for role in ("api", "mcp")} == {"RS256,ES256"}


@pytest.mark.parametrize("role", ROLES)
def test_a_container_is_told_what_its_contract_names_and_no_more(told: dict[str, dict[str, str]], role: str) -> None:
    assert set(told[role]) == {str(name) for name in ROLES[role][1]}
    assert all(told[role].values())


@pytest.mark.parametrize("role", ["api", "mcp"])
def test_what_people_reach_knows_its_front_door_and_counts_it(told: dict[str, dict[str, str]], role: str) -> None:
    assert (told[role]["FRONT_DOOR_ID"], told[role]["TRUSTED_HOPS"]) == ("id-of-afd-dme-test", "2")


def test_without_a_front_door_the_ingress_alone_is_believed() -> None:
    direct = _told()
    assert {role: (direct[role]["FRONT_DOOR_ID"], direct[role]["TRUSTED_HOPS"]) for role in ("api", "mcp")} == {
        "api": ("", "1"),
        "mcp": ("", "1"),
    }
    assert direct["api"]["CORS_ORIGINS"] == "https://www.dme.example"


def test_pages_of_the_frontend_and_of_the_listed_origins_may_ask(told: dict[str, dict[str, str]]) -> None:
    assert told["api"]["CORS_ORIGINS"].split(",") == [
        "https://www.dme.example",
        "https://app.example",
        "https://other.example:8443",
    ]


def test_each_workload_gets_a_database_role_for_its_own_identity(told: dict[str, dict[str, str]]) -> None:
    roles = dict(pair.split("=") for pair in told["migrate"]["DATABASE_RUNTIME_ROLES"].split(","))
    assert set(roles) == {"id-dme-api-test", "id-dme-mcp-test", "id-dme-worker-test"}
    assert len(set(roles.values())) == 3


def test_the_upkeep_acts_as_the_worker_whose_role_sees_everybody(told: dict[str, dict[str, str]]) -> None:
    assert told["migrate"]["DATABASE_UPKEEP_ROLE"] == told["worker"]["DATABASE_ROLE"] == told["upkeep"]["DATABASE_ROLE"]
    assert told["upkeep"]["AZURE_CLIENT_ID"] == told["worker"]["AZURE_CLIENT_ID"]


def test_people_are_sealed_by_one_key_without_a_version(told: dict[str, dict[str, str]]) -> None:
    ids = {told[role]["DATA_KEY_ID"] for role in ("api", "mcp", "worker", "upkeep")}
    assert ids == {"https://kv-dme-test-abc1.vault.azure.net/keys/people"}


def test_files_go_to_the_container_that_is_theirs(told: dict[str, dict[str, str]]) -> None:
    assert told["backup"]["BACKUP_CONTAINER"] == "backups"
    assert {told[role]["EXPORT_CONTAINER"] for role in ("api", "worker", "upkeep")} == {"exports"}
    assert {told[role]["AUDIT_CONTAINER"] for role in ("worker", "upkeep")} == {"audit"}


def test_a_restore_acts_as_the_owner_of_the_tables_on_what_the_backup_and_the_upkeep_have_written(
    told: dict[str, dict[str, str]],
) -> None:
    restore = told["restore"]
    for name in ("AZURE_CLIENT_ID", "DATABASE_ROLE", "DATABASE_NAME"):
        assert restore[name] == told["migrate"][name]
    for name in ("BACKUP_CONTAINER", "STORAGE_BLOB_ENDPOINT"):
        assert restore[name] == told["backup"][name]
    assert restore["AUDIT_CONTAINER"] == told["upkeep"]["AUDIT_CONTAINER"]
    assert restore["RESTORE_BACKUP"] == "20260102T023000Z"
