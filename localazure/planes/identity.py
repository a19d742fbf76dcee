"""The managed identity endpoint that a container finds in `IDENTITY_ENDPOINT`.

Protocol: https://learn.microsoft.com/azure/container-apps/managed-identity#rest-endpoint-reference
"""

import time
import uuid
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from localazure.planes.listener import HOST, Listener
from localazure.planes.tokens import Identity, TokenSigner

_API_VERSION: Final = "2019-08-01"
_LIFETIME_SECONDS: Final = 24 * 3600
_PATH: Final = "/msi/token"
_NAMES: Final = {
    "client_id": "client_id",
    "mi_res_id": "resource_id",
    "object_id": "object_id",  # what MSAL sends for principal_id
    "principal_id": "object_id",
}
# https://github.com/Azure-Samples/azure-search-openai-demo/issues/2148
_NOT_ASSIGNED: Final = (
    "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
)


class IdentityEndpoint:
    """Gives tokens to containers, each known by the secret in its `IDENTITY_HEADER`.

    Args:
        tokens: Signs the tokens.

    """

    def __init__(self, tokens: TokenSigner) -> None:
        self._assigned: dict[str, tuple[Identity, ...]] = {}
        self._listener: Listener | None = None
        self._tokens = tokens

    async def start(self, port: int = 0) -> str:
        """Listen, and give the value of `IDENTITY_ENDPOINT`.

        Raises:
            StateError: The port is taken.

        """
        application = web.Application()
        application.router.add_get(_PATH, self._answer)
        self._listener = await Listener.open(application, port=port)
        return f"http://{HOST}:{self._listener.port}{_PATH}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            await self._listener.close()
            self._listener = None

    def register(self, header: str, identities: Sequence[Identity]) -> None:
        """Let the container with this `IDENTITY_HEADER` act as these identities, and no others."""
        self._assigned[header] = tuple(identities)

    def unregister(self, header: str) -> None:
        """Forget a container; an unknown one is no error."""
        self._assigned.pop(header, None)

    def token(self, identity: Identity, resource: str) -> str:
        """Make a token of an identity for a resource."""
        return self._tokens.issue_for(identity, resource=resource, lifetime_seconds=_LIFETIME_SECONDS)

    async def _answer(self, request: web.Request) -> web.Response:
        assigned = self._assigned.get(request.headers.get("X-IDENTITY-HEADER", ""))
        if assigned is None:
            return _refusal(401, "The X-IDENTITY-HEADER is not that of a running container.")
        if request.query.get("api-version") != _API_VERSION:
            return _refusal(400, f"The api-version must be {_API_VERSION}.")
        resource = request.query.get("resource")
        if not resource:
            return _refusal(400, "The query parameter resource is missing.")
        identity = _chosen(assigned, request)
        if identity is None:
            return _refusal(400, _NOT_ASSIGNED)
        expires_at = int(time.time()) + _LIFETIME_SECONDS
        token = self.token(identity, resource)
        return web.json_response(
            {
                "access_token": token,
                "client_id": identity.client_id,
                "expires_on": str(expires_at),
                "resource": resource,
                "token_type": "Bearer",
            }
        )


def _chosen(assigned: tuple[Identity, ...], request: web.Request) -> Identity | None:
    asked = {name: value.lower() for name, value in request.query.items() if name in _NAMES and value}
    if not asked:
        return assigned[0] if len(assigned) == 1 else None
    for identity in assigned:
        if all(getattr(identity, _NAMES[name]).lower() == value for name, value in asked.items()):
            return identity
    return None


def _refusal(status: int, message: str) -> web.Response:
    body = {"correlationId": str(uuid.uuid4()), "message": message, "statusCode": status}
    return web.json_response(body, status=status)
