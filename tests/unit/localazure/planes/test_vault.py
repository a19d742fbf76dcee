"""The data plane of a vault: the requests of azure-keyvault-secrets, over TLS, with real tokens."""

import re
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from localazure.planes.key_store import Keys
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from localazure.planes.vault import RESOURCE, KeyVault, VaultAddress
from localazure.planes.vault_store import Secret, Secrets, VaultError

VAULT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-dme"
READ = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
OFFICER = Identity(client_id="c-officer", object_id="o-officer", resource_id="/officer")
READER = Identity(client_id="c-reader", object_id="o-reader", resource_id="/reader")


def _authorize(object_id: str, action: str, resource: str) -> bool:
    return object_id == "o-officer" or (object_id, action, resource) == ("o-reader", READ, f"{VAULT}/secrets/shared")


@dataclass(frozen=True, kw_only=True)
class Client:
    context: ssl.SSLContext
    tokens: TokenSigner
    uri: str

    async def send(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, host: str | None = None
    ) -> tuple[int, Any, str]:
        if token is None:
            token = self.token(OFFICER)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if host:
            headers["Host"] = host
        async with (
            ClientSession() as session,
            session.request(method, self.uri + path, json=body, headers=headers, ssl=self.context) as response,
        ):
            answer = await response.json() if response.status != 204 else None
            return response.status, answer, response.headers.get("WWW-Authenticate", "")

    def token(self, identity: Identity, resource: str = RESOURCE) -> str:
        return self.tokens.issue_for(identity, resource=resource, lifetime_seconds=60)


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncGenerator[Client]:
    authority = CertificateAuthority(tmp_path)
    tokens = TokenSigner(tmp_path, "tenant")
    vault = KeyVault(
        address=VaultAddress(location="westeurope", resource_id=VAULT),
        authorize=_authorize,
        keys=Keys({}),
        secrets=Secrets({}, purge_protection=False, retention_days=7),
        tokens=tokens,
    )
    uri = await vault.start(authority.server_context())
    yield Client(context=ssl.create_default_context(cafile=authority.bundle), tokens=tokens, uri=uri)
    await vault.stop()


async def test_a_call_without_a_token_is_challenged_in_the_way_the_sdk_accepts(client: Client) -> None:
    status, body, challenge = await client.send("GET", "secrets/shared", token="")
    assert (status, body["error"]["code"]) == (401, "Unauthorized")
    resource = re.search(r'resource="https://([^"]+)"', challenge)
    assert resource is not None
    # azure.keyvault._shared.challenge_auth_policy: the vault's host must end in "." and the resource's host.
    assert client.uri.removeprefix("https://").rstrip("/").endswith(f".{resource[1]}")
    token = client.token(OFFICER, f"https://{resource[1]}")
    assert (await client.send("PUT", "secrets/shared", {"value": "v"}, token=token))[0] == 200


async def test_a_secret_has_versions(client: Client) -> None:
    _, first, _ = await client.send("PUT", "secrets/shared", {"value": "one", "tags": {"owner": "ops"}})
    _, second, _ = await client.send("PUT", "secrets/shared", {"value": "two", "contentType": "text/plain"})
    _, latest, _ = await client.send("GET", "secrets/shared/")
    assert (latest["value"], latest["id"], latest["contentType"]) == ("two", second["id"], "text/plain")
    assert first["id"] != second["id"]
    _, old, _ = await client.send("GET", first["id"].removeprefix(client.uri))
    assert (old["value"], old["tags"]) == ("one", {"owner": "ops"})
    _, versions, _ = await client.send("GET", "secrets/shared/versions")
    assert [item["id"] for item in versions["value"]] == [first["id"], second["id"]]
    _, listed, _ = await client.send("GET", "secrets")
    assert [item["id"] for item in listed["value"]] == [f"{client.uri}secrets/shared"]
    assert "value" not in {*versions["value"][0], *listed["value"][0]}


