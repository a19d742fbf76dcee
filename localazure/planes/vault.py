"""The data plane of one Key Vault: secrets and keys over TLS, for callers with a token and a role."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import jwt
from aiohttp import web

from localazure.planes.key_store import Keys
from localazure.planes.listener import HOST, Listener
from localazure.planes.tokens import Claims, TokenSigner
from localazure.planes.vault_calls import Asked, Offered
from localazure.planes.vault_keys import KeyOperations
from localazure.planes.vault_secrets import SecretOperations
from localazure.planes.vault_store import Secrets, VaultError

RESOURCE: Final = "https://vault.azure.net"
"""The audience of a token for any vault."""

Authorize = Callable[[str, str, str], bool]
"""Whether an object id may do a data action, for example `Microsoft.KeyVault/vaults/secrets/getSecret/action`, on the
ARM id of a vault or of one secret or key in it. The actions: https://learn.microsoft.com/azure/key-vault/general/rbac-guide"""

_BODY_BYTES: Final = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class VaultAddress:
    """Where a vault is in Azure: its ARM id and its region."""

    location: str
    resource_id: str

    @property
    def name(self) -> str:
        """The vault's own name."""
        return self.resource_id.rpartition("/")[2]


class KeyVault:
    """Serves one vault.

    Args:
        address: Names the vault in refusals and to `authorize`.
        authorize: Decides about every call.
        keys: The vault's keys.
        secrets: The vault's secrets.
        tokens: Verifies callers.

    """

    def __init__(
        self, *, address: VaultAddress, authorize: Authorize, keys: Keys, secrets: Secrets, tokens: TokenSigner
    ) -> None:
        self._address = address
        self._authorize = authorize
        self._listener: Listener | None = None
        self._offered = (*SecretOperations(secrets).offered(), *KeyOperations(keys).offered())
        self._tokens = tokens
        self._uri = ""

    async def start(self, context: ssl.SSLContext, port: int = 0) -> str:
        """Listen, and give the vault's URI.

        Raises:
            StateError: The port is taken.

        """
        application = web.Application(client_max_size=_BODY_BYTES)
        for offered in self._offered:
            application.router.add_route(offered.method, offered.path, self._handler(offered))
        self._listener = await Listener.open(application, context=context, port=port)
        self._uri = f"https://{HOST}:{self._listener.port}/"
        return self._uri

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            await self._listener.close()
            self._listener = None

    @property
    def _challenge_resource(self) -> str:
        # The SDK accepts a challenge only if the vault's host ends in "." and the resource's host, port included:
        # so 127.0.0.1:PORT must name 0.0.1:PORT (measured with azure-keyvault-secrets, verification left on).
        return f"https://{self._uri.rstrip('/').partition('.')[2]}"

    def _handler(self, offered: Offered) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            named = request.match_info
            try:
                self._check(self._caller(request), offered, named.get("name", ""))
                body = await _body(request)
                asked = Asked(uri=self._uri, name=named.get("name", ""), version=named.get("version", ""), body=body)
                answer = offered.do(asked)
            except jwt.InvalidTokenError as error:
                return self._challenge(str(error))
            except VaultError as error:
                inner = {} if error.inner is None else {"innererror": {"code": error.inner}}
                return _error(error.status, {"code": error.code, "message": str(error), **inner})
            return web.Response(status=204) if answer is None else web.json_response(answer)

        return handle

    def _caller(self, request: web.Request) -> Claims:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise jwt.InvalidTokenError("AKV10000: Request is missing a Bearer or PoP token.")
        # A client that followed the challenge has a token for the resource named there.
        try:
            return self._tokens.verify(token, audience=RESOURCE)
        except jwt.InvalidAudienceError:
            return self._tokens.verify(token, audience=self._challenge_resource)

    def _challenge(self, message: str) -> web.Response:
        authority = f"https://login.microsoftonline.com/{self._tokens.tenant_id}"
        challenge = f'Bearer authorization="{authority}", resource="{self._challenge_resource}"'
        response = _error(401, {"code": "Unauthorized", "message": message})
        response.headers["WWW-Authenticate"] = challenge
        return response

    def _check(self, claims: Claims, offered: Offered, name: str) -> None:
        kind = "keys" if offered.path.startswith("/keys") else "secrets"
        resource = self._address.resource_id + (f"/{kind}/{name}" if name else "")
        if self._authorize(claims.object_id, offered.action, resource):
            return
        # The text: https://github.com/piyushsachdeva/Terraform_AKS/issues/2
        caller = f"appid={claims.application_id};oid={claims.object_id};iss={claims.issuer}"
        changed = "role assignments, deny assignments or role definitions were changed recently"
        lines = (
            "Caller is not authorized to perform action on resource.",
            f"If {changed}, please observe propagation time.",
            f"Caller: {caller}",
            f"Action: '{offered.action}'",
            f"Resource: '{resource.lower()}'",
            "Assignment: (not found)",
            "DenyAssignmentId: null",
            "DecisionReason: 'DeniedWithNoValidRBAC' ",
            f"Vault: {self._address.name};location={self._address.location}",
            "",
        )
        raise VaultError(403, "Forbidden", "\r\n".join(lines), "ForbiddenByRbac")


def _error(status: int, error: dict[str, Any]) -> web.Response:
    return web.json_response({"error": error}, status=status)


async def _body(request: web.Request) -> dict[str, Any]:
    if not request.can_read_body:
        return {}
    try:
        body: Any = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise VaultError(400, "BadParameter", "The request body is not a JSON object.")
    return cast("dict[str, Any]", body)
