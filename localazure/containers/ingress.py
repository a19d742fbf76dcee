"""The ingress of one app, or of one label: TLS on loopback in front of revisions, by weight.

Weights are honoured even when a revision has no ready replica, like the weighted clusters of Envoy, which Container
Apps uses; one that is scaled to zero is called back while the request is held. Both a held request and a silent
upstream have four minutes, the request timeout of Container Apps (learn.microsoft.com/azure/container-apps/
ingress-overview).
Out of scope: WebSockets (answered with 501), HTTP/2, session affinity.
"""

import asyncio
import errno
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from localazure.containers.errors import PortTakenError
from localazure.containers.replica import Replica
from localazure.containers.revision import Revision
from localazure.containers.turns import WeightedTurns

_HOP_BY_HOP: Final = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
"""Headers between two neighbours (RFC 9110, 7.6.1)."""
_REQUEST_SECONDS: Final = 240.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=5, sock_read=_REQUEST_SECONDS)
_MAX_UPSTREAM_CONNECTIONS: Final = 1000
_CLOSE_SECONDS: Final = 5.0
_STRANGER: Final = "Error 404 - This Container App is stopped or does not exist"
"""The edge of Container Apps to a name that is no app's (github.com/microsoft/azure-container-apps/issues/1613)."""
_LINE_BYTES: Final = 60 * 1024
"""As much as Envoy reads of a head unless told otherwise (Envoy, `max_request_headers_kb`): what a service says about
longer ones is its own business, and a token of Entra may be longer than the 8 KiB of our parser."""


