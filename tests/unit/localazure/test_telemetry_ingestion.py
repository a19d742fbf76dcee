"""Telemetry is taken in from publishers of the component that it names, and from nobody else."""

import gzip
import json
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from localazure.azure import Azure
from localazure.planes.ingestion import RESOURCE
from localazure.planes.tokens import Identity, TokenSigner
from localazure.runtime import Runtime
from localazure.services.catalog import TYPES
from localazure.store import Record, Store
from localazure.subscription import TENANT_ID
from localazure.telemetry import FILE_BYTES, StoredComponent
from tests.unit.localazure.arm import PUBLISHER, SECRETS_USER, create, grant

COMPONENT = "applicationinsights:Component"
IDENTITY = "managedidentity:UserAssignedIdentity"


class Place:
    """A subscription with one component, and a client of its ingestion endpoint."""

    def __init__(self, azure: Azure, state: Path, http: aiohttp.ClientSession, component: Record) -> None:
        self.azure = azure
        self.component = component
        self.http = http
        self.tokens = TokenSigner(state / "tokens", TENANT_ID)

    def item(self, key: str = "", kind: str = "RequestData") -> dict[str, Any]:
        return {"iKey": key or self.component.outputs["instrumentationKey"], "data": {"baseType": kind}}

    def bearer(self, identity: Record, resource: str = RESOURCE) -> str:
        who = identity.outputs
        named = Identity(client_id=who["clientId"], object_id=who["principalId"], resource_id=identity.id)
        return f"Bearer {self.tokens.issue_for(named, resource=resource, lifetime_seconds=600)}"

    async def send(
        self, body: bytes, bearer: str = "", path: str = "/v2.1/track", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        sent = headers | ({"Authorization": bearer} if bearer else {})
        address = URL(f"{self.azure.runtime.telemetry.address[:-1]}{path}", encoded=True)
        async with self.http.post(address, data=body, headers=sent) as answer:
            return answer.status, await answer.json()

    @property
    def kept(self) -> StoredComponent:
        return self.azure.runtime.telemetry.component(self.component)


@pytest.fixture
async def place(azure: Azure, state: Path) -> AsyncGenerator[Place]:
    component = await create(azure, COMPONENT, disableLocalAuth=True)
    trust = ssl.create_default_context(cafile=azure.runtime.authority.bundle)
    connector = aiohttp.TCPConnector(ssl=trust)
    async with aiohttp.ClientSession(connector=connector) as http:
        yield Place(azure, state, http, component)


async def publisher(place: Place) -> str:
    identity = await create(place.azure, IDENTITY)
    await grant(place.azure, identity, PUBLISHER, place.component)
    return place.bearer(identity)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("in_lines", [False, True])
async def test_items_of_a_publisher_are_kept(place: Place, *, packed: bool, in_lines: bool) -> None:
    items = [place.item(), place.item(kind="MetricData")]
    body = ("\n".join(map(json.dumps, items)) if in_lines else json.dumps(items)).encode()
    headers = {"Content-Encoding": "gzip"} if packed else {}

    answer = await place.send(gzip.compress(body) if packed else body, await publisher(place), **headers)

    assert answer == (200, {"itemsReceived": 2, "itemsAccepted": 2, "errors": []})
    assert place.kept.items() == items
    status = place.azure.type_of(COMPONENT).status(place.component)
    assert status is not None
    assert status["items"] == {"MetricData": 1, "RequestData": 1}


async def test_who_is_no_publisher_is_refused(place: Place) -> None:
    body = json.dumps([place.item()]).encode()
    right = await publisher(place)
    stranger = await create(place.azure, IDENTITY, resourceName="stranger")
    await grant(place.azure, stranger, SECRETS_USER, place.component, "other")

    assert (await place.send(body))[0] == 401
    assert (await place.send(body, "Bearer nonsense"))[0] == 401
    assert (await place.send(body, "Basic YTpi"))[0] == 401
    assert (await place.send(body, place.bearer(stranger, "https://vault.azure.net")))[0] == 401
    assert (await place.send(body, place.bearer(stranger)))[0] == 403
    assert (await place.send(body, right))[0] == 200
    assert len(place.kept.items()) == 1


async def test_a_role_on_something_else_publishes_nothing(place: Place) -> None:
    stranger = await create(place.azure, IDENTITY)
    await grant(place.azure, stranger, PUBLISHER, await create(place.azure, "keyvault:Vault"))

    status, said = await place.send(json.dumps([place.item()]).encode(), place.bearer(stranger))

    assert (status, said["itemsAccepted"], said["errors"][0]["statusCode"]) == (403, 0, 403)
    assert place.kept.items() == []


async def test_a_component_that_is_not_there_takes_nothing(place: Place) -> None:
    bearer = await publisher(place)
    unknown = place.item(key="00000000-0000-0000-0000-000000000000")

    alone = await place.send(json.dumps([unknown]).encode(), bearer)
    mixed = await place.send(json.dumps([unknown, place.item()]).encode(), bearer)

    error = {"index": 0, "statusCode": 400, "message": "Invalid instrumentation key"}
    assert alone == (400, {"itemsReceived": 1, "itemsAccepted": 0, "errors": [error]})
    assert mixed == (206, {"itemsReceived": 2, "itemsAccepted": 1, "errors": [error]})
    await place.azure.delete(place.component.id)
    assert (await place.send(json.dumps([place.item()]).encode(), bearer))[0] == 400
    assert place.kept.items() == []


async def test_a_component_with_local_authentication_takes_its_key_for_a_token(place: Place) -> None:
    await place.azure.update(place.component.id, {**place.component.inputs, "disableLocalAuth": False})

    assert (await place.send(json.dumps([place.item()]).encode()))[0] == 200


@pytest.mark.parametrize("path", ["/v2/track", "//v2.1/track"])
async def test_the_paths_of_all_exporters_take_items(place: Place, path: str) -> None:
    assert (await place.send(json.dumps([place.item()]).encode(), await publisher(place), path))[0] == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[1]", b"\xff", b"3"])
async def test_what_is_no_telemetry_is_refused(place: Place, body: bytes) -> None:
    assert (await place.send(body))[0] == 400


async def test_the_newest_items_are_kept(place: Place) -> None:
    large = {**place.item(), "text": "x" * (FILE_BYTES // 4)}
    for number in range(12):
        place.kept.keep([{**large, "number": number}])

    numbers = [item["number"] for item in place.kept.items()]
    assert 2 <= len(numbers) <= 8
    assert numbers[-1] == 11


async def test_the_address_survives_the_daemon(place: Place, state: Path) -> None:
    address = place.azure.runtime.telemetry.address
    await place.azure.runtime.telemetry.stop()
    store = Store(state / "azure.json")

    async with Runtime.open(state, TENANT_ID, store) as runtime:
        again = Azure(store, runtime, TYPES)
        await again.recover()
        assert runtime.telemetry.address == address
        assert (
            again.need(place.component.id).outputs["connectionString"].split(";")[1] == f"IngestionEndpoint={address}"
        )
