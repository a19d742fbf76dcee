"""What each container is told. Mocks prove construction, nothing of Azure."""

from collections.abc import Callable
from enum import StrEnum

import pulumi
import pytest

from app.contract import ApiEnv, McpEnv, MigrateEnv, ThirdPartyKey, WorkerEnv
from components.authentication import AuthenticationSettings
from components.cache import Cache, CacheArgs
from components.database import Database, DatabaseArgs
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.messaging import Messaging, MessagingArgs
from components.vault import Vault, VaultArgs
from components.workloads.variables import (
    Variables,
    api_variables,
    mcp_variables,
    migrate_variables,
    worker_variables,
)
from tests.tape import record
from tests.unit.components.parts import platform
from tests.unit.components.test_component_cache import SMALLEST as CACHE
from tests.unit.components.test_component_database import SMALLEST as DATABASE
from tests.unit.components.test_component_messaging import SMALLEST as MESSAGING
from tests.unit.components.test_component_vault import SMALLEST as VAULT

AUTHENTICATION = AuthenticationSettings(
    issuer="https://issuer.test", audience="api://digitalmee", tool_audience="api://tools"
)


class Parts:
    """What variables are made from; make it inside a recorded program."""

    def __init__(self) -> None:
        place = platform()
        self.api, self.worker, self.migrator, self.backup = (
            WorkloadIdentity(name, WorkloadIdentityArgs(platform=place))
            for name in ("api", "worker", "migrator", "backup")
        )
        self.vault = Vault("vault", VaultArgs(platform=place, settings=VAULT, third_party_secrets=list(ThirdPartyKey)))
        self.cache = Cache("cache", CacheArgs(platform=place, settings=CACHE))
        self.database = Database(
            "database", DatabaseArgs(platform=place, settings=DATABASE, administrator=self.migrator)
        )
        self.messaging = Messaging("messaging", MessagingArgs(platform=place, settings=MESSAGING))


def _api(parts: Parts) -> Variables:
    return api_variables(
        identity=parts.api,
        database=parts.database,
        authentication=AUTHENTICATION,
        front_door_id="the-door",
        vault=parts.vault,
        log_level="info",
    )


def _mcp(parts: Parts) -> Variables:
    return mcp_variables(
        identity=parts.api,
        database=parts.database,
        cache=parts.cache,
        messaging=parts.messaging,
        authentication=AUTHENTICATION,
        front_door_id="the-door",
        log_level="info",
    )


def _worker(parts: Parts) -> Variables:
    return worker_variables(
        identity=parts.worker,
        database=parts.database,
        cache=parts.cache,
        messaging=parts.messaging,
        log_level="info",
    )


def _migrate(parts: Parts) -> Variables:
    return migrate_variables(
        administrator=parts.migrator,
        runtimes=[parts.api, parts.worker],
        reader=parts.backup,
        database=parts.database,
        log_level="info",
    )


def _told(variables: Callable[[Parts], Variables]) -> dict[str, str]:
    def program() -> None:
        made = variables(Parts())
        pulumi.export("values", {str(name): value for name, value in made.values.items()})
        pulumi.export("secrets", {str(name): secret.name for name, secret in made.secrets.items()})

    exports = record(program).exports
    return {**exports["values"], **exports["secrets"]}


@pytest.mark.parametrize(
    ("variables", "names"), [(_api, ApiEnv), (_mcp, McpEnv), (_worker, WorkerEnv), (_migrate, MigrateEnv)]
)
def test_a_container_is_told_what_its_contract_names_and_no_more(
    variables: Callable[[Parts], Variables], names: type[StrEnum]
) -> None:
    told = _told(variables)
    assert set(told) == {str(name) for name in names}
    assert all(told.values())


@pytest.mark.parametrize("variables", [_api, _mcp])
def test_what_people_reach_knows_its_front_door(variables: Callable[[Parts], Variables]) -> None:
    assert _told(variables)["FRONT_DOOR_ID"] == "the-door"


def test_each_workload_gets_a_database_role_for_its_own_identity() -> None:
    roles = dict(pair.split("=") for pair in _told(_migrate)["DATABASE_RUNTIME_ROLES"].split(","))
    assert set(roles) == {"id-dme-api-test", "id-dme-worker-test"}
    assert len(set(roles.values())) == 2
