"""The environment of a container as frozen settings.

Read once, from a mapping that is a parameter; every problem is reported at once, by the names of the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self
from urllib.parse import urlsplit

from app.contract import API_PORT, DATABASE_PORT, PLACEHOLDER_SECRET, ApiEnv, MigrateEnv, RuntimeEnv

LOG_LEVELS: Final = ("debug", "info", "warning", "error")


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
class DatabaseSettings:
    """Where the database is and who logs in to it."""

    host: str
    port: int
    name: str
    role: str
    client_id: str
    """Client id of the managed identity whose token is the password."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiSettings:
    """What `python -m app api` needs."""

    database: DatabaseSettings
    log_level: str
    openai_api_key: Secret
    token_audience: str
    token_issuer: str
    host: str
    port: int
    replica: str
    revision: str

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the API.

        Raises:
            SettingsError: Something is missing or not allowed; the message lists all of it.
        """
        read = _Reader(environ)
        settings = cls(
            database=read.database(ApiEnv),
            log_level=read.log_level(ApiEnv.LOG_LEVEL),
            openai_api_key=Secret(read.text(ApiEnv.OPENAI_API_KEY)),
            token_audience=read.text(ApiEnv.TOKEN_AUDIENCE),
            token_issuer=read.https_url(ApiEnv.TOKEN_ISSUER),
            host=environ.get(RuntimeEnv.HOST) or "0.0.0.0",  # noqa: S104 - a container listens on all its addresses
            port=read.port(RuntimeEnv.PORT, environ.get(RuntimeEnv.PORT) or str(API_PORT)),
            replica=environ.get(RuntimeEnv.CONTAINER_APP_REPLICA_NAME, ""),
            revision=environ.get(RuntimeEnv.CONTAINER_APP_REVISION, ""),
        )
        read.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrateSettings:
    """What `python -m app migrate` needs."""

    database: DatabaseSettings
    runtime_object_id: str
    runtime_role: str
    log_level: str

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of the migration.

        Raises:
            SettingsError: Something is missing or not allowed; the message lists all of it.
        """
        read = _Reader(environ)
        settings = cls(
            database=read.database(MigrateEnv),
            runtime_object_id=read.text(MigrateEnv.DATABASE_RUNTIME_OBJECT_ID),
            runtime_role=read.text(MigrateEnv.DATABASE_RUNTIME_ROLE),
            log_level=read.log_level(MigrateEnv.LOG_LEVEL),
        )
        read.finish()
        return settings


class _Reader:
    """Reads variables and collects what is wrong with them; what it returns counts only after `finish`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def text(self, name: StrEnum) -> str:
        value = self._environ.get(name, "")
        if not value.strip():
            self._problems.append(f"{name}: missing; the platform sets it (app/contract.py)")
        return value

    def log_level(self, name: StrEnum) -> str:
        value = self.text(name)
        if value and value not in LOG_LEVELS:
            self._problems.append(f"{name}: expected one of {', '.join(LOG_LEVELS)}, got {value!r}")
        return value

    def https_url(self, name: StrEnum) -> str:
        value = self.text(name)
        url = urlsplit(value)
        if value and (url.scheme != "https" or not url.hostname or url.query or url.fragment):
            self._problems.append(f"{name}: expected an https address without query, got {value!r}")
        return value

    def port(self, name: StrEnum, value: str) -> int:
        if value.isascii() and value.isdigit() and 1 <= int(value) <= 65535:  # noqa: PLR2004 - the range of a port
            return int(value)
        self._problems.append(f"{name}: expected a port, 1 to 65535, got {value!r}")
        return 0

    def database(self, env: type[ApiEnv] | type[MigrateEnv]) -> DatabaseSettings:
        host, _, port = self.text(env.DATABASE_HOST).partition(":")
        return DatabaseSettings(
            host=host,
            port=self.port(env.DATABASE_HOST, port or str(DATABASE_PORT)),
            name=self.text(env.DATABASE_NAME),
            role=self.text(env.DATABASE_ROLE),
            client_id=self.text(env.AZURE_CLIENT_ID),
        )

    def finish(self) -> None:
        if self._problems:
            raise SettingsError("\n".join(self._problems))
