"""The databases of the embedded Azure Managed Redis, by cluster: the part that ARM's resources talk to."""

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from localazure.errors import StateError
from localazure.planes.files import write_atomically
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.redis.binaries import find_redis
from localazure.redis.gateway import Gateway
from localazure.redis.server import Memory, RedisServer


@dataclass(frozen=True, kw_only=True)
class _Database:
    gateway: Gateway
    port: int
    server: RedisServer


class RedisServers:
    """Every database of the embedded Azure, each in a folder of its own under its cluster's name.

    Args:
        folder: Where the data lives; created when missing.
        authority: Signs the gateways' certificates.
        tokens: Verifies the tokens that stand for passwords.

    """

    def __init__(self, folder: Path, authority: CertificateAuthority, tokens: TokenSigner) -> None:
        self._authority = authority
        self._changing = asyncio.Lock()
        self._databases: dict[str, _Database] = {}
        self._folder = folder
        self._tokens = tokens

    async def create(self, cluster: str, memory: Memory) -> int:
        """Make a cluster's database, or start it again with its data; one that runs gets the new memory.

        Returns:
            The port where it answers on 127.0.0.1: the one it had, at first any free one.

        Raises:
            StateError: No Redis is installed, it does not start, or the port is taken.

        """
        async with self._changing:
            running = self._databases.get(cluster.lower())
            if running is None or not running.server.running:
                await self._stop(cluster)
                running = self._databases[cluster.lower()] = await self._start(self._path(cluster), memory)
            else:
                await running.server.hold(memory)
            return running.port

    async def admit(self, cluster: str, object_id: str) -> None:
        """Let an Entra object use a database."""
        await self._running(cluster).admit(object_id.lower())

    async def expel(self, cluster: str, object_id: str) -> None:
        """Take an Entra object's access away and end its connections."""
        await self._running(cluster).expel(object_id.lower())

    async def drop(self, cluster: str) -> None:
        """Stop a database and delete its data; a missing one is no error."""
        async with self._changing:
            await self._stop(cluster)
            await asyncio.to_thread(shutil.rmtree, self._path(cluster), ignore_errors=True)

    async def stop_all(self) -> None:
        """Stop every database; `create` starts each again with its data."""
        async with self._changing:
            await asyncio.gather(*(self._stop(cluster) for cluster in list(self._databases)))

    def _path(self, cluster: str) -> Path:
        return self._folder / cluster.lower()

    def _running(self, cluster: str) -> RedisServer:
        running = self._databases.get(cluster.lower())
        if running is None:
            known = ", ".join(sorted(self._databases)) or "none"
            raise StateError(f"no Redis database of cluster {cluster!r} runs (running: {known}); create it first")
        return running.server

    async def _start(self, folder: Path, memory: Memory) -> _Database:
        record = folder / "server.json"
        kept: dict[str, int] = json.loads(record.read_text()) if record.exists() else {}
        server = RedisServer(find_redis(), folder, memory)
        gateway = Gateway(server.socket, self._authority.server_context(), self._tokens)
        try:
            await server.start()
            port = await gateway.start(kept.get("port", 0))
        except BaseException:
            await gateway.stop()
            await server.stop()
            raise
        write_atomically(record, json.dumps({"port": port}).encode())
        return _Database(gateway=gateway, port=port, server=server)

    async def _stop(self, cluster: str) -> None:
        if running := self._databases.pop(cluster.lower(), None):
            await running.gateway.stop()
            await running.server.stop()
