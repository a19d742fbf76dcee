"""The one seam between the platform and the service.

The platform (`components/`) gives a container what is named here; the service (`app/`) reads exactly that.
Both sides import this file, so nothing is spelled twice. Standard library only.
"""

from enum import StrEnum
from typing import Final

API_PORT: Final = 8080
"""Where the API listens in its container; the target port of the ingress."""

MCP_PORT: Final = 8081
"""Where the tool server listens in its container; the target port of its ingress."""

WORKER_PORT: Final = 8082
"""Where the worker answers health probes, and nothing else."""

LIVENESS_PATH: Final = "/health"
"""Answers while the process is alive; pings nothing."""

READINESS_PATH: Final = "/health/ready"
"""Answers 200 while every hard dependency answers; derived from the wiring."""

PROBE_PATHS: Final = (LIVENESS_PATH, READINESS_PATH)
"""What Container Apps asks a replica for by itself, by the replica's own address."""

TERMINATION_GRACE_S: Final = 60
"""How long a replica may finish its requests after it is told to stop; then it is killed."""

OPERATIONS_QUEUE: Final = "async-operations"
"""The queue of work that outlives a request."""

DELIVERIES_MAX: Final = 5
"""How often the queue delivers a message; one that was done at none of them is a dead letter."""

LOCK_MAX_S: Final = 300
"""The longest that the queue keeps a message for a receiver that is silent (Microsoft, "Message transfers, locks, and
settlement": five minutes)."""

MESSAGE_TTL_DAYS: Final = 14
"""How long the queue keeps a message; then it is a dead letter."""

REPLAY_OF: Final = "replay-of"
"""The property of a message that a person sent again: the id that it had before, by which a worker knows it."""

TRACE_PROPERTIES: Final = ("traceparent", "Diagnostic-Id")
"""The properties that hold the trace of a message, each all of it (W3C, "Trace Context: AMQP protocol"): Azure's
libraries write both, the second for who knows its former name alone (Microsoft, "Distributed tracing through Service
Bus messaging")."""

DATABASE_PORT: Final = 5432
"""The port of a `DATABASE_HOST` that names none."""

PLACEHOLDER_SECRET: Final = "placeholder-set-me-in-the-key-vault"
"""What the program writes once into a secret that a person fills in later. The service reports it as missing."""


class ChatProvider(StrEnum):
    """Whose language model answers."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"


class TokenAlgorithm(StrEnum):
    """How bearer tokens may be signed (RFC 7518, section 3.1): with the issuer's private key, never a shared secret."""

    RS256 = "RS256"
    """RSA with padding of PKCS #1 v1.5, as Entra ID signs."""
    PS256 = "PS256"
    """RSA with padding of PSS."""
    ES256 = "ES256"
    """ECDSA on the curve P-256."""


class ThirdPartyKey(StrEnum):
    """A secret that a person fills in, by its name in the key vault."""

    ANTHROPIC = "anthropic-api-key"
    OPENAI = "openai-api-key"
    TELEGRAM = "telegram-bot-token"
    TELEGRAM_WEBHOOK = "telegram-webhook-secret"


