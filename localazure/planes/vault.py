"""The data plane of one Key Vault: secrets over TLS, for callers with a token and a role.

https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups
"""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import jwt
from aiohttp import web

from localazure.planes.listener import HOST, Listener
from localazure.planes.tokens import Claims, TokenSigner
from localazure.planes.vault_store import Secret, Secrets, SecretVersion, VaultError

RESOURCE: Final = "https://vault.azure.net"
"""The audience of a token for any vault."""

Authorize = Callable[[str, str, str], bool]
"""Whether an object id may do a data action, for example `Microsoft.KeyVault/vaults/secrets/getSecret/action`, on the
ARM id of a vault or of one secret in it. The actions: https://learn.microsoft.com/azure/key-vault/general/rbac-guide"""

_ACTIONS: Final = "Microsoft.KeyVault/vaults/secrets/"
_BODY_BYTES: Final = 256 * 1024
_Json = dict[str, Any]
_Operation = Callable[[str, str, _Json], _Json | None]


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
        secrets: The vault's content.
        tokens: Verifies callers.

    """

    def __init__(self, *, address: VaultAddress, authorize: Authorize, secrets: Secrets, tokens: TokenSigner) -> None:
        self._address = address
        self._authorize = authorize
        self._listener: Listener | None = None
        self._secrets = secrets
        self._tokens = tokens
        self._uri = ""

    async def start(self, context: ssl.SSLContext, port: int = 0) -> str:
        """Listen, and give the vault's URI.

        Raises:
            StateError: The port is taken.

        """
        application = web.Application(client_max_size=_BODY_BYTES)
        secret, deleted = "/secrets/{name}", "/deletedsecrets/{name}"
        for method, path, action, operation in (
            ("GET", "/secrets", "readMetadata/action", self._list),
            ("PUT", secret, "setSecret/action", self._set),
            ("DELETE", secret, "delete", self._delete),
            ("GET", secret + "{slash:/?}", "getSecret/action", self._get),
            ("GET", secret + "/versions", "readMetadata/action", self._versions),
            ("GET", secret + "/{version}", "getSecret/action", self._get),
            ("PATCH", secret + "{slash:/?}", "update/action", self._change),
            ("PATCH", secret + "/{version}", "update/action", self._change),
            ("GET", "/deletedsecrets", "readMetadata/action", self._list_deleted),
            ("GET", deleted, "readMetadata/action", self._get_deleted),
            ("POST", deleted + "/recover", "recover/action", self._recover),
            ("DELETE", deleted, "purge/action", self._purge),
        ):
            application.router.add_route(method, path, self._handler(_ACTIONS + action, operation))
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

    def _handler(self, action: str, operation: _Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                claims = self._caller(request)
                self._check(claims, action, request.match_info.get("name"))
                named = request.match_info
                answer = operation(named.get("name", ""), named.get("version", ""), await _body(request))
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

    def _check(self, claims: Claims, action: str, name: str | None) -> None:
        resource = self._address.resource_id + (f"/secrets/{name}" if name else "")
        if self._authorize(claims.object_id, action, resource):
            return
        # The text: https://github.com/piyushsachdeva/Terraform_AKS/issues/2
        caller = f"appid={claims.application_id};oid={claims.object_id};iss={claims.issuer}"
        changed = "role assignments, deny assignments or role definitions were changed recently"
        lines = (
            "Caller is not authorized to perform action on resource.",
            f"If {changed}, please observe propagation time.",
            f"Caller: {caller}",
            f"Action: '{action}'",
            f"Resource: '{resource.lower()}'",
            "Assignment: (not found)",
            "DenyAssignmentId: null",
            "DecisionReason: 'DeniedWithNoValidRBAC' ",
            f"Vault: {self._address.name};location={self._address.location}",
            "",
        )
        raise VaultError(403, "Forbidden", "\r\n".join(lines), "ForbiddenByRbac")

    def _list(self, _name: str, _version: str, _body: _Json) -> _Json:
        live = self._secrets.live()
        return _page([_item(f"{self._uri}secrets/{secret.name}", secret.versions[-1]) for secret in live])

    def _versions(self, name: str, _version: str, _body: _Json) -> _Json:
        return _page([self._version_item(name, version) for version in self._secrets.get(name).versions])

    def _get(self, name: str, version: str, _body: _Json) -> _Json:
        return self._bundle(name, self._secrets.read(name, version))

    def _set(self, name: str, _version: str, body: _Json) -> _Json:
        value = body.get("value")
        if not isinstance(value, str):
            raise VaultError(400, "BadParameter", "Property value has invalid value: a string is expected.")
        enabled = _enabled(body) is not False
        kind, tags = body.get("contentType"), body.get("tags")
        return self._bundle(name, self._secrets.set(name, value, content_type=kind, enabled=enabled, tags=tags))

    def _change(self, name: str, version: str, body: _Json) -> _Json:
        kind, tags = body.get("contentType"), body.get("tags")
        enabled = _enabled(body)
        changed = self._secrets.change(name, version, content_type=kind, enabled=enabled, tags=tags)
        return self._version_item(name, changed)

    def _delete(self, name: str, _version: str, _body: _Json) -> _Json:
        return self._deleted_item(self._secrets.delete(name))

    def _list_deleted(self, _name: str, _version: str, _body: _Json) -> _Json:
        return _page([self._deleted_item(secret) for secret in self._secrets.deleted()])

    def _get_deleted(self, name: str, _version: str, _body: _Json) -> _Json:
        return self._deleted_item(self._secrets.get_deleted(name))

    def _recover(self, name: str, _version: str, _body: _Json) -> _Json:
        return self._version_item(name, self._secrets.recover(name).versions[-1])

    def _purge(self, name: str, _version: str, _body: _Json) -> None:
        self._secrets.purge(name)

    def _version_item(self, name: str, version: SecretVersion) -> _Json:
        return _item(f"{self._uri}secrets/{name}/{version.version}", version)

    def _bundle(self, name: str, version: SecretVersion) -> _Json:
        return self._version_item(name, version) | {"value": version.value}

    def _deleted_item(self, secret: Secret) -> _Json:
        at = secret.deleted_at or 0
        return self._version_item(secret.name, secret.versions[-1]) | {
            "deletedDate": at,
            "recoveryId": f"{self._uri}deletedsecrets/{secret.name}",
            "scheduledPurgeDate": self._secrets.purge_date(at),
        }


def _item(identifier: str, version: SecretVersion) -> _Json:
    attributes = {"created": version.created, "enabled": version.enabled, "updated": version.updated}
    item: _Json = {"attributes": attributes, "id": identifier, "tags": dict(version.tags)}
    return item if version.content_type is None else item | {"contentType": version.content_type}


def _page(items: list[_Json]) -> _Json:
    return {"nextLink": None, "value": items}


def _enabled(body: _Json) -> bool | None:
    attributes: Any = body.get("attributes") or {}
    enabled: Any = cast("_Json", attributes).get("enabled") if isinstance(attributes, dict) else attributes
    if enabled is not None and not isinstance(enabled, bool):
        raise VaultError(400, "BadParameter", f"attributes.enabled must be true or false, not {enabled!r}.")
    return enabled


def _error(status: int, error: dict[str, Any]) -> web.Response:
    return web.json_response({"error": error}, status=status)


async def _body(request: web.Request) -> _Json:
    if not request.can_read_body:
        return {}
    try:
        body: Any = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise VaultError(400, "BadParameter", "The request body is not a JSON object.")
    return cast("dict[str, Any]", body)
