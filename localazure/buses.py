"""The Service Bus namespaces that are started: one broker each, its messages in a file of its own."""

import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from localazure.access import SERVICE_BUS_READERS, SERVICE_BUS_WRITERS, is_granted
from localazure.bus.broker import Broker
from localazure.bus.database import keep_port, kept_port, open_database
from localazure.bus.rules import Counts, QueueRules
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.store import Store


@dataclass(frozen=True, kw_only=True)
class _Started:
    broker: Broker
    database: sqlite3.Connection


class Buses:
    """Every started namespace.

    Args:
        folder: where the messages are kept.
        authority: signs the namespaces' certificates.
        store: the subscription, whose role assignments decide about every link.
        tokens: verifies clients.
    """

    def __init__(self, folder: Path, authority: CertificateAuthority, store: Store, tokens: TokenSigner) -> None:
        self._folder = folder
        self._authority = authority
        self._store = store
        self._tokens = tokens
        self._started: dict[str, _Started] = {}

    async def start(self, namespace_id: str) -> str:
        """Serve a namespace, at the address it had if it was served before, and give that as `host:port`.

        Raises:
            StateError: the port of its address is taken, or its file cannot be read.
        """
        key = namespace_id.lower()
        if key not in self._started:
            database = open_database(self._path(key))

            def authorize(object_id: str, claim: str, queue: str) -> bool:
                roles = SERVICE_BUS_WRITERS if claim == "Send" else SERVICE_BUS_READERS
                return is_granted(self._store, object_id, roles, f"{namespace_id}/queues/{queue}")

            broker = Broker(authorize=authorize, database=database, tokens=self._tokens)
            try:
                port = await broker.start(self._authority.server_context(), kept_port(database))
            except BaseException:
                database.close()
                raise
            keep_port(database, port)
            self._started[key] = _Started(broker=broker, database=database)
        return self._started[key].broker.host

    def declare(self, namespace_id: str, queue: str, rules: QueueRules) -> None:
        """Make a queue of a started namespace, or change its rules."""
        self._started[namespace_id.lower()].broker.declare(queue, rules)

    def remove(self, namespace_id: str, queue: str) -> None:
        """Delete a queue with its messages."""
        if started := self._started.get(namespace_id.lower()):
            started.broker.remove(queue)

    def counts(self, namespace_id: str, queue: str) -> Counts:
        """Count the messages of a queue. Raises KeyError when there is no such queue."""
        return self._started[namespace_id.lower()].broker.counts(queue)

    def active_messages(self, host: str, queue: str) -> int:
        """Count the messages that wait in a queue or are being worked on: what a scale rule follows.

        Args:
            host: the namespace, as `host:port` or by its name.
            queue: its queue.

        Raises:
            KeyError: there is no such queue.
        """
        for namespace_id, started in self._started.items():
            if host.lower() in (started.broker.host, namespace_id.rsplit("/", 1)[-1]):
                return started.broker.counts(queue).active
        raise KeyError(host)

    async def close(self, namespace_id: str) -> None:
        """Stop serving a namespace; its messages stay."""
        if started := self._started.pop(namespace_id.lower(), None):
            await started.broker.stop()
            started.database.close()

    async def drop(self, namespace_id: str) -> None:
        """Stop serving a namespace and forget its messages: Azure keeps nothing of a deleted one."""
        await self.close(namespace_id)
        path = self._path(namespace_id.lower())
        for each in (path, *path.parent.glob(f"{path.name}-*")):
            each.unlink(missing_ok=True)

    async def stop(self) -> None:
        """Stop serving every namespace."""
        for namespace_id in list(self._started):
            await self.close(namespace_id)

    def _path(self, key: str) -> Path:
        return self._folder / f"{sha256(key.encode()).hexdigest()[:16]}.db"