class ApiEnv(StrEnum):
    """Environment of the API container; every one is set by the platform."""

    ANTHROPIC_API_KEY = "ANTHROPIC_API_KEY"
    """A third-party key, by reference to the vault, as are the other three."""
    APPLICATIONINSIGHTS_CONNECTION_STRING = "APPLICATIONINSIGHTS_CONNECTION_STRING"
    """Where telemetry goes; it holds no secret, as publishing takes a token of the identity."""
    AZURE_CLIENT_ID = "AZURE_CLIENT_ID"
    """Client id of the managed identity that the container acts as."""
    CHAT_MODEL = "CHAT_MODEL"
    """The name of the language model, in its provider's words."""
    CHAT_PROVIDER = "CHAT_PROVIDER"
    """One of `ChatProvider`."""
    CORS_ORIGINS = "CORS_ORIGINS"
    """Origins of browsers' pages that may ask, with commas between; empty for none."""
    DATABASE_HOST = "DATABASE_HOST"
    """`host` or `host:port` of the PostgreSQL server."""
    DATABASE_NAME = "DATABASE_NAME"
    """The database with the product's tables."""
    DATABASE_ROLE = "DATABASE_ROLE"
    """The role to log in as: the name of the managed identity."""
    DATA_KEY_ID = "DATA_KEY_ID"
    """The address, without a version, of the vault's key that wraps the keys of people."""
    EXPORT_CONTAINER = "EXPORT_CONTAINER"
    """The container that exports of people's data go to."""
    FRONT_DOOR_ID = "FRONT_DOOR_ID"
    """The Front Door that every request must come through; empty when there is none."""
    LIMIT_PER_ADDRESS = "LIMIT_PER_ADDRESS"
    """Requests per minute from one address."""
    LIMIT_PER_PERSON = "LIMIT_PER_PERSON"
    """Requests per minute of one person."""
    LOG_LEVEL = "LOG_LEVEL"
    """One of debug, info, warning, error."""
    OPENAI_API_KEY = "OPENAI_API_KEY"
    REDIS_HOST = "REDIS_HOST"
    """The host of the cache."""
    REDIS_PORT = "REDIS_PORT"
    """Its port, which speaks TLS."""
    SERVICE_BUS_HOST = "SERVICE_BUS_HOST"
    """`host` or `host:port` of the Service Bus namespace."""
    SERVICE_BUS_QUEUE = "SERVICE_BUS_QUEUE"
    """The queue that operations are sent to."""
    STORAGE_BLOB_ENDPOINT = "STORAGE_BLOB_ENDPOINT"
    """The address of the storage account's blobs."""
    TELEGRAM_BOT_TOKEN = "TELEGRAM_BOT_TOKEN"
    TELEGRAM_WEBHOOK_SECRET = "TELEGRAM_WEBHOOK_SECRET"
    """What Telegram names in the header of each update."""
    TOKEN_ALGORITHMS = "TOKEN_ALGORITHMS"
    """What bearer tokens may be signed with: some of `TokenAlgorithm`, the preferred one first, with commas between."""
    TOKEN_AUDIENCE = "TOKEN_AUDIENCE"
    """The audience that a bearer token must name."""
    TOKEN_ISSUER = "TOKEN_ISSUER"
    """The issuer whose keys sign bearer tokens, equal to `issuer` of its discovery document."""
    TRACE_PERCENT = "TRACE_PERCENT"
    """The share of requests that are traced, 0 to 100."""
    TRUSTED_HOPS = "TRUSTED_HOPS"
    """How many proxies of ours a request has come through: what they wrote into `X-Forwarded-For` is believed."""


class BackupEnv(StrEnum):
    """Environment of the backup job, which runs to its end."""

    AZURE_CLIENT_ID = "AZURE_CLIENT_ID"
    """Client id of the identity that reads the database and writes the backup."""
    BACKUP_CONTAINER = "BACKUP_CONTAINER"
    """The container that backups go to."""
    DATABASE_HOST = "DATABASE_HOST"
    DATABASE_NAME = "DATABASE_NAME"
    DATABASE_ROLE = "DATABASE_ROLE"
    """The role to log in as, which may read every table: the name of the managed identity."""
    LOG_LEVEL = "LOG_LEVEL"
    STORAGE_BLOB_ENDPOINT = "STORAGE_BLOB_ENDPOINT"
    """The address of the storage account's blobs."""


class MigrateEnv(StrEnum):
    """Environment of the migration container, which runs to its end before the API starts."""

    AZURE_CLIENT_ID = "AZURE_CLIENT_ID"
    """Client id of the identity that administers the database."""
    DATABASE_HOST = "DATABASE_HOST"
    DATABASE_NAME = "DATABASE_NAME"
    DATABASE_READER_OBJECT_ID = "DATABASE_READER_OBJECT_ID"
    """Object id of the identity that backups are made with."""
    DATABASE_READER_ROLE = "DATABASE_READER_ROLE"
    """The role to create for backups, named like its managed identity."""
    DATABASE_ROLE = "DATABASE_ROLE"
    """The administrator's role: the name of its managed identity."""
    DATABASE_RUNTIME_ROLES = "DATABASE_RUNTIME_ROLES"
    """The roles to create for the workloads, `role=object-id` with commas between: each is named like its identity."""
    DATABASE_UPKEEP_ROLE = "DATABASE_UPKEEP_ROLE"
    """Which of them keeps house for everybody, and so may see everybody's rows."""
    LOG_LEVEL = "LOG_LEVEL"


class McpEnv(StrEnum):
    """Environment of the tool server's container; every one is set by the platform."""

    APPLICATIONINSIGHTS_CONNECTION_STRING = "APPLICATIONINSIGHTS_CONNECTION_STRING"
    AZURE_CLIENT_ID = "AZURE_CLIENT_ID"
    """Client id of the managed identity that the container acts as."""
    DATABASE_HOST = "DATABASE_HOST"
    DATABASE_NAME = "DATABASE_NAME"
    DATABASE_ROLE = "DATABASE_ROLE"
    DATA_KEY_ID = "DATA_KEY_ID"
    FRONT_DOOR_ID = "FRONT_DOOR_ID"
    """The Front Door that every request must come through; empty when there is none."""
    LIMIT_PER_ADDRESS = "LIMIT_PER_ADDRESS"
    LIMIT_PER_PERSON = "LIMIT_PER_PERSON"
    LOG_LEVEL = "LOG_LEVEL"
    REDIS_HOST = "REDIS_HOST"
    REDIS_PORT = "REDIS_PORT"
    TOKEN_ALGORITHMS = "TOKEN_ALGORITHMS"
    """What bearer tokens may be signed with: some of `TokenAlgorithm`, the preferred one first, with commas between."""
    TOKEN_AUDIENCE = "TOKEN_AUDIENCE"
    """The audience that a bearer token must name."""
    TOKEN_ISSUER = "TOKEN_ISSUER"
    """The issuer whose keys sign bearer tokens, equal to `issuer` of its discovery document."""
    TRACE_PERCENT = "TRACE_PERCENT"
    TRUSTED_HOPS = "TRUSTED_HOPS"


