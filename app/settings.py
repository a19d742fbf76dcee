"""The environment of a container as frozen settings, one class per role.

Read once, from a mapping that is a parameter; every problem is reported at once, by the names of the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from app.contract import API_PORT, MCP_PORT, WORKER_PORT, ApiEnv, BackupEnv, McpEnv, MigrateEnv, WorkerEnv
from app.environment import (
    CacheSettings,
    DatabaseSettings,
    ListenSettings,
    QueueSettings,
    Reader,
    Secret,
    TokenSettings,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiSettings:
    """What `python -m app api` needs."""

    database: DatabaseSettings
    front_door_id: str
    """What requests must come through; empty when they may come directly."""
    keys: Mapping[str, Secret]
    """Third-party keys by the name of their variable."""
    listen: ListenSettings
    log_level: str
    tokens: TokenSettings

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the API.

        Raises:
            SettingsError: Something is missing or not allowed; the message lists all of it.
        """
        read = Reader(environ)
        settings = cls(
            database=read.database(ApiEnv),
            front_door_id=read.text_or_empty(ApiEnv.FRONT_DOOR_ID),
            keys=read.secrets(ApiEnv.ANTHROPIC_API_KEY, ApiEnv.OPENAI_API_KEY, ApiEnv.TELEGRAM_BOT_TOKEN),
            listen=read.listen(API_PORT),
            log_level=read.log_level(ApiEnv.LOG_LEVEL),
            tokens=read.tokens(ApiEnv),
        )
        read.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupSettings:
    """What `python -m app backup` needs."""

    database: DatabaseSettings
    blob_endpoint: str
    container: str
    log_level: str

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the backup.

        Raises:
            SettingsError: Something is missing or not allowed; the message lists all of it.
        """
        read = Reader(environ)
        settings = cls(
            database=read.database(BackupEnv),
            blob_endpoint=read.https_url(BackupEnv.STORAGE_BLOB_ENDPOINT),
            container=read.text(BackupEnv.BACKUP_CONTAINER),
            log_level=read.log_level(BackupEnv.LOG_LEVEL),
        )
        read.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class McpSettings:
    """What `python -m app mcp` needs."""

    cache: CacheSettings
    database: DatabaseSettings
    front_door_id: str
    """What requests must come through; empty when they may come directly."""
    listen: ListenSettings
    log_level: str
    queue: QueueSettings
    tokens: TokenSettings

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the tool server.

        Raises:
            SettingsError: Something is missing or not allowed; the message lists all of it.
        """
        read = Reader(environ)
        settings = cls(
            cache=read.cache(McpEnv),
            database=read.database(McpEnv),
            front_door_id=read.text_or_empty(McpEnv.FRONT_DOOR_ID),
            listen=read.listen(MCP_PORT),
            log_level=read.log_level(McpEnv.LOG_LEVEL),
            queue=read.queue(McpEnv),
            tokens=read.tokens(McpEnv),
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
    log_level: str

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the migration.

        Raises:
            SettingsError: Something is missing or not allowed; the message lists all of it.
        """
        read = Reader(environ)
        settings = cls(
            database=read.database(MigrateEnv),
            reader_object_id=read.text(MigrateEnv.DATABASE_READER_OBJECT_ID),
            reader_role=read.text(MigrateEnv.DATABASE_READER_ROLE),
            runtimes=read.roles(MigrateEnv.DATABASE_RUNTIME_ROLES),
            log_level=read.log_level(MigrateEnv.LOG_LEVEL),
        )
        read.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSettings:
    """What `python -m app worker` needs."""

    cache: CacheSettings
    database: DatabaseSettings
    listen: ListenSettings
    log_level: str
    queue: QueueSettings

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the worker.

        Raises:
            SettingsError: Something is missing or not allowed; the message lists all of it.
        """
        read = Reader(environ)
        settings = cls(
            cache=read.cache(WorkerEnv),
            database=read.database(WorkerEnv),
            listen=read.listen(WORKER_PORT),
            log_level=read.log_level(WorkerEnv.LOG_LEVEL),
            queue=read.queue(WorkerEnv),
        )
        read.finish()
        return settings
