"""Container apps really scale: with requests, with a queue, to none and back."""

import asyncio
import os
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil
import pytest
from azure.core.credentials import AccessToken
from azure.servicebus import ServiceBusMessage, TransportType
from azure.servicebus.aio import ServiceBusClient

from localazure.azure import Azure
from localazure.errors import ProvisioningError
from localazure.planes.tokens import Identity, TokenSigner
from localazure.store import Record
from localazure.subscription import TENANT_ID
from tests.unit.localazure.app_platform import APP, TEMPLATE_REFUSED, Platform, until
from tests.unit.localazure.arm import ROLES, create, grant, refused

pytestmark = pytest.mark.integration

BUS_OWNER = f"{ROLES}/090c5cfd-751d-490a-894a-3ce6f1109419"


async def test_an_app_scales_and_its_next_revision_starts_with_as_many_replicas(platform: Platform) -> None:
    platform.pace(interval_seconds=0.05)
    scale = {"minReplicas": 1, "maxReplicas": 3, "rules": [{"http": {"metadata": {"concurrentRequests": "1"}}}]}
    app = await platform.create(scale=scale)
    slow = [asyncio.create_task(platform.get(app, "/slow")) for _ in range(3)]

    await until(lambda: platform.ready() == [True] * 3)
    for _ in range(3):  # one for each replica
        await platform.get(app, "/release", method="POST")
    answers = set(await asyncio.gather(*slow))
    await platform.update(app, scale=scale, revisionSuffix="next")

    assert answers == {(200, "released True")}
    assert platform.ready() == [True] * 3
    assert {(await platform.get(app, "/replica"))[1].rpartition("-")[0] for _ in range(6)} == {"api--next"}


async def test_a_revision_that_fails_does_not_keep_the_one_before_from_scaling(platform: Platform) -> None:
    platform.pace(interval_seconds=0.05)
    scale = {"minReplicas": 1, "maxReplicas": 2, "rules": [{"http": {"metadata": {"concurrentRequests": "1"}}}]}
    app = await platform.create(scale=scale)
    with pytest.raises(ProvisioningError):
        await platform.update(app, "exit", "3", scale=scale)

    slow = [asyncio.create_task(platform.get(app, "/slow")) for _ in range(2)]
    await until(lambda: platform.ready() == [True] * 2)
    for _ in range(2):
        await platform.get(app, "/release", method="POST")

    assert set(await asyncio.gather(*slow)) == {(200, "released True")}


async def test_an_app_without_a_minimum_goes_to_zero_and_comes_back_with_a_request(platform: Platform) -> None:
    platform.pace(interval_seconds=0.05)
    app = await platform.create(scale={"minReplicas": 0, "cooldownPeriod": 1})

    await until(lambda: platform.ready() == [])
    status, replica = await platform.get(app, "/replica")

    assert status == 200
    assert replica.startswith("api--0000001-")


async def test_a_stop_in_the_middle_of_scaling_leaves_no_process(platform: Platform, tmp_path: Path) -> None:
    platform.pace(interval_seconds=0.05)
    gate = tmp_path / "gate"
    gate.touch()
    scale = {"minReplicas": 1, "rules": [{"http": {"metadata": {"concurrentRequests": "1"}}}]}
    app = await platform.create("after", str(gate), scale=scale)
    gate.unlink()
    os.mkfifo(gate)  # who reads it waits for a writer that never comes
    slow = [asyncio.create_task(platform.get(app, "/slow")) for _ in range(2)]
    await until(lambda: len(platform.ready()) == 2)
    for request in slow:  # a stop would give them their time
        request.cancel()

    await platform.azure.stop()

    assert [each for each in psutil.Process().children() if runs(each, gate)] == []


def runs(process: psutil.Process, gate: Path) -> bool:
    try:
        return str(gate) in process.cmdline()
    except psutil.NoSuchProcess:  # also of one that has ended and is not waited for yet
        return False


@pytest.mark.parametrize("scale", [{"rules": [{"http": {"metadata": {"concurrentRequests": "many"}}}]}])
async def test_a_scale_rule_that_cannot_be_read_is_refused(platform: Platform, scale: dict[str, Any]) -> None:
    with refused(400, TEMPLATE_REFUSED, "many"):
        await platform.create(scale=scale)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"identity": "/subscriptions/s/x/none"}, "Identity '/subscriptions/s/x/none' of the scale rule is not"),
        ({"metadata": {"queueName": "operations", "messageCount": "0"}}, "messageCount 0 must be at least 1"),
    ],
)
async def test_a_scale_rule_on_a_queue_that_cannot_work_is_refused(
    platform: Platform, changes: dict[str, Any], text: str
) -> None:
    rule = {"type": "azure-servicebus", "identity": platform.identity.id, "metadata": {"queueName": "operations"}}
    with refused(400, TEMPLATE_REFUSED, text):
        await platform.create(scale={"rules": [{"name": "queue", "custom": {**rule, **changes}}]})


@dataclass(frozen=True, kw_only=True)
class Credential:
    """Tokens of an identity, for the official client of Service Bus."""

    tokens: TokenSigner
    identity: Identity

    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        resource = "https://servicebus.azure.net"
        token = self.tokens.issue_for(self.identity, resource=resource, lifetime_seconds=3600)
        return AccessToken(token, int(time.time()) + 3600)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object, **__: object) -> None: ...


async def send(azure: Azure, host: str, state: Path, sender: Record) -> None:
    """Put a message into the queue `operations`, as the identity `sender`."""
    known = Identity(client_id="c", object_id=sender.outputs["principalId"], resource_id=sender.id)
    client = ServiceBusClient(
        "127.0.0.1",
        Credential(tokens=TokenSigner(state / "tokens", TENANT_ID), identity=known),
        custom_endpoint_address=f"sb://{host}",
        ssl_context=ssl.create_default_context(cafile=azure.runtime.authority.bundle),
        transport_type=TransportType.Amqp,
    )
    async with client, client.get_queue_sender("operations") as queue:
        await queue.send_messages(ServiceBusMessage("work"))


async def test_a_worker_without_messages_has_no_replica_and_a_message_starts_one(
    platform: Platform, state: Path
) -> None:
    platform.pace(interval_seconds=0.05)
    namespace = await create(platform.azure, "servicebus:Namespace")
    queue = await create(platform.azure, "servicebus:Queue")
    await grant(platform.azure, platform.identity, BUS_OWNER, queue, name="owner")
    metadata = {"namespace": namespace.name, "queueName": "operations", "messageCount": "1"}
    custom = {"type": "azure-servicebus", "identity": platform.identity.id, "metadata": metadata}
    scale = {"minReplicas": 0, "cooldownPeriod": 1, "rules": [{"name": "queue", "custom": custom}]}
    inputs = platform.inputs(scale=scale)
    del inputs["configuration"]["ingress"]
    await create(platform.azure, APP, **inputs)

    await until(lambda: platform.ready() == [])
    host = namespace.outputs["serviceBusEndpoint"].removeprefix("https://").rstrip("/")
    await send(platform.azure, host, state, platform.identity)

    await until(lambda: platform.ready() == [True])
