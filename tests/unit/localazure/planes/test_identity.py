"""The managed identity endpoint, asked by azure-identity as a container would."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.identity.aio import ManagedIdentityCredential as AsyncManagedIdentityCredential

from localazure.planes.identity import IdentityEndpoint
from localazure.planes.tokens import Identity, TokenSigner

SCOPE = "https://ossrdbms-aad.database.windows.net/.default"
RESOURCE = "https://ossrdbms-aad.database.windows.net"
API = Identity(client_id="cccccccc-0001", object_id="aaaaaaaa-0001", resource_id="/subscriptions/s/id-api")
JOB = Identity(client_id="cccccccc-0002", object_id="aaaaaaaa-0002", resource_id="/subscriptions/s/id-job")


class Container:
    """The test in the place of a container: its environment names the endpoint and the header."""

    def __init__(self, address: str, endpoint: IdentityEndpoint, tokens: TokenSigner) -> None:
        self.address = address
        self.endpoint = endpoint
        self._tokens = tokens

    def speaks_for(self, token: str) -> str:
        return self._tokens.verify(token, audience=RESOURCE).object_id


@pytest_asyncio.fixture
async def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Container]:
    tokens = TokenSigner(tmp_path, "tenant")
    endpoint = IdentityEndpoint(tokens)
    address = await endpoint.start()
    endpoint.register("secret-of-the-container", [API, JOB])
    monkeypatch.setenv("IDENTITY_ENDPOINT", address)
    monkeypatch.setenv("IDENTITY_HEADER", "secret-of-the-container")
    yield Container(address, endpoint, tokens)
    await endpoint.stop()


async def test_the_asynchronous_credential_gets_the_identity_it_names(container: Container) -> None:
    async with AsyncManagedIdentityCredential(client_id=JOB.client_id) as credential:
        token = await credential.get_token(SCOPE)
    assert container.speaks_for(token.token) == JOB.object_id


async def test_the_synchronous_and_the_default_credential_get_it_too(container: Container) -> None:
    def ask() -> list[str]:
        with (
            ManagedIdentityCredential(client_id=API.client_id) as managed,
            DefaultAzureCredential(managed_identity_client_id=API.client_id) as default,
        ):
            return [credential.get_token(SCOPE).token for credential in (managed, default)]

    tokens = await asyncio.to_thread(ask)
    assert [container.speaks_for(token) for token in tokens] == [API.object_id, API.object_id]


@pytest.mark.parametrize(
    "config", [{"principal_id": API.object_id}, {"object_id": API.object_id}, {"mi_res_id": API.resource_id.upper()}]
)
async def test_an_identity_can_be_named_by_object_or_resource(container: Container, config: dict[str, str]) -> None:
    async with AsyncManagedIdentityCredential(identity_config=config) as credential:
        assert container.speaks_for((await credential.get_token(SCOPE)).token) == API.object_id


async def test_the_only_identity_needs_no_name(container: Container) -> None:
    container.endpoint.register("secret-of-the-container", [JOB])
    async with AsyncManagedIdentityCredential() as credential:
        assert container.speaks_for((await credential.get_token(SCOPE)).token) == JOB.object_id


async def test_an_identity_that_is_not_assigned_is_refused_in_azures_words(container: Container) -> None:
    container.endpoint.register("secret-of-the-container", [JOB])
    async with AsyncManagedIdentityCredential(client_id=API.client_id) as credential:
        with pytest.raises(ClientAuthenticationError, match="No User Assigned or Delegated Managed Identity found"):
            await credential.get_token(SCOPE)


async def test_a_container_that_ended_gets_no_token(container: Container) -> None:
    container.endpoint.unregister("secret-of-the-container")
    async with AsyncManagedIdentityCredential(client_id=API.client_id) as credential:
        with pytest.raises(ClientAuthenticationError):
            await credential.get_token(SCOPE)


@pytest.mark.parametrize(
    ("header", "query", "status"),
    [
        ("wrong", {"api-version": "2019-08-01", "resource": RESOURCE}, 401),
        ("", {"api-version": "2019-08-01", "resource": RESOURCE}, 401),
        ("secret-of-the-container", {"api-version": "2019-08-01"}, 400),
        ("secret-of-the-container", {"api-version": "2017-09-01", "resource": RESOURCE}, 400),
        ("secret-of-the-container", {"api-version": "2019-08-01", "resource": RESOURCE}, 400),
    ],
    ids=["wrong-header", "no-header", "no-resource", "old-version", "two-identities-and-no-name"],
)
async def test_a_malformed_request_is_refused(
    container: Container, header: str, query: dict[str, str], status: int
) -> None:
    async with (
        ClientSession() as session,
        session.get(container.address, params=query, headers={"X-IDENTITY-HEADER": header}) as response,
    ):
        body = await response.json()
    assert (response.status, body["statusCode"]) == (status, status)
    assert "access_token" not in body
