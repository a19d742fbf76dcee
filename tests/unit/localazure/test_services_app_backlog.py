"""What a scale rule on a queue reads, and what keeps it from reading."""

import pytest

from localazure.azure import Azure
from localazure.containers.spec import QueueRule
from localazure.services.app_backlog import QueueUnreadableError, backlog
from localazure.store import Record
from tests.unit.localazure.arm import ROLES, create, grant

RECEIVER = f"{ROLES}/4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"
SENDER = f"{ROLES}/69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"


@pytest.fixture
async def worker(azure: Azure) -> Record:
    await create(azure, "servicebus:Namespace")
    await create(azure, "servicebus:Queue")
    return await create(azure, "managedidentity:UserAssignedIdentity")


def rule(worker: Record, queue: str = "operations", namespace: str = "Messages") -> QueueRule:
    return QueueRule(namespace=namespace, queue=queue, principal=worker.outputs["principalId"])


async def test_messages_are_counted_with_a_role_on_the_queue(azure: Azure, worker: Record) -> None:
    [queue] = azure.find("servicebus:Queue")
    await grant(azure, worker, RECEIVER, queue)

    assert backlog(azure, rule(worker)) == 0


async def test_a_role_that_only_sends_counts_nothing(azure: Azure, worker: Record) -> None:
    [queue] = azure.find("servicebus:Queue")
    await grant(azure, worker, SENDER, queue)

    with pytest.raises(QueueUnreadableError, match="Unauthorized access"):
        backlog(azure, rule(worker))


@pytest.mark.parametrize(("queue", "namespace"), [("other", "messages"), ("operations", "elsewhere")])
async def test_a_queue_that_is_not_there_is_named(azure: Azure, worker: Record, queue: str, namespace: str) -> None:
    with pytest.raises(QueueUnreadableError, match=f"no queue {queue} in a namespace {namespace}"):
        backlog(azure, rule(worker, queue, namespace))
