"""The blob data plane of one storage account: block blobs over TLS, for callers with a token and a role.

https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

import ssl
import uuid
from typing import Final, Protocol

import jwt
from aiohttp import web

from localazure.planes.blob_operations import Call, not_imitated, operation_of, xml_response
from localazure.planes.blob_store import Container
from localazure.planes.blob_values import BlobError, Rules
from localazure.planes.blob_xml import container_list, error_body
from localazure.planes.listener import HOST, Listener
from localazure.planes.tokens import TokenSigner

RESOURCE: Final = "https://storage.azure.com"
"""The audience of a token for any storage account."""

LARGEST_BODY: Final = 256 << 20
"""Bytes of one request; Azure takes more, clients send less."""

_NAMED: Final = "/{container:[a-z0-9$-]+}"


class Account(Protocol):
    """What a data plane asks about its account."""

    def is_allowed(self, object_id: str, container: str, *, writes: bool) -> bool:
        """Whether a principal may read, or write, in a container; in the account for an empty one."""
        ...

    def rules(self, container: str) -> Rules | None:
        """What holds in a container, or None when there is no such container."""
        ...

    def container(self, container: str) -> Container:
        """The content of a container."""
        ...

    def containers(self) -> list[str]:
        """The names of the containers."""
        ...


class BlobService:
    """Serves the blobs of one account.

    Args:
        account: what is in it, and who may do what.
        tokens: verifies callers.
    """

    def __init__(self, account: Account, tokens: TokenSigner) -> None:
        self._account = account
        self._tokens = tokens
        self._listener: Listener | None = None

    async def start(self, context: ssl.SSLContext, port: int = 0) -> str:
        """Listen, and give the address of the account's blobs.

        Raises:
            StateError: the port is taken.
        """
        application = web.Application(client_max_size=LARGEST_BODY)
        for path in ("/", _NAMED, _NAMED + "/{blob:.+}"):
            application.router.add_route("*", path, self._handle)
        self._listener = await Listener.open(application, context=context, port=port)
        return f"https://{HOST}:{self._listener.port}/"

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            await self._listener.close()
            self._listener = None

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            response = await self._answer(request)
        except jwt.InvalidTokenError as error:
            response = _refusal(401, "InvalidAuthenticationInfo", f"Server failed to authenticate the request. {error}")
            authority = f"https://login.microsoftonline.com/{self._tokens.tenant_id}/oauth2/authorize"
            response.headers["WWW-Authenticate"] = f"Bearer authorization_uri={authority} resource_id={RESOURCE}"
        except BlobError as error:
            response = _refusal(error.status, error.code, str(error))
        response.headers["x-ms-request-id"] = str(uuid.uuid4())
        response.headers["x-ms-version"] = request.headers.get("x-ms-version", "")
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        container, blob = request.match_info.get("container", ""), request.match_info.get("blob", "")
        writes = request.method in {"PUT", "DELETE"}
        if not self._account.is_allowed(self._caller(request), container, writes=writes):
            # The text: github.com/Azure/azure-storage-blob-go/issues/183.
            text = "This request is not authorized to perform this operation using this permission."
            raise BlobError(403, "AuthorizationPermissionMismatch", text)
        if not container:
            listing = (request.method, request.query.get("comp")) == ("GET", "list")
            return self._list() if listing else not_imitated(f"{request.method} {request.path_qs}")
        rules = self._account.rules(container)
        if rules is None:
            raise BlobError(404, "ContainerNotFound", "The specified container does not exist.")
        content = self._account.container(container)
        operation, body = operation_of(request, on_blob=bool(blob)), await request.read()
        # From here to the answer nothing waits, so that no other request comes between a check and its write.
        return operation(Call(request=request, content=content, rules=rules, container=container, blob=blob, body=body))

    def _list(self) -> web.Response:
        return xml_response(container_list(self._account.containers()))

    def _caller(self, request: web.Request) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.startswith("SharedKey") or "sig" in request.query:
            text = "Key based authentication is not permitted on this storage account."
            raise BlobError(403, "KeyBasedAuthenticationNotPermitted", text)
        if scheme.lower() != "bearer":
            text = "Please refer to the information in the www-authenticate header."
            raise jwt.InvalidTokenError(text)
        return self._tokens.verify(token, audience=RESOURCE).object_id


def _refusal(status: int, code: str, message: str) -> web.Response:
    response = xml_response(error_body(code, message))
    response.set_status(status)
    response.headers["x-ms-error-code"] = code
    return response
