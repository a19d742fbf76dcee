"""The broker of one namespace: TLS, tokens, and queues whose messages go to whoever waits for them."""

import asyncio
import logging
import sqlite3
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from localazure.bus import cbs, errors, management
from localazure.bus.connection import Connection
from localazure.bus.errors import BusError
from localazure.bus.links import Lane, Outlet, Take
from localazure.bus.message import BATCH_FORMAT, Message, batch
from localazure.bus.ports import Peer
from localazure.bus.queue import Queue
from localazure.bus.rules import DEAD_LETTERS, Counts, QueueRules
from localazure.errors import StateError
from localazure.planes.listener import HOST
from localazure.planes.tokens import TokenSigner

Authorize = Callable[[str, str, str], bool]
"""Whether an object id may `Send` to or `Listen` at the queue of a name."""

_CBS, _MANAGEMENT = "$cbs", "/$management"
_IDLE_SECONDS: Final = 240
_REQUEST_BYTES: Final = 16 * 1024 * 1024
_SOONEST_SECONDS: Final = 0.01
_LONGEST_SECONDS: Final = 60
_log = logging.getLogger(__name__)


class Broker:
    """Serves one namespace.

    Args:
        authorize: Decides about every link and every request.
        database: Where messages are kept.
        tokens: Verifies clients.
        clock: Seconds since 1970.
        idle_seconds: How long a client may be silent; the service's own number.
    """

    def __init__(
        self,
        *,
        authorize: Authorize,
        database: sqlite3.Connection,
        tokens: TokenSigner,
        clock: Callable[[], float] = time.time,
        idle_seconds: float = _IDLE_SECONDS,
    ) -> None:
        self._authorize = authorize
        self._clients: set[asyncio.Task[None]] = set()
        self._clock = clock
        self._database = database
        self._idle_seconds = idle_seconds
        self._outlets: list[Outlet] = []
        self._queues: dict[str, Queue] = {}
        self._server: asyncio.Server | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tokens = tokens
        self.host = ""

    async def start(self, context: ssl.SSLContext, port: int = 0) -> int:
        """Listen on a port of 127.0.0.1, zero for any free one, and give its number.

        Raises:
            StateError: The port is taken.
        """
        try:
            self._server = await asyncio.start_server(self._accept, HOST, port, ssl=context)
        except OSError as error:
            raise StateError(
                f"Service Bus: cannot listen on {HOST}:{port} ({error.strerror}); stop the program that has the port"
            ) from error
        port = int(self._server.sockets[0].getsockname()[1])
        self.host = f"{HOST}:{port}"
        return port

    async def stop(self) -> None:
        """Stop listening and end every client; the messages stay."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        for timer in self._timers.values():
            timer.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Own tasks instead of a coroutine callback: asyncio reports the cancellation of its own as an error.
        client = asyncio.create_task(Connection((reader, writer), self, self._idle_seconds).run())
        self._clients.add(client)
        client.add_done_callback(self._forget)

    def _forget(self, client: asyncio.Task[None]) -> None:
        self._clients.discard(client)
        if not client.cancelled() and (error := client.exception()):
            _log.error("Service Bus: a connection failed", exc_info=error)

    def declare(self, name: str, rules: QueueRules) -> None:
        """Make a queue, or change its rules."""
        key = name.lower()
        for each in (key, key + DEAD_LETTERS):
            queue = self._queues.setdefault(each, Queue(self._database, each, rules, self._clock))
            queue.rules = rules
        self.pump(self._queues[key])

    def remove(self, name: str) -> None:
        """Delete a queue with its messages; clients are cut off, and hear that it is gone when they come back."""
        key = name.lower()
        if queue := self._queues.pop(key, None):
            self._queues.pop(key + DEAD_LETTERS, None)
            queue.clear()
            for client in self._clients:
                client.cancel()

    def counts(self, name: str) -> Counts:
        """Count the messages of a queue. Raises KeyError when there is none of the name."""
        queue = self._queues[name.lower()]
        queue.advance()
        return queue.counts()

    def target(self, client: Peer, session: Lane, address: str) -> tuple[Take, int]:
        """What takes the messages sent to an address, and the largest it takes. Raises BusError."""
        name = _entity(address)
        if name == _CBS:
            return partial(self._put_token, client, session), _REQUEST_BYTES
        if name.endswith(_MANAGEMENT):
            queue = self._queue(name.removesuffix(_MANAGEMENT), address)
            return partial(self._manage, client, session, queue), _REQUEST_BYTES
        self._check(client, "Send", name)
        queue = self._queue(name, address)
        return partial(self._send, queue), queue.rules.max_message_bytes

    def source(self, client: Peer, address: str) -> Queue | None:
        """The queue of an address; None for a node that only answers. Raises BusError."""
        name = _entity(address)
        if name == _CBS:
            return None
        if name.endswith(_MANAGEMENT):
            self._queue(name.removesuffix(_MANAGEMENT), address)
            return None
        self._check(client, "Listen", name)
        return self._queue(name, address)

    def _queue(self, name: str, address: str) -> Queue:
        if name not in self._queues:
            raise errors.not_found(self._resource(_entity(address)))
        return self._queues[name]

    def _resource(self, name: str) -> str:
        return f"sb://{self.host}/{name}"

    def _check(self, client: Peer, claim: str, name: str) -> None:
        # Before it is known whether there is such an entity: github.com/Azure/azure-sdk-for-net/issues/44734.
        claims = client.claims
        valid = claims is not None and claims.expires_at > self._clock()
        if not valid or not claims or not self._authorize(claims.object_id, claim, name.removesuffix(DEAD_LETTERS)):
            raise errors.unauthorized(claim, self._resource(name))

    def _send(self, queue: Queue, message_format: int, raw: bytes) -> None:
        queue.send(batch(raw) if message_format == BATCH_FORMAT else [raw])
        self.pump(queue)

    def _manage(self, client: Peer, session: Lane, queue: Queue, _: int, raw: bytes) -> None:
        request = Message.parse(raw)

        def claim(needed: str) -> None:
            self._check(client, needed, queue.name)

        try:
            _reply(session, queue.name + _MANAGEMENT, request, management.answer(queue, request, claim))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BusError("com.microsoft:argument-error", f"The request cannot be understood: {error!r}.") from error
        self.pump(queue)

    def _put_token(self, client: Peer, session: Lane, _: int, raw: bytes) -> None:
        request = Message.parse(raw)
        claims, answer = cbs.put_token(request, self._tokens)
        client.claims = claims or client.claims
        _reply(session, _CBS, request, answer)

    def subscribe(self, link: Outlet) -> None:
        """Let a link have messages of its queue."""
        self._outlets.append(link)

    def unsubscribe(self, link: Outlet) -> None:
        """Let it have no more."""
        self._outlets.remove(link)

    def pump(self, queue: Queue) -> None:
        """Hand out what waits in a queue and in its dead letters, to each receiver in turn."""
        name = queue.name.removesuffix(DEAD_LETTERS)
        if own := self._queues.get(name):
            own.advance()  # what it buries is there for a receiver of dead letters
            self._pump(own)
            self._pump(self._queues[name + DEAD_LETTERS])

    def _pump(self, queue: Queue) -> None:
        while link := next((link for link in self._outlets if link.queue is queue and link.ready), None):
            delivery = queue.receive(lock=link.locks)
            if delivery is None:
                break
            link.deliver(delivery)
            self._outlets.remove(link)
            self._outlets.append(link)
        self._wake_up_for(queue)

    def _wake_up_for(self, queue: Queue) -> None:
        if timer := self._timers.pop(queue.name, None):
            timer.cancel()
        due = queue.next_change()
        if due is not None and self._queues.get(queue.name) is queue:
            delay = min(max(due - self._clock(), _SOONEST_SECONDS), _LONGEST_SECONDS)  # clocks may be set
            self._timers[queue.name] = asyncio.get_running_loop().call_later(delay, self.pump, queue)


def _entity(address: str) -> str:
    """The name in an address, which may have the namespace before it."""
    path = address.partition("://")[2].partition("/")[2] if "://" in address else address
    return path.strip("/").lower()


def _reply(session: Lane, node: str, request: Message, answer: bytes) -> None:
    links = [link for link in session.outlets if _entity(link.node or "") == node]
    wanted = request.properties[4] if len(request.properties) > 4 else None  # noqa: PLR2004 - reply-to is the fifth
    if links:
        next((link for link in links if link.reply_to == wanted), links[0]).answer(answer)
