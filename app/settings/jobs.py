"""The environment of a container that runs to its end, as frozen settings: one class per role.

As in `app.settings.services`, `load` raises `SettingsError` with all that is missing or not allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from app.contract import BackupEnv, MigrateEnv, RestoreEnv, UpkeepEnv
from app.settings.groups import CacheSettings, DatabaseSettings, StorageSettings, TelemetrySettings
from app.settings.reader import Reader

DAYS_MAX: Final = 3650
"""The longest that anything is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupSettings:
    """What `python -m app backup` needs."""

    backups: StorageSettings
    database: DatabaseSettings
    log_level: str

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the backup."""
        read = Reader(environ)
        settings = cls(
            backups=StorageSettings.read_backups(read, BackupEnv),
            database=DatabaseSettings.read(read, BackupEnv),
            log_level=read.log_level(BackupEnv.LOG_LEVEL),
        )
        read.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrateSettings:
    """What `python -m app migrate` needs."""

    database: DatabaseSettings
    reader_object_id: str
    reader_role: str
    runtimes: Mapping[str, str]
    """Object id of each workload's identity, by the role that it gets."""
    upkeep_role: str
    """Which of the workloads' roles may see everybody's rows."""
    log_level: str

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the migration."""
        read = Reader(environ)
        settings = cls(
            database=DatabaseSettings.read(read, MigrateEnv),
            reader_object_id=read.text(MigrateEnv.DATABASE_READER_OBJECT_ID),
            reader_role=read.text(MigrateEnv.DATABASE_READER_ROLE),
            runtimes=read.roles(MigrateEnv.DATABASE_RUNTIME_ROLES),
            upkeep_role=read.text(MigrateEnv.DATABASE_UPKEEP_ROLE),
            log_level=read.log_level(MigrateEnv.LOG_LEVEL),
        )
        read.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreSettings:
    """What `python -m app restore` needs."""

    audit: StorageSettings
    """Where the ledger of erasures and the anchors of the audit trail are."""
    backup: str
    """The name of the backup to restore; empty for the newest."""
    backups: StorageSettings
    database: DatabaseSettings
    log_level: str

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the restore."""
        read = Reader(environ)
        settings = cls(
            audit=StorageSettings.read_archive(read, RestoreEnv),
            backup=read.text_or_empty(RestoreEnv.RESTORE_BACKUP),
            backups=StorageSettings.read_backups(read, RestoreEnv),
            database=DatabaseSettings.read(read, RestoreEnv),
            log_level=read.log_level(RestoreEnv.LOG_LEVEL),
        )
        read.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class UpkeepSettings:
    """What `python -m app upkeep` needs."""

    audit: StorageSettings
    """Where the heads of the audit trail are anchored, and the ledger of erasures is."""
    cache: CacheSettings
    chat_days: int
    """Days that what was said to a language model is kept."""
    data_key_id: str
    database: DatabaseSettings
    exports: StorageSettings
    log_level: str
    operation_days: int
    """Days that operations are kept."""
    telemetry: TelemetrySettings

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the upkeep."""
        read = Reader(environ)
        settings = cls(
            audit=StorageSettings.read_archive(read, UpkeepEnv),
            cache=CacheSettings.read(read, UpkeepEnv),
            chat_days=read.integer(UpkeepEnv.RETENTION_CHAT_DAYS, 1, DAYS_MAX),
            data_key_id=read.https_url(UpkeepEnv.DATA_KEY_ID),
            database=DatabaseSettings.read(read, UpkeepEnv),
            exports=StorageSettings.read_exports(read, UpkeepEnv),
            log_level=read.log_level(UpkeepEnv.LOG_LEVEL),
            operation_days=read.integer(UpkeepEnv.RETENTION_OPERATION_DAYS, 1, DAYS_MAX),
            telemetry=TelemetrySettings.read_of_job(read, UpkeepEnv),
        )
        read.finish()
        return settings
