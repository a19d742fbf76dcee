"""uvicorn's protocol with the bounds that it lacks: its fast parser takes a head of any size, in any time.

What is refused here never reaches a layer, so the refusal is made by hand, in the shape of all others.
"""

import asyncio
import secrets
from http import HTTPStatus
from typing import Any, Final

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.web.headers import SECURITY_HEADERS
from app.web.problems import MEDIA_TYPE, Problem, type_of

HEAD_MAX: Final = 64 * 1024
"""Bytes of a request line and header fields that are read at most; layers allow less (`app.web.head_limit`)."""
HEAD_S: Final = 10.0
"""How long a head may take from its first byte."""


class BoundedHttp(HttpToolsProtocol):
    """One connection of a client."""

    head_s = HEAD_S
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is a head that does not end."""
        super().data_received(data)
        if self._head_timer:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_MAX:
                self._refuse(431, f"expected a request line and header fields of at most {HEAD_MAX} bytes")

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        super().on_message_begin()
        self._head_bytes = 0
        late = f"expected a request within {self.head_s:g} seconds"
        self._head_timer = self.loop.call_later(self.head_s, self._refuse, 408, late)

    def on_headers_complete(self) -> None:
        """Note that the head is there."""
        self._end_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._end_head()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(400, msg)

    def _end_head(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int, detail: str) -> None:
        self._end_head()
        cycle: Any = self.cycle  # None before the first request
        if self.transport.is_closing():
            return
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(_refusal(status, detail))
        self.transport.close()


def _refusal(status: int, detail: str) -> bytes:
    phrase, request_id = HTTPStatus(status).phrase, f"{secrets.randbits(128):032x}"
    problem = Problem(type=type_of(status), title=phrase, status=status, detail=detail, instance=request_id)
    body = msgspec.json.encode(problem)
    headers = {
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Request-Id": request_id,
        **SECURITY_HEADERS,
    }
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body
