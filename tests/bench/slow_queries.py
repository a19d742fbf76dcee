"""Which statements of a deployment's PostgreSQL took too long, as its own log says."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from localazure.postgres.binaries import find_binaries
from localazure.postgres.cluster import Cluster, data_version
from localazure.postgres.connection import connect

_SLOW: Final = re.compile(r"^.*? LOG:  duration: ([0-9.]+) ms  (.*)$", re.MULTILINE)
_SET_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class SlowQueries:
    """What was found.

    Args:
        over_ms: What is too long, in milliseconds.
        found: Of each such statement how long it took, in milliseconds, and the first line of what it was.
    """

    over_ms: int
    found: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])


@asynccontextmanager
async def slow_queries(postgres: Path, over_ms: int) -> AsyncGenerator[SlowQueries]:
    """Have a server log each statement that takes too long while the block runs, whoever sends it.

    The log tells more than `pg_stat_statements` would: planning and binding have lines of their own, and no restart is
    needed.

    Args:
        postgres: The folder of the server: its data, and its log.
        over_ms: What is too long, in milliseconds.

    Yields:
        What was found, once the block has ended.
    """
    slow, log = SlowQueries(over_ms=over_ms), postgres / "server.log"
    await _log_from(postgres, over_ms)
    before = log.stat().st_size
    try:
        yield slow
    finally:
        await _log_from(postgres, -1)
    with log.open("rb") as said:
        said.seek(before)
        text = said.read().decode(errors="replace")
    slow.found.extend((float(line[1]), line[2]) for line in _SLOW.finditer(text))


async def _log_from(postgres: Path, milliseconds: int) -> None:
    """Set from how long on a statement is logged, -1 for never, and wait until sessions know."""
    major = data_version(postgres)
    assert major, f"no server in {postgres}"
    connection = await connect(Cluster(find_binaries(major), postgres).sockets)
    try:
        await connection.execute(f"ALTER SYSTEM SET log_min_duration_statement = {milliseconds}")
        await connection.execute("SELECT pg_reload_conf()")
        async with asyncio.timeout(_SET_SECONDS):
            known = "SELECT setting::int FROM pg_settings WHERE name = 'log_min_duration_statement'"
            while True:
                if await connection.fetchval(known) == milliseconds:
                    return
                await asyncio.sleep(_POLL_SECONDS)
    finally:
        await connection.close()
