"""Redis's wire protocol, as far as a gateway must understand it: commands, and logins in particular.

https://redis.io/docs/latest/develop/reference/protocol-spec
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Final

MAX_ARGUMENTS: Final = 1024 * 1024
"""Redis's own limit."""

MAX_LOGIN_BYTES: Final = 16384
"""What Redis takes of an argument before it knows the client."""

MAX_LOGIN_ARGUMENTS: Final = 10
"""How many arguments Redis takes before it knows the client."""

_CHUNK_BYTES: Final = 65536
_END: Final = b"\r\n"
_MAX_ARGUMENT_BYTES: Final = 512 * 1024 * 1024  # Redis's own limit (proto-max-bulk-len)

Credentials = tuple[bytes, bytes]
"""User name and password."""


class ProtocolViolationError(Exception):
    """The client does not speak the protocol; the text is Redis's."""


def encode(arguments: Sequence[bytes]) -> bytes:
    """Make the wire form of a command."""
    parts = [b"*%d\r\n" % len(arguments), *(b"$%d\r\n%b\r\n" % (len(each), each) for each in arguments)]
    return b"".join(parts)


class Commands:
    """The commands of a client, as they come, but with other credentials in each login.

    Inline commands are refused: they are for people at a terminal, and their quoting could hide a login.

    Args:
        reader: The client's side.
        exchange: Gives the credentials to send instead of the client's.
        complain: Tells the client why its commands end here.

    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        exchange: Callable[[Credentials], Credentials],
        complain: Callable[[bytes], None],
    ) -> None:
        self._chunks = self._rewrite()
        self._complain = complain
        self._exchange = exchange
        self._reader = reader

    async def read(self, _count: int = -1, /) -> bytes:
        """Give what to send next; nothing when the client has ended or sent something else than commands."""
        return await anext(self._chunks, b"")

    async def _rewrite(self) -> AsyncGenerator[bytes]:
        while True:
            try:
                count = await self._number(b"*", MAX_ARGUMENTS)
                if count <= 0:
                    continue
                size = await self._number(b"$", MAX_LOGIN_BYTES)
                name = await self._argument(size)
                if name.upper() in {b"AUTH", b"HELLO"}:
                    yield encode(await self._login(name, count))
                    continue
                yield b"*%d\r\n$%d\r\n%b\r\n" % (count, size, name)
                for _ in range(count - 1):
                    async for chunk in self._forward():
                        yield chunk
            except ProtocolViolationError as error:
                self._complain(f"-ERR Protocol error: {error}\r\n".encode())
                return
            except asyncio.IncompleteReadError:
                return

    async def _login(self, name: bytes, count: int) -> list[bytes]:
        if count > MAX_LOGIN_ARGUMENTS:
            raise ProtocolViolationError("unauthenticated multibulk length")
        sizes = (await self._number(b"$", MAX_LOGIN_BYTES) for _ in range(count - 1))
        command = [name, *[await self._argument(size) async for size in sizes]]
        for at in _credentials_at(command):
            command[at : at + 2] = self._exchange((command[at], command[at + 1]))
        return command

    async def _forward(self) -> AsyncGenerator[bytes]:
        size = await self._number(b"$", _MAX_ARGUMENT_BYTES)
        head, left = b"$%d\r\n" % size, size + len(_END)
        while left:
            chunk = await self._reader.read(min(left, _CHUNK_BYTES))
            if not chunk:
                raise asyncio.IncompleteReadError(b"", left)
            yield head + chunk
            head, left = b"", left - len(chunk)

    async def _number(self, mark: bytes, limit: int) -> int:
        try:
            line = await self._reader.readuntil(_END)
        except asyncio.LimitOverrunError:
            raise ProtocolViolationError("too big mbulk count string") from None
        if line[:1] != mark:
            raise ProtocolViolationError(f"expected '{mark.decode()}', got '{line[:1].decode(errors='replace')}'")
        try:
            number = int(line[1:])
        except ValueError:
            raise ProtocolViolationError("invalid bulk length") from None
        if number > limit or (number < 0 and mark == b"$"):
            raise ProtocolViolationError("invalid bulk length")
        return number

    async def _argument(self, size: int) -> bytes:
        return (await self._reader.readexactly(size + len(_END)))[:size]


def _credentials_at(command: Sequence[bytes]) -> Iterator[int]:
    """Where user names stand, each before its password: `AUTH user password`, `HELLO 3 AUTH user password`.

    Read exactly as Redis reads it (networking.c, helloCommand), so that no login hides behind another option.
    """
    words = [each.upper() for each in command]
    if words[0] == b"AUTH":
        if len(words) == 3:  # noqa: PLR2004 - the command and its two arguments
            yield 1
        return
    at = 2
    while at < len(words):
        more = len(words) - 1 - at
        if words[at] == b"AUTH" and more >= 2:  # noqa: PLR2004 - user and password
            yield at + 1
            at += 3
        elif words[at] == b"SETNAME" and more:
            at += 2
        else:
            return
