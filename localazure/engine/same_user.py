"""Only processes of the daemon's own user, and root's, may speak to it: the language host runs programs.

The engine has no way to authenticate to an attached plugin, so the kernel is asked whose socket the other end is.
"""

import os
import socket
import struct
from collections.abc import Awaitable, Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

import grpc

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL_ADDRESS, _USER = 1, 7  # columns of proc(5), /proc/net/tcp
_MAPPED: Final = "0000000000000000FFFF0000"
"""What precedes an IPv4 address in the table of IPv6 sockets, which gRPC uses for both."""

_LOOKS: Final = 20
"""The kernel gives a table in pieces: a row can be missed while sockets come and go. A stranger never appears."""

_ROOT: Final = 0

Handler = Any  # grpc.RpcMethodHandler, which is generic for type checkers only


def _rows() -> Iterator[str]:
    for table in _TABLES:
        if table.exists():
            yield from table.read_text("ascii").splitlines()


def user_of(peer: str, rows: Callable[[], Iterator[str]] = _rows) -> int | None:
    """The user id that owns the socket of a peer such as `ipv4:127.0.0.1:40000`; None if there is no such socket.

    Args:
        peer: as gRPC names it.
        rows: reads the tables of sockets anew.
    """
    address, _, port = peer.removeprefix("ipv4:").rpartition(":")
    try:
        (number,) = struct.unpack("=I", socket.inet_aton(address))
    except OSError:
        return None
    wanted = f"{number:08X}:{int(port):04X}"
    lines = (row.split() for _ in range(_LOOKS) for row in rows())
    return next((int(line[_USER]) for line in lines if line[_LOCAL_ADDRESS] in (wanted, _MAPPED + wanted)), None)


class SameUser(grpc.aio.ServerInterceptor):  # pyright: ignore[reportMissingTypeArgument] # not generic at run time
    """Refuses calls from processes of other users.

    Args:
        allowed: the user ids that may call; this process's own and root's unless given.
    """

    def __init__(self, allowed: Collection[int] | None = None) -> None:
        self._allowed = {os.getuid(), _ROOT} if allowed is None else allowed

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Put the check before a method."""
        handler = await continuation(handler_call_details)
        method: Any = handler.unary_unary  # every method of the protocol that is served here is of this kind

        async def guarded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            if user_of(context.peer()) not in self._allowed:
                await context.abort(grpc.StatusCode.PERMISSION_DENIED, "this daemon serves another user")
            return await method(request, context)

        return grpc.unary_unary_rpc_method_handler(guarded, handler.request_deserializer, handler.response_serializer)
