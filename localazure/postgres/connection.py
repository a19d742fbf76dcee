"""A connection as the server's own superuser, with types: asyncpg ships none."""

from pathlib import Path
from typing import Any, Final, Protocol, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # asyncpg ships no types; the protocol below states them

SUPERUSER: Final = "azuresu"
"""The superuser of a Flexible Server, which only the service itself may be."""

PORT: Final = 5432
"""Part of the name of the socket file; nothing listens on it."""

NOT_YET: Final = (OSError, asyncpg.InterfaceError, asyncpg.PostgresError)
"""What connecting raises while a server starts or ends."""

_COMMAND_SECONDS: Final = 60
_CONNECT_SECONDS: Final = 5


class Connection(Protocol):
    """What is used of an asyncpg connection."""

    async def close(self) -> None:
        """End the session."""
        ...

    async def execute(self, query: str, *arguments: object) -> str:
        """Run statements."""
        ...

    async def fetchrow(self, query: str, *arguments: object) -> tuple[Any, ...] | None:
        """Give the first row, or nothing."""
        ...

    async def fetchval(self, query: str, *arguments: object) -> Any:
        """Give the first value of the first row."""
        ...


async def connect(sockets: Path, database: str = "postgres") -> Connection:
    """Open a superuser's session over the private socket in the folder `sockets`."""
    connection = await asyncpg.connect(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # no types
        host=str(sockets),
        port=PORT,
        user=SUPERUSER,
        database=database,
        timeout=_CONNECT_SECONDS,
        command_timeout=_COMMAND_SECONDS,
    )
    return cast("Connection", connection)