class RestoreEnv(StrEnum):
    """Environment of the job that fills an empty database from a backup, which runs to its end."""

    AUDIT_CONTAINER = "AUDIT_CONTAINER"
    """The container with the ledger of erasures, which is replayed, and the anchors of the audit trail."""
    AZURE_CLIENT_ID = "AZURE_CLIENT_ID"
    """Client id of the identity that administers the database and reads backups."""
    BACKUP_CONTAINER = "BACKUP_CONTAINER"
    """The container that backups are in."""
    DATABASE_HOST = "DATABASE_HOST"
    DATABASE_NAME = "DATABASE_NAME"
    DATABASE_ROLE = "DATABASE_ROLE"
    """The administrator's role, which owns the tables: the name of its managed identity."""
    LOG_LEVEL = "LOG_LEVEL"
    RESTORE_BACKUP = "RESTORE_BACKUP"
    """The backup to restore, by the name of its folder; empty for the newest."""
    STORAGE_BLOB_ENDPOINT = "STORAGE_BLOB_ENDPOINT"


class UpkeepEnv(StrEnum):
    """Environment of the job that keeps house, which runs to its end."""

    APPLICATIONINSIGHTS_CONNECTION_STRING = "APPLICATIONINSIGHTS_CONNECTION_STRING"
    AUDIT_CONTAINER = "AUDIT_CONTAINER"
    """The container, of blobs that nobody can change, for heads of the audit trail and the ledger of erasures."""
    AZURE_CLIENT_ID = "AZURE_CLIENT_ID"
    DATABASE_HOST = "DATABASE_HOST"
    DATABASE_NAME = "DATABASE_NAME"
    DATABASE_ROLE = "DATABASE_ROLE"
    DATA_KEY_ID = "DATA_KEY_ID"
    EXPORT_CONTAINER = "EXPORT_CONTAINER"
    LOG_LEVEL = "LOG_LEVEL"
    RETENTION_CHAT_DAYS = "RETENTION_CHAT_DAYS"
    """Days after which what was said to a language model is deleted."""
    RETENTION_OPERATION_DAYS = "RETENTION_OPERATION_DAYS"
    """Days after which operations and what was done with personal data are deleted."""
    REDIS_HOST = "REDIS_HOST"
    REDIS_PORT = "REDIS_PORT"
    STORAGE_BLOB_ENDPOINT = "STORAGE_BLOB_ENDPOINT"


class WorkerEnv(StrEnum):
    """Environment of the worker's container; every one is set by the platform."""

    APPLICATIONINSIGHTS_CONNECTION_STRING = "APPLICATIONINSIGHTS_CONNECTION_STRING"
    AUDIT_CONTAINER = "AUDIT_CONTAINER"
    """The container, of blobs that nobody can change, that erasures are told in to whoever restores a backup."""
    AZURE_CLIENT_ID = "AZURE_CLIENT_ID"
    """Client id of the managed identity that the container acts as."""
    DATABASE_HOST = "DATABASE_HOST"
    DATABASE_NAME = "DATABASE_NAME"
    DATABASE_ROLE = "DATABASE_ROLE"
    DATA_KEY_ID = "DATA_KEY_ID"
    EXPORT_CONTAINER = "EXPORT_CONTAINER"
    LOG_LEVEL = "LOG_LEVEL"
    REDIS_HOST = "REDIS_HOST"
    REDIS_PORT = "REDIS_PORT"
    SERVICE_BUS_HOST = "SERVICE_BUS_HOST"
    SERVICE_BUS_QUEUE = "SERVICE_BUS_QUEUE"
    """The queue that operations are taken from."""
    STORAGE_BLOB_ENDPOINT = "STORAGE_BLOB_ENDPOINT"
    TELEGRAM_BOT_TOKEN = "TELEGRAM_BOT_TOKEN"
    TRACE_PERCENT = "TRACE_PERCENT"


class RuntimeEnv(StrEnum):
    """Environment that the container runtime may add; each has a default in the service."""

    CONTAINER_APP_REPLICA_NAME = "CONTAINER_APP_REPLICA_NAME"
    """Set by Container Apps; names the process in logs."""
    CONTAINER_APP_REVISION = "CONTAINER_APP_REVISION"
    """Set by Container Apps; names the code in logs."""
    HOST = "HOST"
    """Address to listen on; all addresses unless said."""
    PORT = "PORT"
    """Port to listen on; the one of the container's role unless said."""
