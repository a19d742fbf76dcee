"""What the tests of this folder share: an account of the embedded subscription, and the official SDK on it."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

from azure.core.credentials import AccessToken
from azure.storage.blob.aio import BlobServiceClient, ContainerClient

from localazure.azure import Azure
from localazure.planes.blob import RESOURCE
from localazure.planes.tokens import Identity, TokenSigner
from localazure.runtime import Runtime
from localazure.services.catalog import TYPES
from localazure.store import Record, Store
from localazure.subscription import TENANT_ID
from tests.unit.localazure.arm import BLOB_CONTRIBUTOR, create, grant

SERVICE: Final = {"deleteRetentionPolicy": {"days": 7, "enabled": True}, "isVersioningEnabled": True}


class Credential:
    """The token of one identity, for one resource."""

    def __init__(self, tokens: TokenSigner, identity: Identity, resource: str) -> None:
        self._token = tokens.issue_for(identity, resource=resource, lifetime_seconds=600)

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://storage.azure.com/.default",)
        return AccessToken(self._token, int(time.time()) + 600)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


class Place:
    """A subscription with one account, one container and one identity."""

    def __init__(self, azure: Azure, state: Path, account: Record, container: Record, identity: Record) -> None:
        self.azure = azure
        self.account = account
        self.container = container
        self.identity = identity
        self._state = state

    def client(self, identity: Record | None = None, *, resource: str = RESOURCE, **options: Any) -> BlobServiceClient:
        """The official client of the account, as an identity."""
        who = (identity or self.identity).outputs
        named = Identity(client_id=who["clientId"], object_id=who["principalId"], resource_id="/identity")
        credential: Any = Credential(TokenSigner(self._state / "tokens", TENANT_ID), named, resource)
        trust = str(self.azure.runtime.authority.bundle)
        defaults: dict[str, Any] = {"credential": credential, "connection_verify": trust, "retry_total": 0}
        return BlobServiceClient(self.account.outputs["primaryEndpoints"]["blob"], **(defaults | options))

    @asynccontextmanager
    async def backups(self, identity: Record | None = None) -> AsyncGenerator[ContainerClient]:
        """The official client of the container; that of the account owns its connections."""
        async with self.client(identity) as service:
            yield service.get_container_client("backups")

    async def make_container_again(self, **inputs: Any) -> None:
        """Delete the container, whose roles go with it, and make it with these inputs."""
        await self.azure.delete(self.container.id)
        self.container = await create(self.azure, "storage:BlobContainer", **inputs)
        await self.allow()

    async def allow(self) -> None:
        """Let the identity write in the container."""
        await grant(self.azure, self.identity, BLOB_CONTRIBUTOR, self.container)


@asynccontextmanager
async def open_place(state: Path) -> AsyncGenerator[Place]:
    """Open the subscription of a state folder, and make in it what is not there yet."""
    store = Store(state / "azure.json")
    async with Runtime.open(state, TENANT_ID, store) as runtime:
        azure = Azure(store, runtime, TYPES)
        await azure.recover()
        try:
            yield await _place(azure, state)
        finally:
            await azure.stop()


async def _place(azure: Azure, state: Path) -> Place:
    if found := azure.find("storage:StorageAccount"):
        [container], [identity] = (
            azure.find("storage:BlobContainer"),
            azure.find("managedidentity:UserAssignedIdentity"),
        )
        return Place(azure, state, found[0], container, identity)
    account = await create(azure, "storage:StorageAccount")
    await create(azure, "storage:BlobServiceProperties", **SERVICE)
    container = await create(azure, "storage:BlobContainer", immutableStorageWithVersioning={"enabled": True})
    identity = await create(azure, "managedidentity:UserAssignedIdentity")
    await grant(azure, identity, BLOB_CONTRIBUTOR, container)
    return Place(azure, state, account, container, identity)


async def content_of(client: ContainerClient, name: str, **options: Any) -> bytes:
    """What the SDK downloads of a blob."""
    sdk: Any = client  # its types know the content as Unknown
    return await (await sdk.download_blob(name, **options)).readall()


async def names_in(client: ContainerClient, **options: Any) -> list[str]:
    """What the SDK lists."""
    return [blob.name async for blob in client.list_blobs(**options)]
