"""The environment of what runs to its end: migration, backup, restore and upkeep. Plain values, no resource."""

from collections.abc import Sequence

import pulumi

from app.contract import BackupEnv, MigrateEnv, RestoreEnv, UpkeepEnv
from components.identity import WorkloadIdentity
from components.workloads.service_args import ServiceArgs
from components.workloads.variables import Variables, process_values
from components.workloads.workload_variables import product_values


def migrate_variables(args: ServiceArgs) -> Variables:
    """Return the environment of a migration, which administers the database and makes the roles of the others."""
    who, level = args.identities, args.sizes.migrate.log_level
    return Variables(
        values={
            **process_values(MigrateEnv, identity=who.migrate, database=args.database, log_level=level),
            MigrateEnv.DATABASE_READER_OBJECT_ID: who.backup.principal_id,
            MigrateEnv.DATABASE_READER_ROLE: who.backup.role,
            MigrateEnv.DATABASE_RUNTIME_ROLES: _roles([who.api, who.mcp, who.worker]),
            MigrateEnv.DATABASE_UPKEEP_ROLE: who.worker.role,
        }
    )


def backup_variables(args: ServiceArgs) -> Variables:
    """Return the environment of a backup, whose role of the database reads all tables."""
    who, level = args.identities.backup, args.sizes.backup.log_level
    return Variables(
        values={
            **process_values(BackupEnv, identity=who, database=args.database, log_level=level),
            BackupEnv.BACKUP_CONTAINER: args.storage.backups,
            BackupEnv.STORAGE_BLOB_ENDPOINT: args.storage.blob_endpoint,
        }
    )


def restore_variables(args: ServiceArgs) -> Variables:
    """Return the environment of a restore, which acts as the owner of the tables."""
    who, size = args.identities.migrate, args.sizes.restore
    return Variables(
        values={
            **process_values(RestoreEnv, identity=who, database=args.database, log_level=size.log_level),
            RestoreEnv.AUDIT_CONTAINER: args.storage.audit,
            RestoreEnv.BACKUP_CONTAINER: args.storage.backups,
            RestoreEnv.RESTORE_BACKUP: size.backup,
            RestoreEnv.STORAGE_BLOB_ENDPOINT: args.storage.blob_endpoint,
        }
    )


def upkeep_variables(args: ServiceArgs) -> Variables:
    """Return the environment of the upkeep, which acts as the worker does."""
    kept = args.behaviour.retention
    return Variables(
        values={
            **product_values(UpkeepEnv, args, args.identities.worker, args.sizes.upkeep.log_level),
            UpkeepEnv.AUDIT_CONTAINER: args.storage.audit,
            UpkeepEnv.EXPORT_CONTAINER: args.storage.exports,
            UpkeepEnv.RETENTION_CHAT_DAYS: str(kept.chat_days),
            UpkeepEnv.RETENTION_OPERATION_DAYS: str(kept.operation_days),
            UpkeepEnv.STORAGE_BLOB_ENDPOINT: args.storage.blob_endpoint,
        }
    )


def _roles(identities: Sequence[WorkloadIdentity]) -> pulumi.Output[str]:
    pairs = [pulumi.Output.concat(identity.role, "=", identity.principal_id) for identity in identities]
    return pulumi.Output.all(*pairs).apply(",".join)