async def test_a_disabled_version_cannot_be_read(client: Client) -> None:
    _, made, _ = await client.send("PUT", "secrets/shared", {"value": "one"})
    path = made["id"].removeprefix(client.uri)
    _, changed, _ = await client.send("PATCH", path, {"attributes": {"enabled": False}})
    assert changed["attributes"]["enabled"] is False
    _, labelled, _ = await client.send("PATCH", "secrets/shared/", {"tags": {"owner": "ops"}})
    assert (labelled["tags"], labelled["attributes"]["enabled"]) == ({"owner": "ops"}, False)
    status, body, _ = await client.send("GET", path)
    assert (status, body["error"]["innererror"]["code"]) == (403, "SecretDisabled")


async def test_a_deleted_secret_blocks_its_name_until_it_is_recovered_or_purged(client: Client) -> None:
    await client.send("PUT", "secrets/shared", {"value": "one"})
    _, deleted, _ = await client.send("DELETE", "secrets/shared")
    assert deleted["scheduledPurgeDate"] - deleted["deletedDate"] == 7 * 86400
    assert (await client.send("GET", "secrets/shared"))[0] == 404
    status, body, _ = await client.send("PUT", "secrets/shared", {"value": "two"})
    assert (status, body["error"]["innererror"]["code"]) == (409, "ObjectIsDeletedButRecoverable")
    assert (await client.send("POST", "deletedsecrets/shared/recover"))[0] == 200
    assert (await client.send("GET", "secrets/shared"))[1]["value"] == "one"
    await client.send("DELETE", "secrets/shared")
    assert len((await client.send("GET", "deletedsecrets"))[1]["value"]) == 1
    assert (await client.send("DELETE", "deletedsecrets/shared"))[0] == 204
    assert (await client.send("GET", "deletedsecrets/shared"))[0] == 404
    assert (await client.send("PUT", "secrets/shared", {"value": "two"}))[0] == 200


async def test_a_role_on_one_secret_opens_only_that_secret_for_reading(client: Client) -> None:
    for name in ("shared", "private"):
        await client.send("PUT", f"secrets/{name}", {"value": name})
    token = client.token(READER)
    assert (await client.send("GET", "secrets/shared", token=token))[1]["value"] == "shared"
    for method, path in (("GET", "secrets/private"), ("DELETE", "secrets/shared"), ("GET", "secrets")):
        status, body, _ = await client.send(method, path, token=token)
        assert (status, body["error"]["innererror"]["code"]) == (403, "ForbiddenByRbac")
    _, body, _ = await client.send("GET", "secrets/private", token=token)
    for part in (
        "Caller: appid=c-reader;oid=o-reader;iss=https://sts.windows.net/tenant/\r\n",
        f"Action: '{READ}'\r\n",
        f"Resource: '{VAULT.lower()}/secrets/private'\r\n",
        "Vault: kv-dme;location=westeurope",
    ):
        assert part in body["error"]["message"]


async def test_a_token_for_another_service_is_refused_whatever_the_host_header_says(client: Client) -> None:
    token = client.token(OFFICER, "https://ossrdbms-aad.database.windows.net")
    for host in (None, "x.ossrdbms-aad.database.windows.net"):
        status, body, challenge = await client.send("GET", "secrets", token=token, host=host)
        assert (status, body["error"]["code"]) == (401, "Unauthorized")
        assert "ossrdbms" not in challenge


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("under_score", {"value": "v"}),
        ("x" * 128, {"value": "v"}),
        ("fits", {"value": 1}),
        ("fits", {}),
        ("fits", ["value"]),
        ("fits", {"value": "x" * 25601}),
        ("fits", {"value": "v", "attributes": {"enabled": "no"}}),
    ],
)
async def test_a_malformed_secret_is_refused(client: Client, name: str, body: Any) -> None:
    status, answer, _ = await client.send("PUT", f"secrets/{name}", body)
    assert (status, answer["error"]["code"]) == (400, "BadParameter")


def test_purge_protection_holds_until_the_purge_date() -> None:
    now = 1_000_000.0
    store: dict[str, Secret] = {}
    secrets = Secrets(store, purge_protection=True, retention_days=7, clock=lambda: now)
    secrets.set("kept", "value")
    secrets.delete("kept")
    with pytest.raises(VaultError, match="purge protection"):
        secrets.purge("kept")
    now += 7 * 86400 - 1
    assert [secret.name for secret in secrets.deleted()] == ["kept"]
    now += 1
    assert secrets.deleted() == []
    assert store == {}
