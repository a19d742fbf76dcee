"""One real Redis server: reachable by a private socket only, started again when it dies."""

import asyncio
import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localazure.containers.process import ContainerProcess, log_tail
from localazure.errors import StateError
from localazure.planes.pipe import close
from localazure.postgres.account import Account
from localazure.redis.protocol import encode

_ADMINISTRATOR: Final = "localazure"
_COMMAND_SECONDS: Final = 10
_POLL_SECONDS: Final = 0.02
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 10.0
# Microsoft, "Azure Managed Redis client libraries: blocked commands".
_BLOCKED: Final = (
    *("acl", "bgrewriteaof", "bgsave", "config", "debug", "migrate", "module", "psync", "replconf", "replicaof"),
    *("save", "shutdown", "slaveof", "sync"),
)
_MAY: Final = ("on", "nopass", "allkeys", "allchannels", "+@all", *(f"-{command}" for command in _BLOCKED))
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """How much a database holds, in bytes (zero: no limit), and Redis's name of what goes when it is full."""

    limit_bytes: int
    policy: str


class RedisServer:
    """A data folder and the server that runs on it.

    The data survives kill and restart: an append-only file, since a daemon's restart is no event in Azure.

    Args:
        program: `redis-server`.
        folder: Holds the data and the server's log; created when missing.
        memory: What it may hold.

    Attributes:
        socket: The private socket. It lies in the system's folder for temporary files because the path of a Unix
            socket may have at most 107 bytes.

    """

    def __init__(self, program: Path, folder: Path, memory: Memory) -> None:
        self._folder = folder.resolve()
        self._guard: asyncio.Task[None] | None = None
        self._memory = memory
        self._process: ContainerProcess | None = None
        self._program = program
        self._users: set[str] = set()
        digest = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:16]
        self.socket = Path(tempfile.gettempdir()) / f"localazure-redis-{digest}" / "redis.sock"

    @property
    def running(self) -> bool:
        """Whether the server runs or is being started again."""
        return self._guard is not None and not self._guard.done()

    async def start(self) -> None:
        """Start the server and wait until it answers.

        Call it from the daemon's main thread: the server dies with the thread that started it.

        Raises:
            StateError: It did not answer in a minute, or ended; the message holds the end of its log.

        """
        try:
            process = await self._launch()
        except BaseException:
            await self.stop()
            raise
        self._guard = asyncio.create_task(self._restart_whenever_it_ends(process))

    async def stop(self) -> None:
        """End the server: by request, after ten seconds by force. Its data stays."""
        if self._guard is not None:
            self._guard.cancel()
            await asyncio.gather(self._guard, return_exceptions=True)
            self._guard = None
        process, self._process = self._process, None
        if process is not None:
            await process.stop(grace_seconds=_STOP_SECONDS)
        shutil.rmtree(self.socket.parent, ignore_errors=True)

    async def admit(self, user: str) -> None:
        """Let a user log in, with any password: whoever reaches the socket has been checked."""
        self._users.add(user)
        await self._do("ACL", "SETUSER", user, "reset", *_MAY)

    async def expel(self, user: str) -> None:
        """Let a user log in no more, and end its connections."""
        self._users.discard(user)
        await self._do("ACL", "DELUSER", user)

    async def hold(self, memory: Memory) -> None:
        """Change what the database may hold."""
        await self._do("CONFIG", "SET", "maxmemory", str(memory.limit_bytes))
        await self._do("CONFIG", "SET", "maxmemory-policy", memory.policy)
        self._memory = memory

    async def _restart_whenever_it_ends(self, process: ContainerProcess) -> None:
        while True:
            code = await process.wait()
            _log.warning("Redis on %s ended with %s; it is started again", self._folder, code)
            try:
                process = await self._launch()
            except StateError:
                _log.exception("Redis on %s stays down", self._folder)
                return

    async def _launch(self) -> ContainerProcess:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        Account(group=os.getegid(), user=os.geteuid()).own(self.socket.parent)
        log = self._folder / "server.log"
        self._process = process = await ContainerProcess.start(
            self._command(), cwd=self._folder, environment={"LC_ALL": "C.UTF-8", "PATH": os.defpath}, log=log
        )
        ended = asyncio.create_task(process.wait())
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await self._answers():
                    if ended.done():
                        raise StateError(f"Redis on {self._folder} does not start: {' '.join(log_tail(log))}")
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            tail = " ".join(log_tail(log))
            raise StateError(f"Redis on {self._folder}: no answer in {_START_SECONDS} s: {tail}") from None
        finally:
            ended.cancel()
        return process

    def _command(self) -> list[str]:
        options = {
            "port": ("0",),
            "unixsocket": (str(self.socket),),
            "unixsocketperm": ("700",),
            "dir": (str(self._folder),),
            "appendonly": ("yes",),
            "save": ("",),
            "databases": ("1",),  # as Redis Enterprise: SELECT knows no other
            "maxmemory": (str(self._memory.limit_bytes),),
            "maxmemory-policy": (self._memory.policy,),
        }
        users = [
            ("default", "off"),
            (_ADMINISTRATOR, "on", "nopass", "allkeys", "allchannels", "+@all"),
            *((user, *_MAY) for user in sorted(self._users)),
        ]
        arguments = [word for name, values in options.items() for word in (f"--{name}", *values)]
        return [str(self._program), *arguments, *(word for user in users for word in ("--user", *user))]

    async def _answers(self) -> bool:
        with contextlib.suppress(StateError):  # not yet there, or loading its data
            await self._do("PING")
            return True
        return False

    async def _do(self, *command: str) -> None:
        try:
            async with asyncio.timeout(_COMMAND_SECONDS):
                reader, writer = await asyncio.open_unix_connection(str(self.socket))
                try:
                    for words in (("AUTH", _ADMINISTRATOR, "any"), command):
                        writer.write(encode([word.encode() for word in words]))
                        answer = await reader.readuntil(b"\r\n")
                        if answer.startswith(b"-"):
                            raise StateError(f"Redis on {self._folder}: {words[0]}: {answer.decode().strip()}")
                finally:
                    await close(writer)
        except (EOFError, OSError) as error:
            raise StateError(f"Redis on {self._folder} does not answer: {error!r}") from error
