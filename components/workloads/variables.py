"""The environment of each container of the service, in the words of `app.contract`.

Every name of the contract is given here, as a value or as a reference to a secret; a test holds the two sides
equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from app.contract import ApiEnv, McpEnv, MigrateEnv, ThirdPartyKey, WorkerEnv
from components.authentication import AuthenticationSettings
from components.cache import Cache
from components.database import Database
from components.identity import WorkloadIdentity
from components.messaging import Messaging
from components.vault import SecretReference, Vault


@dataclass(frozen=True, kw_only=True)
class Variables:
    """What a container finds in its environment."""

    values: Mapping[str, pulumi.Input[str]]
    """Plain values by name of the variable."""
    secrets: Mapping[str, SecretReference]
    """Secrets by name of the variable."""


def api_variables(
    *,
    identity: WorkloadIdentity,
    database: Database,
    authentication: AuthenticationSettings,
    front_door_id: pulumi.Input[str],
    vault: Vault,
    log_level: str,
) -> Variables:
    """Return the environment of the API, which acts as `identity`; an empty `front_door_id` asks for none."""
    return Variables(
        values={
            ApiEnv.AZURE_CLIENT_ID: identity.client_id,
            ApiEnv.DATABASE_HOST: database.host,
            ApiEnv.DATABASE_NAME: database.database_name,
            ApiEnv.DATABASE_ROLE: identity.role,
            ApiEnv.FRONT_DOOR_ID: front_door_id,
            ApiEnv.LOG_LEVEL: log_level,
            ApiEnv.TOKEN_AUDIENCE: authentication.audience,
            ApiEnv.TOKEN_ISSUER: authentication.issuer,
        },
        secrets={
            ApiEnv.ANTHROPIC_API_KEY: vault.secret_reference(ThirdPartyKey.ANTHROPIC),
            ApiEnv.OPENAI_API_KEY: vault.secret_reference(ThirdPartyKey.OPENAI),
            ApiEnv.TELEGRAM_BOT_TOKEN: vault.secret_reference(ThirdPartyKey.TELEGRAM),
        },
    )


def mcp_variables(
    *,
    identity: WorkloadIdentity,
    database: Database,
    cache: Cache,
    messaging: Messaging,
    authentication: AuthenticationSettings,
    front_door_id: pulumi.Input[str],
    log_level: str,
) -> Variables:
    """Return the environment of the tool server, which acts as `identity`; an empty `front_door_id` asks for none."""
    return Variables(
        values={
            McpEnv.AZURE_CLIENT_ID: identity.client_id,
            McpEnv.DATABASE_HOST: database.host,
            McpEnv.DATABASE_NAME: database.database_name,
            McpEnv.DATABASE_ROLE: identity.role,
            McpEnv.FRONT_DOOR_ID: front_door_id,
            McpEnv.LOG_LEVEL: log_level,
            McpEnv.REDIS_HOST: cache.host,
            McpEnv.REDIS_PORT: cache.port,
            McpEnv.SERVICE_BUS_HOST: messaging.host,
            McpEnv.SERVICE_BUS_QUEUE: messaging.queue,
            McpEnv.TOKEN_AUDIENCE: authentication.tool_audience,
            McpEnv.TOKEN_ISSUER: authentication.issuer,
        },
        secrets={},
    )


def worker_variables(
    *,
    identity: WorkloadIdentity,
    database: Database,
    cache: Cache,
    messaging: Messaging,
    log_level: str,
) -> Variables:
    """Return the environment of the worker, which acts as `identity`."""
    return Variables(
        values={
            WorkerEnv.AZURE_CLIENT_ID: identity.client_id,
            WorkerEnv.DATABASE_HOST: database.host,
            WorkerEnv.DATABASE_NAME: database.database_name,
            WorkerEnv.DATABASE_ROLE: identity.role,
            WorkerEnv.LOG_LEVEL: log_level,
            WorkerEnv.REDIS_HOST: cache.host,
            WorkerEnv.REDIS_PORT: cache.port,
            WorkerEnv.SERVICE_BUS_HOST: messaging.host,
            WorkerEnv.SERVICE_BUS_QUEUE: messaging.queue,
        },
        secrets={},
    )


def migrate_variables(
    *,
    administrator: WorkloadIdentity,
    runtimes: Sequence[WorkloadIdentity],
    reader: WorkloadIdentity,
    database: Database,
    log_level: str,
) -> Variables:
    """Return the environment of a migration, which acts as `administrator` and makes the roles of the others.

    Args:
        administrator: What the migration acts as.
        runtimes: What serves; their roles read and write.
        reader: What backs up; its role reads.
        database: Where the schema is.
        log_level: The least severe message that is logged.
    """
    return Variables(
        values={
            MigrateEnv.AZURE_CLIENT_ID: administrator.client_id,
            MigrateEnv.DATABASE_HOST: database.host,
            MigrateEnv.DATABASE_NAME: database.database_name,
            MigrateEnv.DATABASE_READER_OBJECT_ID: reader.principal_id,
            MigrateEnv.DATABASE_READER_ROLE: reader.role,
            MigrateEnv.DATABASE_ROLE: administrator.role,
            MigrateEnv.DATABASE_RUNTIME_ROLES: _roles(runtimes),
            MigrateEnv.LOG_LEVEL: log_level,
        },
        secrets={},
    )


def _roles(identities: Sequence[WorkloadIdentity]) -> pulumi.Output[str]:
    pairs = [pulumi.Output.concat(identity.role, "=", identity.principal_id) for identity in identities]
    return pulumi.Output.all(*pairs).apply(",".join)
