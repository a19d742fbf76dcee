"""The environment of a container that serves, as frozen settings: one class per role.

Read once, from a mapping that is a parameter; every problem is reported at once, by the names of the contract.
`load` raises `SettingsError` when something is missing or not allowed; the message lists all of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from app.contract import API_PORT, MCP_PORT, WORKER_PORT, ApiEnv, McpEnv, WorkerEnv
from app.settings.groups import (
    CacheSettings,
    ChatSettings,
    DatabaseSettings,
    LimitSettings,
    ListenSettings,
    QueueSettings,
    StorageSettings,
    TelemetrySettings,
    TokenSettings,
)
from app.settings.reader import Reader, Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiSettings:
    """What `python -m app api` needs."""

    cache: CacheSettings
    chat: ChatSettings
    cors_origins: tuple[str, ...]
    """Origins of browsers' pages that may ask."""
    data_key_id: str
    """The vault's key that wraps the keys of people."""
    database: DatabaseSettings
    exports: StorageSettings
    front_door_id: str
    """What requests must come through; empty when they may come directly."""
    keys: Mapping[str, Secret]
    """Third-party keys by the name of their variable."""
    limits: LimitSettings
    listen: ListenSettings
    log_level: str
    queue: QueueSettings
    telemetry: TelemetrySettings
    tokens: TokenSettings

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the API."""
        read = Reader(environ)
        settings = cls(
            cache=CacheSettings.read(read, ApiEnv),
            chat=ChatSettings.read(read),
            cors_origins=read.origins(ApiEnv.CORS_ORIGINS),
            data_key_id=read.https_url(ApiEnv.DATA_KEY_ID),
            database=DatabaseSettings.read(read, ApiEnv),
            exports=StorageSettings.read_exports(read, ApiEnv),
            front_door_id=read.text_or_empty(ApiEnv.FRONT_DOOR_ID),
            keys=read.secrets(
                ApiEnv.ANTHROPIC_API_KEY,
                ApiEnv.OPENAI_API_KEY,
                ApiEnv.TELEGRAM_BOT_TOKEN,
                ApiEnv.TELEGRAM_WEBHOOK_SECRET,
            ),
            limits=LimitSettings.read(read, ApiEnv),
            listen=ListenSettings.read(read, API_PORT),
            log_level=read.log_level(ApiEnv.LOG_LEVEL),
            queue=QueueSettings.read(read, ApiEnv),
            telemetry=TelemetrySettings.read(read, ApiEnv),
            tokens=TokenSettings.read(read, ApiEnv),
        )
        read.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class McpSettings:
    """What `python -m app mcp` needs."""

    cache: CacheSettings
    data_key_id: str
    database: DatabaseSettings
    front_door_id: str
    """What requests must come through; empty when they may come directly."""
    limits: LimitSettings
    listen: ListenSettings
    log_level: str
    telemetry: TelemetrySettings
    tokens: TokenSettings

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the tool server."""
        read = Reader(environ)
        settings = cls(
            cache=CacheSettings.read(read, McpEnv),
            data_key_id=read.https_url(McpEnv.DATA_KEY_ID),
            database=DatabaseSettings.read(read, McpEnv),
            front_door_id=read.text_or_empty(McpEnv.FRONT_DOOR_ID),
            limits=LimitSettings.read(read, McpEnv),
            listen=ListenSettings.read(read, MCP_PORT),
            log_level=read.log_level(McpEnv.LOG_LEVEL),
            telemetry=TelemetrySettings.read(read, McpEnv),
            tokens=TokenSettings.read(read, McpEnv),
        )
        read.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSettings:
    """What `python -m app worker` needs."""

    audit: StorageSettings
    """Where the ledger of erasures is."""
    cache: CacheSettings
    data_key_id: str
    database: DatabaseSettings
    exports: StorageSettings
    listen: ListenSettings
    log_level: str
    queue: QueueSettings
    telegram: Secret
    """The bot's token."""
    telemetry: TelemetrySettings

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the worker."""
        read = Reader(environ)
        settings = cls(
            audit=StorageSettings.read_archive(read, WorkerEnv),
            cache=CacheSettings.read(read, WorkerEnv),
            data_key_id=read.https_url(WorkerEnv.DATA_KEY_ID),
            database=DatabaseSettings.read(read, WorkerEnv),
            exports=StorageSettings.read_exports(read, WorkerEnv),
            listen=ListenSettings.read(read, WORKER_PORT),
            log_level=read.log_level(WorkerEnv.LOG_LEVEL),
            queue=QueueSettings.read(read, WorkerEnv),
            telegram=Secret(read.text(WorkerEnv.TELEGRAM_BOT_TOKEN)),
            telemetry=TelemetrySettings.read(read, WorkerEnv),
        )
        read.finish()
        return settings
