"""Where telemetry is taken in: the ingestion endpoint of Application Insights, one for all components of the region.

An item names its component by the instrumentation key, and the bearer of the token must be allowed to publish there:
https://learn.microsoft.com/azure/azure-monitor/app/azure-ad-authentication. The answer is that of the exporters' own
specification (Azure/azure-rest-api-specs, specification/applicationinsights/data-plane/Monitor.Exporters).
"""

import json
import ssl
from typing import Any, Final, Protocol, cast

import jwt
from aiohttp import web

from localazure.planes.listener import HOST, Listener
from localazure.planes.tokens import TokenSigner

RESOURCE: Final = "https://monitor.azure.com"
"""The audience of a token that publishes telemetry."""

LARGEST_BODY: Final = 16 << 20
"""Bytes of one request."""

Item = dict[str, Any]


class Component(Protocol):
    """What the endpoint asks about the component that an item names."""

    @property
    def takes_keys(self) -> bool:
        """Whether items without a token are taken."""
        ...

    def is_publisher(self, object_id: str) -> bool:
        """Whether a principal may publish here."""
        ...

    def keep(self, items: list[Item]) -> None:
        """Keep items."""
        ...


class Components(Protocol):
    """The components that there are."""

    def by_key(self, instrumentation_key: str) -> Component | None:
        """The component of an instrumentation key, or None."""
        ...


class _Refusal(Exception):  # noqa: N818 - reads as what it is
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Ingestion:
    """Takes telemetry in.

    Args:
        components: where it goes.
        tokens: verifies callers.
    """

    def __init__(self, components: Components, tokens: TokenSigner) -> None:
        self._components = components
        self._tokens = tokens
        self._listener: Listener | None = None

    async def start(self, context: ssl.SSLContext, port: int = 0) -> str:
        """Listen, and give the value of `IngestionEndpoint` in a connection string.

        Raises:
            StateError: the port is taken.
        """
        application = web.Application(client_max_size=LARGEST_BODY)
        for version in ("v2", "v2.1"):
            # Exporters put their path behind the address of the connection string, which ends in a slash already.
            application.router.add_post(f"/{{slash:/?}}{version}/track", self._track)
        self._listener = await Listener.open(application, context=context, port=port)
        return f"https://{HOST}:{self._listener.port}/"

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            await self._listener.close()
            self._listener = None

    async def _track(self, request: web.Request) -> web.Response:
        try:
            caller = self._caller(request)
            items = _items(await request.read())
            accepted = self._sorted(items, caller)
        except _Refusal as refusal:
            return _answer(refusal.status, 0, 0, [_error(0, refusal.status, str(refusal))])
        errors = [_error(index, 400, "Invalid instrumentation key") for index, item in enumerate(accepted) if not item]
        for component, item in zip(accepted, items, strict=True):
            if component:
                component.keep([item])
        status = 200 if not errors else 206 if len(errors) < len(items) else 400
        return _answer(status, len(items), len(items) - len(errors), errors)

    def _caller(self, request: web.Request) -> str | None:
        """The object id of the caller, or None when it shows no token."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        # Which words the service has for each of the refusals is not published.
        if scheme.lower() != "bearer":
            raise _Refusal(401, "A bearer token is expected.")
        try:
            return self._tokens.verify(token, audience=RESOURCE).object_id
        except jwt.InvalidTokenError as error:
            raise _Refusal(401, f"The token is not valid: {error}") from error

    def _sorted(self, items: list[Item], caller: str | None) -> list[Component | None]:
        """The component of each item, or None where there is none; a refusal of one refuses them all."""
        known = {key: self._components.by_key(key) for key in {str(item.get("iKey", "")) for item in items}}
        for component in filter(None, known.values()):
            if caller is None and not component.takes_keys:
                raise _Refusal(401, "Local authentication is disabled: a token is expected.")
            if caller is not None and not component.is_publisher(caller):
                raise _Refusal(403, "The bearer is no Monitoring Metrics Publisher of the component.")
        return [known[str(item.get("iKey", ""))] for item in items]


def _items(body: bytes) -> list[Item]:
    """Items of a JSON array, or one of each line. The server has unpacked what was packed."""
    try:
        text = body.decode()
        lines = [text] if text.lstrip().startswith("[") else [line for line in text.split("\n") if line.strip()]
        parsed: list[Any] = [json.loads(line) for line in lines]
    except ValueError as error:
        raise _Refusal(400, f"The body is no telemetry: {error}") from error
    found = cast("list[Any]", parsed[0]) if parsed and isinstance(parsed[0], list) else parsed
    if not found or not all(isinstance(item, dict) for item in found):
        raise _Refusal(400, "The body is no telemetry: items are expected.")
    return cast("list[Item]", found)


def _error(index: int, status: int, message: str) -> dict[str, Any]:
    return {"index": index, "statusCode": status, "message": message}


def _answer(status: int, received: int, accepted: int, errors: list[dict[str, Any]]) -> web.Response:
    body = {"itemsReceived": received, "itemsAccepted": accepted, "errors": errors}
    return web.json_response(body, status=status)
