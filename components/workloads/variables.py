"""What a container finds in its environment, in the words of `app.contract`, and what all containers find alike.

Every name of the contract is given, as a value or as a reference to a secret; a test holds the two sides equal. What
serves is told in `workload_variables.py`, what runs to its end in `job_variables.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from app.contract import ApiEnv, BackupEnv, McpEnv, MigrateEnv, RestoreEnv, UpkeepEnv, WorkerEnv
from components.database import Database
from components.identity import WorkloadIdentity
from components.vault import SecretReference

Values = Mapping[str, pulumi.Input[str]]
"""Plain values by name of the variable."""

Env = type[ApiEnv | BackupEnv | McpEnv | MigrateEnv | RestoreEnv | UpkeepEnv | WorkerEnv]
"""The names that one role of the service reads."""


@dataclass(frozen=True, kw_only=True)
class Variables:
    """What a container finds in its environment."""

    values: Values
    secrets: Mapping[str, SecretReference] = field(default_factory=dict[str, SecretReference])
    """Secrets by name of the variable."""


def process_values(env: Env, *, identity: WorkloadIdentity, database: Database, log_level: str) -> Values:
    """Return what every process of the service is told: who it is, its database, and what it logs.

    Args:
        env: The names that its role reads.
        identity: What it acts as, on Azure and in the database.
        database: Where the product's tables are.
        log_level: The least severe message that is logged.
    """
    return {
        env.AZURE_CLIENT_ID: identity.client_id,
        env.DATABASE_HOST: database.host,
        env.DATABASE_NAME: database.database_name,
        env.DATABASE_ROLE: identity.role,
        env.LOG_LEVEL: log_level,
    }