class Ingress:
    """Listens on 127.0.0.1 and hands each request to a ready replica of the revision whose turn it is.

    A request for another name than its own address (or `localhost`, with the port) gets 404 and reaches nobody: Azure's
    edge routes by the name. Bodies stream both ways and are never held whole; headers are bounded by the HTTP parser
    (60 KiB a line).

    Args:
        app: whose ingress it is, for messages.
        tls: certificate and key.
        port: where to listen; 0 takes a free port, which `port` then names.
        hold_seconds: how long a request waits for the first replica of a revision that is scaled to zero.
    """

    def __init__(self, app: str, *, tls: ssl.SSLContext, port: int = 0, hold_seconds: float = _REQUEST_SECONDS) -> None:
        self.app = app
        self.port = port
        self._tls = tls
        self._hold_seconds = hold_seconds
        self._turns = WeightedTurns[Revision | None]([])
        self._admits: Callable[[str], bool] = lambda _: True
        self._runner: web.ServerRunner | None = None
        self._client: aiohttp.ClientSession | None = None

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; without a route every request is answered with 503.

        Raises:
            PortTakenError: another process listens on the port.
        """
        # No pool: a replica may close a kept connection at the moment it is used again, which loses the request.
        connector = aiohttp.TCPConnector(limit=_MAX_UPSTREAM_CONNECTIONS, force_close=True)
        self._client = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_once,),
            skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
            timeout=_TIMEOUT,
        )
        # Cancellation ends the request to the replica when the client is gone.
        server = web.Server(
            partial(self._answer, self._client),
            handler_cancellation=True,
            auto_decompress=False,
            access_log=None,
            max_line_size=_LINE_BYTES,
            max_field_size=_LINE_BYTES,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_CLOSE_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls).start()
        except OSError as error:
            await self.close()
            if error.errno == errno.EADDRINUSE:
                raise PortTakenError(self.app, self.port) from error
            raise
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening; requests in flight have five seconds."""
        if self._runner:
            await self._runner.cleanup()
        if self._client:
            await self._client.close()

    def admit(self, admits: Callable[[str], bool]) -> None:
        """Answer only clients whose address it admits, from the next request on; others get 403 and Envoy's words."""
        self._admits = admits

    def route(self, shares: Sequence[tuple[int, Revision | None]]) -> None:
        """Replace the route: from the next request on, revisions get turns by their weights.

        None has the weight of a revision that does not run; who meets it gets 503.

        Raises:
            ValueError: a weight below 0; the route stays.
        """
        self._turns = WeightedTurns(shares)

    async def drained(self, revision: Revision, *, timeout_seconds: float) -> bool:
        """Wait until no request is in flight to a revision; False if some still are after the timeout."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await revision.idle()
        except TimeoutError:
            return False
        return True

    async def _answer(self, client: aiohttp.ClientSession, request: web.BaseRequest) -> web.StreamResponse:
        if not self._is_named(request.headers.getall(hdrs.HOST, [])):
            return web.Response(status=404, text=_STRANGER)
        if not self._admits(request.remote or ""):
            return web.Response(status=403, text="RBAC: access denied")
        if not request.raw_path.startswith("/"):  # appended to an address, anything else could change the host
            return web.Response(status=400, text="the request target must be a path\n")
        if hdrs.UPGRADE in request.headers:
            return web.Response(status=501, text="upgrade is not supported by this ingress\n")
        if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # aiohttp takes anything written for the start of the response
        revision, refused = await self._awake(), None
        for _ in range(2):  # a refused connection has consumed nothing: once more, elsewhere
            replica = revision.pick(other_than=refused) if revision else None
            if replica is None:
                break
            with replica.serving():
                try:
                    return await _forward(client, request, replica)
                except _RefusedError:
                    refused = replica
        return web.Response(status=503, text="no healthy upstream\n")

    def _is_named(self, hosts: Sequence[str]) -> bool:
        return len(hosts) == 1 and hosts[0].lower() in {self.address, f"localhost:{self.port}"}

    async def _awake(self) -> Revision | None:
        """The revision whose turn it is, called back if it was scaled to zero; None if that took too long."""
        deadline = asyncio.get_running_loop().time() + self._hold_seconds
        while (revision := self._turns.next()) and revision.is_asleep:
            if not await revision.wake(deadline=deadline):
                return None
        return revision


class _RefusedError(Exception):
    """The replica took no connection, so it has seen nothing of the request."""


class _BrokenError(Exception):
    """The connection broke before an answer; the replica may have acted on the request."""


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once: under the errors of its own, aiohttp repeats a GET, PUT or DELETE that may have arrived."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError as error:
        raise _RefusedError from error
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _BrokenError from error


async def _forward(client: aiohttp.ClientSession, request: web.BaseRequest, replica: Replica) -> web.StreamResponse:
    try:
        async with client.request(
            request.method,
            URL(f"http://{replica.address}{request.raw_path}", encoded=True),
            headers=_forwarded_headers(request),
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as upstream:
            return await _relay(upstream, request)
    except TimeoutError:
        return web.Response(status=504, text="upstream request timeout\n")
    except (_BrokenError, aiohttp.ClientError):
        return web.Response(status=502, text="upstream connection broke\n")


async def _relay(upstream: aiohttp.ClientResponse, request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=_end_to_end(upstream.headers))
    await response.prepare(request)
    try:
        async for chunk in upstream.content.iter_any():
            await response.write(chunk)
    except (TimeoutError, aiohttp.ClientError):
        if request.transport:
            request.transport.abort()  # the status is out; only a broken connection still tells the client
        return response
    await response.write_eof()
    return response


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    named = {name.strip().lower() for value in headers.getall(hdrs.CONNECTION, []) for name in value.split(",")}
    return CIMultiDict((k, v) for k, v in headers.items() if k.lower() not in _HOP_BY_HOP | named)


def _forwarded_headers(request: web.BaseRequest) -> Mapping[str, str]:
    headers = _end_to_end(request.headers)
    headers.popall(hdrs.EXPECT, None)  # answered here
    # The peer comes last, as Envoy appends it: what a client wrote before it is the client's claim.
    before = [", ".join(headers.popall(hdrs.X_FORWARDED_FOR))] if hdrs.X_FORWARDED_FOR in headers else []
    headers[hdrs.X_FORWARDED_FOR] = ", ".join([*before, request.remote or "unknown"])
    headers[hdrs.X_FORWARDED_HOST] = request.host
    headers[hdrs.X_FORWARDED_PROTO] = "https"
    return headers
