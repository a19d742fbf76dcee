"""The environment of each container of the service, in the words of `app.contract`.

Every name of the contract is given here, as a value or as a reference to a secret; a test holds the two sides
equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from app.contract import ApiEnv, MigrateEnv
from components.authentication import AuthenticationSettings
from components.database import Database
from components.identity import WorkloadIdentity
from components.vault import SecretReference


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
    openai_api_key: SecretReference,
    log_level: str,
) -> Variables:
    """Return the environment of the API, which acts as `identity`."""
    return Variables(
        values={
            ApiEnv.AZURE_CLIENT_ID: identity.client_id,
            ApiEnv.DATABASE_HOST: database.host,
            ApiEnv.DATABASE_NAME: database.database_name,
            ApiEnv.DATABASE_ROLE: identity.role,
            ApiEnv.LOG_LEVEL: log_level,
            ApiEnv.TOKEN_AUDIENCE: authentication.audience,
            ApiEnv.TOKEN_ISSUER: authentication.issuer,
        },
        secrets={ApiEnv.OPENAI_API_KEY: openai_api_key},
    )


def migrate_variables(
    *, administrator: WorkloadIdentity, runtime: WorkloadIdentity, database: Database, log_level: str
) -> Variables:
    """Return the environment of a migration, which acts as `administrator` and makes the role of `runtime`."""
    return Variables(
        values={
            MigrateEnv.AZURE_CLIENT_ID: administrator.client_id,
            MigrateEnv.DATABASE_HOST: database.host,
            MigrateEnv.DATABASE_NAME: database.database_name,
            MigrateEnv.DATABASE_ROLE: administrator.role,
            MigrateEnv.DATABASE_RUNTIME_OBJECT_ID: runtime.principal_id,
            MigrateEnv.DATABASE_RUNTIME_ROLE: runtime.role,
            MigrateEnv.LOG_LEVEL: log_level,
        },
        secrets={},
    )
