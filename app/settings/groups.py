"""Settings that several roles share: each group knows which variables it is made of."""

from dataclasses import dataclass
from typing import Self

from app.contract import (
    DATABASE_PORT,
    ApiEnv,
    BackupEnv,
    ChatProvider,
    McpEnv,
    MigrateEnv,
    RestoreEnv,
    RuntimeEnv,
    TokenAlgorithm,
    UpkeepEnv,
    WorkerEnv,
)
from app.settings.reader import Reader, Secret

_PER_MINUTE_MAX = 1_000_000
_HOPS_MAX = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheSettings:
    """Where the cache is."""

    host: str
    port: int

    @classmethod
    def read(cls, reader: Reader, env: type[ApiEnv | McpEnv | UpkeepEnv | WorkerEnv]) -> Self:
        """Read the group."""
        port = reader.text(env.REDIS_PORT)
        return cls(host=reader.text(env.REDIS_HOST), port=reader.port(env.REDIS_PORT, port) if port else 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatSettings:
    """Whose language model answers, and the key to it."""

    provider: ChatProvider
    model: str
    key: Secret

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the group."""
        keys = {ChatProvider.ANTHROPIC: ApiEnv.ANTHROPIC_API_KEY, ChatProvider.OPENAI: ApiEnv.OPENAI_API_KEY}
        provider = reader.choice(ApiEnv.CHAT_PROVIDER, ChatProvider)
        key = Secret(reader.text_of_runtime(keys[provider]))  # its absence is told with the other keys
        return cls(provider=provider, model=reader.text(ApiEnv.CHAT_MODEL), key=key)


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSettings:
    """Where the database is and who logs in to it."""

    host: str
    port: int
    name: str
    role: str
    client_id: str
    """Client id of the managed identity whose token is the password."""

    @classmethod
    def read(
        cls, reader: Reader, env: type[ApiEnv | BackupEnv | McpEnv | MigrateEnv | RestoreEnv | UpkeepEnv | WorkerEnv]
    ) -> Self:
        """Read the group."""
        host, _, port = reader.text(env.DATABASE_HOST).partition(":")
        return cls(
            host=host,
            port=reader.port(env.DATABASE_HOST, port or str(DATABASE_PORT)),
            name=reader.text(env.DATABASE_NAME),
            role=reader.text(env.DATABASE_ROLE),
            client_id=reader.text(env.AZURE_CLIENT_ID),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitSettings:
    """How often may be asked, and whose word about the caller's address counts."""

    per_person: int
    """Requests per minute."""
    per_address: int
    """Requests per minute."""
    trusted_hops: int
    """Proxies of ours that wrote into `X-Forwarded-For`."""

    @classmethod
    def read(cls, reader: Reader, env: type[ApiEnv | McpEnv]) -> Self:
        """Read the group."""
        return cls(
            per_person=reader.integer(env.LIMIT_PER_PERSON, 1, _PER_MINUTE_MAX),
            per_address=reader.integer(env.LIMIT_PER_ADDRESS, 1, _PER_MINUTE_MAX),
            trusted_hops=reader.integer(env.TRUSTED_HOPS, 0, _HOPS_MAX),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenSettings:
    """Where a replica answers, and what it is called in logs."""

    host: str
    port: int
    replica: str
    revision: str

    @classmethod
    def read(cls, reader: Reader, port: int) -> Self:
        """Read the group; the port is this one unless the runtime says another."""
        return cls(
            host=reader.text_of_runtime(RuntimeEnv.HOST, "0.0.0.0"),  # noqa: S104 - a container listens on all addresses
            port=reader.port(RuntimeEnv.PORT, reader.text_of_runtime(RuntimeEnv.PORT, str(port))),
            replica=reader.text_of_runtime(RuntimeEnv.CONTAINER_APP_REPLICA_NAME),
            revision=reader.text_of_runtime(RuntimeEnv.CONTAINER_APP_REVISION),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueSettings:
    """Where the queue of operations is."""

    host: str
    """`host` or `host:port` of the namespace."""
    name: str

    @classmethod
    def read(cls, reader: Reader, env: type[ApiEnv | WorkerEnv]) -> Self:
        """Read the group."""
        host = reader.text(env.SERVICE_BUS_HOST)
        if ":" in host:
            reader.port(env.SERVICE_BUS_HOST, host.partition(":")[2])
        return cls(host=host, name=reader.text(env.SERVICE_BUS_QUEUE))


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageSettings:
    """Where files go: a container, and the address of the blobs of its account."""

    endpoint: str
    container: str

    @classmethod
    def read_archive(cls, reader: Reader, env: type[RestoreEnv | UpkeepEnv | WorkerEnv]) -> Self:
        """Read where the ledger of erasures and the anchors of the audit trail are."""
        return cls(endpoint=reader.https_url(env.STORAGE_BLOB_ENDPOINT), container=reader.text(env.AUDIT_CONTAINER))

    @classmethod
    def read_backups(cls, reader: Reader, env: type[BackupEnv | RestoreEnv]) -> Self:
        """Read where backups are."""
        return cls(endpoint=reader.https_url(env.STORAGE_BLOB_ENDPOINT), container=reader.text(env.BACKUP_CONTAINER))

    @classmethod
    def read_exports(cls, reader: Reader, env: type[ApiEnv | UpkeepEnv | WorkerEnv]) -> Self:
        """Read where exports of people's data go."""
        return cls(endpoint=reader.https_url(env.STORAGE_BLOB_ENDPOINT), container=reader.text(env.EXPORT_CONTAINER))


@dataclass(frozen=True, kw_only=True, slots=True)
class TelemetrySettings:
    """Where telemetry goes."""

    connection_string: str
    trace_percent: int
    """The share of requests that are traced."""

    @classmethod
    def read(cls, reader: Reader, env: type[ApiEnv | McpEnv | WorkerEnv]) -> Self:
        """Read the group."""
        return cls(
            connection_string=reader.text(env.APPLICATIONINSIGHTS_CONNECTION_STRING),
            trace_percent=reader.integer(env.TRACE_PERCENT, 0, 100),
        )

    @classmethod
    def read_of_job(cls, reader: Reader, env: type[UpkeepEnv]) -> Self:
        """Read the group of a job: it runs now and then, so every run is traced."""
        return cls(connection_string=reader.text(env.APPLICATIONINSIGHTS_CONNECTION_STRING), trace_percent=100)


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenSettings:
    """What bearer tokens must be for and by whom."""

    algorithms: tuple[TokenAlgorithm, ...]
    audience: str
    issuer: str

    @classmethod
    def read(cls, reader: Reader, env: type[ApiEnv | McpEnv]) -> Self:
        """Read the group."""
        return cls(
            algorithms=reader.choices(env.TOKEN_ALGORITHMS, TokenAlgorithm),
            audience=reader.text(env.TOKEN_AUDIENCE),
            issuer=reader.https_url(env.TOKEN_ISSUER),
        )
