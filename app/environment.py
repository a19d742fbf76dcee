"""What containers find in their environment, variable by variable, in groups that several roles share.

A `Reader` collects every problem, so that all are reported at once, by the names of the contract.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from app.contract import DATABASE_PORT, PLACEHOLDER_SECRET, ApiEnv, BackupEnv, McpEnv, MigrateEnv, RuntimeEnv, WorkerEnv

LOG_LEVELS: Final = ("debug", "info", "warning", "error")

_PAIR: Final = re.compile(r"([^=,]{1,63})=([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
"""A role of PostgreSQL, which has at most 63 characters, and a UUID."""


class SettingsError(ValueError):
    """The environment cannot be used; the message has one line per variable."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that never shows in a representation, a log line or a traceback."""

    value: str = field(repr=False)

    @property
    def is_placeholder(self) -> bool:
        """Whether nobody has filled the secret in yet."""
        return self.value == PLACEHOLDER_SECRET


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheSettings:
    """Where the cache is."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSettings:
    """Where the database is and who logs in to it."""

    host: str
    port: int
    name: str
    role: str
    client_id: str
    """Client id of the managed identity whose token is the password."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenSettings:
    """Where a replica answers, and what it is called in logs."""

    host: str
    port: int
    replica: str
    revision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueSettings:
    """Where the queue of operations is."""

    host: str
    """`host` or `host:port` of the namespace."""
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenSettings:
    """What bearer tokens must be for and by whom."""

    audience: str
    issuer: str


class Reader:
    """Reads variables and collects what is wrong with them; what it returns counts only after `finish`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def text(self, name: StrEnum) -> str:
        """Read a value that must not be blank."""
        value = self._environ.get(name, "")
        if not value.strip():
            self._problems.append(f"{name}: missing; the platform sets it (app/contract.py)")
        return value

    def secrets(self, *names: StrEnum) -> dict[str, Secret]:
        """Read secrets, by the name of their variable."""
        return {name.value: Secret(self.text(name)) for name in names}

    def text_or_empty(self, name: StrEnum) -> str:
        """Read a value that may be empty but must be there."""
        value = self._environ.get(name)
        if value is None:
            self._problems.append(f"{name}: missing; the platform sets it, if only to nothing (app/contract.py)")
        return (value or "").strip()

    def log_level(self, name: StrEnum) -> str:
        """Read a log level."""
        value = self.text(name)
        if value and value not in LOG_LEVELS:
            self._problems.append(f"{name}: expected one of {', '.join(LOG_LEVELS)}, got {value!r}")
        return value

    def https_url(self, name: StrEnum) -> str:
        """Read an address."""
        value = self.text(name)
        url = urlsplit(value)
        if value and (url.scheme != "https" or not url.hostname or url.query or url.fragment):
            self._problems.append(f"{name}: expected an https address without query, got {value!r}")
        return value

    def roles(self, name: StrEnum) -> Mapping[str, str]:
        """Read object ids by role, `role=object-id` with commas between."""
        value = self.text(name)
        pairs = [_PAIR.fullmatch(pair.strip()) for pair in value.split(",")]
        roles = {pair[1]: pair[2] for pair in pairs if pair}
        if value.strip() and len(roles) < len(pairs):
            self._problems.append(f"{name}: expected role=object-id, commas between, each role once, got {value!r}")
        return roles

    def cache(self, env: type[McpEnv | WorkerEnv]) -> CacheSettings:
        """Read where the cache is."""
        port = self.text(env.REDIS_PORT)
        return CacheSettings(host=self.text(env.REDIS_HOST), port=self._port(env.REDIS_PORT, port) if port else 0)

    def database(self, env: type[ApiEnv | BackupEnv | McpEnv | MigrateEnv | WorkerEnv]) -> DatabaseSettings:
        """Read where the database is and who logs in."""
        host, _, port = self.text(env.DATABASE_HOST).partition(":")
        return DatabaseSettings(
            host=host,
            port=self._port(env.DATABASE_HOST, port or str(DATABASE_PORT)),
            name=self.text(env.DATABASE_NAME),
            role=self.text(env.DATABASE_ROLE),
            client_id=self.text(env.AZURE_CLIENT_ID),
        )

    def listen(self, port: int) -> ListenSettings:
        """Read where to answer, on this port unless the runtime says another."""
        environ = self._environ
        return ListenSettings(
            host=environ.get(RuntimeEnv.HOST) or "0.0.0.0",  # noqa: S104 - a container listens on all its addresses
            port=self._port(RuntimeEnv.PORT, environ.get(RuntimeEnv.PORT) or str(port)),
            replica=environ.get(RuntimeEnv.CONTAINER_APP_REPLICA_NAME, ""),
            revision=environ.get(RuntimeEnv.CONTAINER_APP_REVISION, ""),
        )

    def queue(self, env: type[McpEnv | WorkerEnv]) -> QueueSettings:
        """Read where the queue is."""
        host = self.text(env.SERVICE_BUS_HOST)
        if ":" in host:
            self._port(env.SERVICE_BUS_HOST, host.partition(":")[2])
        return QueueSettings(host=host, name=self.text(env.SERVICE_BUS_QUEUE))

    def tokens(self, env: type[ApiEnv | McpEnv]) -> TokenSettings:
        """Read what bearer tokens must be."""
        return TokenSettings(audience=self.text(env.TOKEN_AUDIENCE), issuer=self.https_url(env.TOKEN_ISSUER))

    def finish(self) -> None:
        """Raise `SettingsError` with every problem, if there is one."""
        if self._problems:
            raise SettingsError("\n".join(self._problems))

    def _port(self, name: StrEnum, value: str) -> int:
        if value.isascii() and value.isdigit() and 1 <= int(value) <= 65535:  # noqa: PLR2004 - the range of a port
            return int(value)
        self._problems.append(f"{name}: expected a port, 1 to 65535, got {value!r}")
        return 0
