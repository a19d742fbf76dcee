"""The service's telemetry with the official exporter, at an ingestion endpoint that asks for a token and a role."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from app.contract import ApiEnv
from localazure.access import METRICS_PUBLISHERS
from localazure.planes.ingestion import Item
from localazure.planes.tokens import Identity
from localazure.store import Record, Store
from localazure.telemetry import TOKEN, StoredComponent, Telemetry
from tests.integration.app.platform_parts import API, WORKER, Platform
from tests.integration.app.replica_process import WITHIN_S, Replica, open_replica, run, serve
from tests.unit.app.issuer import open_issuer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDS_WITHIN_S = 15.0
"""Below the platform's grace by far: the end of telemetry takes two seconds at most."""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CANARY = "canary@example.com"


@dataclass(kw_only=True)
class Insights:
    """A component, where its telemetry is taken in, and who publishes."""

    telemetry: Telemetry
    store: Store
    record: Record

    @property
    def kept(self) -> StoredComponent:
        return self.telemetry.component(self.record)

    @property
    def connection(self) -> str:
        return self.connection_to(self.telemetry.address)

    def connection_to(self, address: str) -> str:
        return f"InstrumentationKey={self.record.outputs['instrumentationKey']};IngestionEndpoint={address}"

    def grant(self, identity: Identity) -> None:
        (role,) = METRICS_PUBLISHERS
        inputs = {"principalId": identity.object_id, "roleDefinitionId": f"/roles/{role}", "scope": self.record.id}
        self.store.put(Record(token="authorization:RoleAssignment", id=f"/{uuid4()}", inputs=inputs, outputs={}))


@pytest_asyncio.fixture(loop_scope="module")
async def insights(platform: Platform, tmp_path: Path) -> AsyncGenerator[Insights]:
    store = Store(tmp_path / "azure.json")
    record = Record(token=TOKEN, id="/components/insights", inputs={"disableLocalAuth": True}, outputs={})
    record.outputs["instrumentationKey"] = str(uuid4())
    store.put(record)
    telemetry = Telemetry(tmp_path / "telemetry", platform.authority, store, platform.signer)
    await telemetry.open()
    try:
        yield Insights(telemetry=telemetry, store=store, record=record)
    finally:
        await telemetry.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Replica]:
    async with open_issuer() as issuer, open_replica(platform, issuer, tmp_path_factory.mktemp("replica")) as made:
        done = await run("migrate", made.migrate())
        assert done[0] == 0, done
        yield made


@dataclass(kw_only=True)
class Counted:
    """A server that counts who connects, and never answers."""

    address: str = ""
    connections: int = 0


@asynccontextmanager
async def silent_server() -> AsyncGenerator[Counted]:
    counted = Counted()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counted.connections += 1
        await reader.read()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    counted.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield counted


def of_kind(items: list[Item], kind: str) -> list[Item]:
    return [item for item in items if item["data"]["baseType"] == kind]


async def test_requests_and_numbers_arrive_and_nothing_is_asked_of_anybody_else(
    replica: Replica, insights: Insights
) -> None:
    insights.grant(API)
    async with silent_server() as elsewhere:
        environ = replica.api() | {
            ApiEnv.APPLICATIONINSIGHTS_CONNECTION_STRING: insights.connection,
            "CONTAINER_APP_REPLICA_NAME": "api--1",
            # What is not on loopback would come by here.
            "HTTP_PROXY": f"http://{elsewhere.address}",
            "HTTPS_PROXY": f"http://{elsewhere.address}",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        async with serve("api", environ, replica.issuer.token()) as api:
            headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "From": CANARY}
            body = {"title": CANARY}
            async with api.http.post(f"/api/v1/tasks?note={CANARY}", json=body, headers=headers) as answer:
                assert answer.status == 201
            async with api.http.get("/api/v1/tasks") as answer:  # not sampled: counted all the same
                assert answer.status == 200
            async with api.http.get("/health/ready") as answer:
                assert answer.status == 200
            code, log = await api.stop()
    assert code == 0
    assert elsewhere.connections == 0
    items = insights.kept.items()
    (request,) = of_kind(items, "RequestData")
    assert request["tags"]["ai.operation.id"] == TRACE
    assert request["tags"]["ai.operation.parentId"] == "00f067aa0ba902b7"
    assert (request["tags"]["ai.cloud.role"], request["tags"]["ai.cloud.roleInstance"]) == ("api", "api--1")
    said = request["data"]["baseData"]
    assert (said["name"], said["responseCode"], said["success"]) == ("POST /api/v1/tasks", "201", True)
    calls = of_kind(items, "RemoteDependencyData")
    assert {(call["data"]["baseData"]["name"], call["data"]["baseData"]["type"]) for call in calls} == {
        ("database", "postgresql")
    }
    assert {call["tags"]["ai.operation.parentId"] for call in calls} == {said["id"]}
    numbers = {
        (point["name"], labels.get("method"), labels.get("status")): point["count"]
        for item in of_kind(items, "MetricData")
        for point, labels in [(item["data"]["baseData"]["metrics"][0], item["data"]["baseData"]["properties"])]
    }
    assert numbers["requests.milliseconds", "POST", "2xx"] == 1
    assert numbers["requests.milliseconds", "GET", "2xx"] == 1
    assert CANARY not in json.dumps(items)
    assert CANARY not in log
    assert replica.issuer.token() not in log


async def test_who_is_no_publisher_delivers_nothing_and_serves_all_the_same(
    replica: Replica, insights: Insights
) -> None:
    insights.grant(WORKER)
    environ = replica.api() | {
        ApiEnv.APPLICATIONINSIGHTS_CONNECTION_STRING: insights.connection,
        ApiEnv.TRACE_PERCENT: "100",
    }
    async with serve("api", environ, replica.issuer.token()) as api:
        async with api.http.get("/api/v1/tasks") as answer:
            assert answer.status == 200
        code, log = await api.stop()
    assert (code, insights.kept.items()) == (0, [])
    messages = [json.loads(line)["message"] for line in log.splitlines()]
    assert messages.count("telemetry is not delivered, and dropped") == 1
    assert any("Monitoring Metrics Publisher" in message for message in messages)


async def test_a31_an_ingestion_endpoint_that_hangs_costs_neither_requests_nor_the_end(
    replica: Replica, insights: Insights
) -> None:
    async with silent_server() as hangs:
        environ = replica.api() | {
            ApiEnv.APPLICATIONINSIGHTS_CONNECTION_STRING: insights.connection_to(f"https://{hangs.address}/"),
            ApiEnv.TRACE_PERCENT: "100",
        }
        async with serve("api", environ, replica.issuer.token()) as api:
            statuses: set[int] = set()
            async with asyncio.timeout(WITHIN_S):
                while not hangs.connections:  # until an export hangs
                    async with api.http.get("/api/v1/tasks") as answer:
                        statuses.add(answer.status)
                    await asyncio.sleep(0.05)
                for _ in range(50):  # while it hangs
                    async with api.http.get("/api/v1/tasks") as answer:
                        statuses.add(answer.status)
            started = time.monotonic()
            code, log = await api.stop()
    assert (code, statuses) == (0, {200})
    assert time.monotonic() - started < ENDS_WITHIN_S
    lines = [json.loads(line) for line in log.splitlines()]
    # Every request was over long before the bound on a call of the exporter.
    assert max(line["milliseconds"] for line in lines if line["logger"] == "app.request") < 4000
    assert [line["spans"] > 0 for line in lines if line["message"] == "spans are dropped at the end"] == [True]
