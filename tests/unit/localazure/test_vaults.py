"""Data planes of key vaults and the files that they keep; what a vault answers is tested in planes/test_vault.py."""

import socket
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from localazure.azure import Azure
from localazure.errors import StateError
from localazure.planes.key_store import Key, KeyVersion
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from localazure.planes.vault import VaultAddress
from localazure.planes.vault_store import Secret, SecretVersion
from localazure.store import Store
from localazure.subscription import TENANT_ID
from localazure.vault_file import VaultFile
from localazure.vaults import Vaults
from tests.unit.localazure.arm import GROUP, SECRETS_USER, create, grant

ADDRESS = VaultAddress(location="westeurope", resource_id=f"{GROUP}/providers/Microsoft.KeyVault/vaults/vault")
VERSION = SecretVersion(created=1, updated=2, value="s3cret", version="v", tags={"a": "b"})

KEY_VERSION = KeyVersion(created=1, expires=9, operations=("wrapKey",), private="pem", updated=2, version="k")


def vaults_in(state: Path) -> Vaults:
    tokens = TokenSigner(state / "tokens", TENANT_ID)
    return Vaults(state / "vaults", CertificateAuthority(state / "tls"), Store(state / "azure.json"), tokens)


@pytest.fixture
async def vaults(state: Path) -> AsyncGenerator[Vaults]:
    made = vaults_in(state)
    yield made
    await made.stop()


async def opened(vaults: Vaults) -> str:
    return await vaults.open(ADDRESS, purge_protection=False, retention_days=7)


def test_a_vault_file_gives_back_what_was_written(tmp_path: Path) -> None:
    file = VaultFile(tmp_path / "folder" / "vault.json")
    file.secrets["key"] = Secret(name="key", versions=(VERSION,))
    file.secrets["gone"] = Secret(name="gone", versions=())
    file.keys["people"] = Key(name="people", versions=(KEY_VERSION,))
    file.port = 4711
    del file.secrets["gone"]

    again = VaultFile(tmp_path / "folder" / "vault.json")

    assert dict(again.secrets) == {"key": Secret(name="key", versions=(VERSION,))}
    assert dict(again.keys) == {"people": Key(name="people", versions=(KEY_VERSION,))}
    assert again.port == 4711
    assert (tmp_path / "folder" / "vault.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", ["", "[]", '{"secrets": {"key": {}}}', '{"secrets": {"k": 1}}', '{"keys": {"k": {}}}']
)
def test_a_vault_file_that_holds_something_else_is_named_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "vault.json"
    path.write_text(content)

    with pytest.raises(StateError, match=r"vault\.json does not hold the secrets of a vault"):
        VaultFile(path)

    assert path.read_text() == content


async def test_a_vault_that_is_opened_again_keeps_its_address_and_secrets(vaults: Vaults, state: Path) -> None:
    first = await opened(vaults)
    vaults.secrets(ADDRESS.resource_id.upper()).set("key", "s3cret")
    assert await opened(vaults) == first
    await vaults.stop()
    later = vaults_in(state)

    assert await opened(later) == first
    assert later.secrets(ADDRESS.resource_id).read("key", "").value == "s3cret"
    await later.stop()


async def test_a_key_made_through_arm_is_made_once_and_kept(vaults: Vaults, state: Path) -> None:
    await opened(vaults)
    asked: dict[str, Any] = {"kty": "RSA", "size": 2048, "operations": ["wrapKey", "unwrapKey"]}
    made = vaults.create_key("Vault", "people", **asked)
    assert vaults.create_key(ADDRESS.resource_id, "people", **asked) == made
    await vaults.stop()
    later = vaults_in(state)
    await opened(later)
    assert later.keys("vault").version("people") == made
    assert later.keys("vault").rotate("people").operations == ("wrapKey", "unwrapKey")
    assert later.keys("vault").get("people").versions[0] == made
    await later.stop()


async def test_a_taken_port_is_named(vaults: Vaults) -> None:
    uri = await opened(vaults)
    port = int(uri.rstrip("/").rsplit(":", 1)[-1])
    await vaults.close(ADDRESS.resource_id)

    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(StateError, match=f"127.0.0.1:{port}"):
            await opened(vaults)


async def test_a_purged_vault_has_nothing_left(vaults: Vaults, state: Path) -> None:
    await opened(vaults)
    await vaults.close(ADDRESS.resource_id)
    assert len(list((state / "vaults").iterdir())) == 1

    vaults.purge(ADDRESS.resource_id)

    assert list((state / "vaults").iterdir()) == []


async def test_who_may_read_or_write_follows_the_role_assignments_of_the_moment(azure: Azure) -> None:
    vault = await create(azure, "keyvault:Vault")
    await create(azure, "keyvault:Secret")
    identity = await create(azure, "managedidentity:UserAssignedIdentity")
    subject = Identity(client_id="c", object_id=identity.outputs["principalId"], resource_id=identity.id)
    azure.runtime.identity.register("header", [subject])
    uri = f"{vault.outputs['properties']['vaultUri']}secrets/key?api-version=7.4"
    tls = ssl.create_default_context(cafile=str(azure.runtime.authority.bundle))

    async with aiohttp.ClientSession() as client:
        asked = {"api-version": "2019-08-01", "resource": "https://vault.azure.net"}
        endpoint = azure.runtime.container_environment["IDENTITY_ENDPOINT"]
        async with client.get(endpoint, params=asked, headers={"X-IDENTITY-HEADER": "header"}) as answer:
            headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}

        async def statuses() -> list[int]:
            async with (
                client.get(uri, headers=headers, ssl=tls) as read,
                client.put(uri, headers=headers, ssl=tls, json={"value": "x"}) as written,
            ):
                return [read.status, written.status]

        assert await statuses() == [403, 403]
        role = await grant(azure, identity, SECRETS_USER, vault)
        assert await statuses() == [200, 403]
        await azure.delete(role.id)
        assert await statuses() == [403, 403]
