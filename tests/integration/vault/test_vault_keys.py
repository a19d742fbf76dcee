"""The keys of a vault, with the official SDK and role assignments of the embedded subscription."""

import secrets
import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.keyvault.keys import KeyVaultKeyIdentifier
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto import KeyWrapAlgorithm

from localazure.azure import Azure
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from localazure.runtime import Runtime
from localazure.services.catalog import TYPES
from localazure.store import Record, Store
from localazure.subscription import TENANT_ID
from tests.integration.vault.vault_harness import crypto_of, key_client
from tests.unit.localazure.arm import ROLES, SECRETS_USER, create, grant

CRYPTO_OFFICER: Final = f"{ROLES}/14b46e9e-c2b7-41b4-b07b-48a6ebf60603"
CRYPTO_USER: Final = f"{ROLES}/12338af0-0e69-4776-bea7-57ae8d297424"
OAEP: Final = KeyWrapAlgorithm.rsa_oaep_256
USES: Final = ["wrapKey", "unwrapKey"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A vault with one key, and an identity that may do nothing yet."""

    azure: Azure
    identity: Record
    state: Path
    vault: Record

    def client(self) -> KeyClient:
        who = self.identity.outputs
        named = Identity(client_id=who["clientId"], object_id=who["principalId"], resource_id="/identity")
        tokens = TokenSigner(self.state / "tokens", TENANT_ID)
        trust = str(self.azure.runtime.authority.bundle)
        return key_client(self.vault.outputs["properties"]["vaultUri"], tokens, named, trust=trust)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    CertificateAuthority(folder / "tls")
    TokenSigner(folder / "tokens", TENANT_ID)
    return folder


@pytest_asyncio.fixture
async def place(keys: Path, tmp_path: Path) -> AsyncGenerator[Place]:
    state = shutil.copytree(keys, tmp_path / "state")
    store = Store(state / "azure.json")
    async with Runtime.open(state, TENANT_ID, store) as runtime:
        azure = Azure(store, runtime, TYPES)
        vault = await create(azure, "keyvault:Vault")
        identity = await create(azure, "managedidentity:UserAssignedIdentity")
        runtime.vaults.create_key(vault.name, "people", kty="RSA", size=2048, operations=USES)
        yield Place(azure=azure, identity=identity, state=state, vault=vault)
        await azure.stop()


@pytest.mark.parametrize("algorithm", [KeyWrapAlgorithm.rsa_oaep_256, KeyWrapAlgorithm.rsa_oaep])
async def test_a_wrapped_key_comes_back_by_the_version_that_wrapped_it(
    place: Place, algorithm: KeyWrapAlgorithm
) -> None:
    await grant(place.azure, place.identity, CRYPTO_USER, place.vault)
    content = secrets.token_bytes(32)
    async with place.client() as client:
        wrapped = await crypto_of(client, "people").wrap_key(algorithm, content)
        old = KeyVaultKeyIdentifier(str(wrapped.key_id))
        rotated = place.azure.runtime.vaults.keys(place.vault.id).rotate("people")
        assert (await client.get_key("people")).properties.version == rotated.version != old.version
        unwrap = crypto_of(client, "people", old.version).unwrap_key
        assert (await unwrap(algorithm, wrapped.encrypted_key)).key == content
        newest = crypto_of(client, "people", rotated.version)
        with pytest.raises(HttpResponseError, match="BadParameter"):
            await newest.unwrap_key(algorithm, wrapped.encrypted_key)


async def test_the_vault_itself_wraps_for_who_asks_it_to(place: Place) -> None:
    await grant(place.azure, place.identity, CRYPTO_USER, place.vault)
    async with place.client() as client:
        crypto = crypto_of(client, "people", remote=True)
        wrapped = await crypto.wrap_key(OAEP, b"k" * 32)
        assert (await crypto.unwrap_key(OAEP, wrapped.encrypted_key)).key == b"k" * 32


@pytest.mark.parametrize("role", [None, SECRETS_USER], ids=["no role", "a role for secrets"])
async def test_without_a_role_for_keys_nothing_is_given(place: Place, role: str | None) -> None:
    if role:
        await grant(place.azure, place.identity, role, place.vault)
    async with place.client() as client:
        with pytest.raises(HttpResponseError, match="ForbiddenByRbac") as refusal:
            await client.get_key("people")
        assert refusal.value.status_code == 403
        with pytest.raises(HttpResponseError, match="keys/unwrap/action"):
            await crypto_of(client, "people").unwrap_key(OAEP, b"x" * 256)


async def test_who_uses_keys_neither_makes_nor_rotates_them(place: Place) -> None:
    await grant(place.azure, place.identity, CRYPTO_USER, place.vault)
    async with place.client() as client:
        for attempt in (client.create_rsa_key("other"), client.rotate_key("people")):
            with pytest.raises(HttpResponseError, match="ForbiddenByRbac"):
                await attempt


async def test_an_officer_makes_rotates_lists_and_disables_keys(place: Place) -> None:
    await grant(place.azure, place.identity, CRYPTO_OFFICER, place.vault)
    async with place.client() as client:
        first = await client.create_rsa_key("other", size=2048)
        second = await client.rotate_key("other")
        assert [key.name async for key in client.list_properties_of_keys()] == ["other", "people"]
        versions = [key.version async for key in client.list_properties_of_key_versions("other")]
        assert versions == [first.properties.version, second.properties.version]
        await client.update_key_properties("other", first.properties.version, enabled=False)
        assert (await client.get_key("other", first.properties.version)).properties.enabled is False
        with pytest.raises(HttpResponseError, match="not allowed on a disabled key"):
            await crypto_of(client, "other", first.properties.version).unwrap_key(OAEP, b"x" * 256)


async def test_an_expired_key_unwraps_what_it_wrapped_and_wraps_nothing_new(place: Place) -> None:
    await grant(place.azure, place.identity, CRYPTO_OFFICER, place.vault)
    async with place.client() as client:
        crypto = crypto_of(client, "people")
        wrapped = await crypto.wrap_key(OAEP, b"k" * 32)
        await client.update_key_properties("people", expires_on=datetime.now(UTC) - timedelta(hours=1))
        assert (await crypto.unwrap_key(OAEP, wrapped.encrypted_key)).key == b"k" * 32
        with pytest.raises(HttpResponseError, match="expired"):
            await crypto_of(client, "people", remote=True).wrap_key(OAEP, b"k" * 32)


async def test_a_key_that_is_not_there_is_not_found(place: Place) -> None:
    await grant(place.azure, place.identity, CRYPTO_USER, place.vault)
    async with place.client() as client:
        with pytest.raises(ResourceNotFoundError, match="KeyNotFound"):
            await client.get_key("nobody")
