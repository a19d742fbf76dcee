"""The environment of the backup job, in the words of `app.contract`. Plain values, no resource."""

from app.contract import BackupEnv
from components.database import Database
from components.identity import WorkloadIdentity
from components.storage import Storage
from components.workloads.variables import Variables


def backup_variables(*, identity: WorkloadIdentity, database: Database, storage: Storage, log_level: str) -> Variables:
    """Return the environment of a backup, which acts as `identity`: a role of the database that reads all tables."""
    return Variables(
        values={
            BackupEnv.AZURE_CLIENT_ID: identity.client_id,
            BackupEnv.BACKUP_CONTAINER: storage.backups,
            BackupEnv.DATABASE_HOST: database.host,
            BackupEnv.DATABASE_NAME: database.database_name,
            BackupEnv.DATABASE_ROLE: identity.role,
            BackupEnv.LOG_LEVEL: log_level,
            BackupEnv.STORAGE_BLOB_ENDPOINT: storage.blob_endpoint,
        },
        secrets={},
    )
