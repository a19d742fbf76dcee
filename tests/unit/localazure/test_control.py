import asyncio
from collections.abc import AsyncGenerator

import jwt
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from localazure.azure import Azure
from localazure.control import control_app
from localazure.invokes import invoke
from tests.unit.localazure.arm import GROUP, create

WANTED = {
    "audience": "api",
    "issuer": "https://i/v2.0",
    "lifetime_seconds": 60,
    "roles": ["Tasks.Read"],
    "subject": "ada",
}


@pytest.fixture
def stopping() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def door(azure: Azure, stopping: asyncio.Event) -> AsyncGenerator[ClientSession]:
    """A client that knows the secret."""
    server = TestServer(control_app(azure, secret="open", stop=stopping.set), host="127.0.0.1")
    await server.start_server()
    async with ClientSession(server.make_url("/"), headers={"Authorization": "Bearer open"}) as client:
        yield client
    await server.close()


@pytest.mark.parametrize("shown", ["", "Bearer ", "Bearer wrong", "Bearer öpen", "Basic open"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/status"), ("POST", "/token"), ("POST", "/operator-token"), ("POST", "/stop")]
)
async def test_the_door_is_closed_to_who_does_not_know_the_secret(
    door: ClientSession, stopping: asyncio.Event, shown: str, method: str, path: str
) -> None:
    async with door.request(method, path, headers={"Authorization": shown}) as answer:
        assert answer.status == 401

    assert not stopping.is_set()


async def test_the_status_names_what_exists_and_what_runs(door: ClientSession, azure: Azure) -> None:
    vault = await create(azure, "keyvault:Vault")

    async with door.get("/status") as answer:
        said = await answer.json()

    assert said["kept_aside"] is None
    assert said["resources"] == [GROUP, vault.id]
    assert [running["id"] for running in said["running"]] == [vault.id]


async def test_a_token_is_minted_as_it_is_asked_for(door: ClientSession) -> None:
    async with door.post("/token", json=WANTED) as answer:
        token = (await answer.json())["token"]

    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["aud"], claims["iss"], claims["sub"], claims["roles"]) == (
        "api",
        "https://i/v2.0",
        "ada",
        ["Tasks.Read"],
    )


async def test_a_token_of_the_operator_is_that_of_who_deploys(door: ClientSession, azure: Azure) -> None:
    async with door.post("/operator-token", json={"resource": "https://servicebus.azure.net"}) as answer:
        token = (await answer.json())["token"]

    claims = jwt.decode(token, options={"verify_signature": False})
    deployer = invoke(azure, "authorization:getClientConfig", {})
    assert (claims["aud"], claims["oid"]) == ("https://servicebus.azure.net", deployer["objectId"])


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"subject": "ada", "colour": "red"}'])
async def test_a_malformed_request_for_a_token_is_refused(door: ClientSession, body: str) -> None:
    async with door.post("/token", data=body, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 400


async def test_what_is_in_deleted_state_is_purged(door: ClientSession, azure: Azure) -> None:
    await azure.delete((await create(azure, "keyvault:Vault")).id)

    async with door.post("/purge") as answer:
        assert answer.status == 200

    assert azure.store.deleted() == []


async def test_a_revision_that_is_not_there_is_refused_in_words(door: ClientSession) -> None:
    asked = {"app": f"{GROUP}/providers/Microsoft.App/containerApps/api", "revision": "api--v1", "active": False}
    async with door.post("/revision", json=asked) as answer:
        assert "was not found" in (await answer.json())["refused"]


async def test_the_daemon_is_asked_to_stop(door: ClientSession, stopping: asyncio.Event) -> None:
    async with door.post("/stop") as answer:
        assert answer.status == 200

    assert stopping.is_set()


async def test_a_script_of_faults_is_taken_shown_and_replaced(door: ClientSession) -> None:
    async with door.post("/faults", json=[{"kind": "throttled", "type": "keyvault:*", "times": 2}]) as answer:
        assert await answer.json() == {}
    async with door.get("/status") as answer:
        [shown] = (await answer.json())["faults"]
    assert (shown["kind"], shown["type"], shown["times"], shown["struck"]) == ("throttled", "keyvault:*", 2, 0)

    await door.post("/faults", json=[])

    async with door.get("/status") as answer:
        assert (await answer.json())["faults"] == []


@pytest.mark.parametrize("script", [[{"kind": "thunder"}], ["slow"], {"kind": "slow"}])
async def test_a_script_that_cannot_be_used_is_refused_in_words(door: ClientSession, script: object) -> None:
    async with door.post("/faults", json=script) as answer:
        assert (await answer.json())["refused"]
