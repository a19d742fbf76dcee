from typing import Any

import pytest

from localazure.azure import Azure
from localazure.services.servicebus import Queue
from tests.unit.localazure.arm import ACCEPTED, GROUP, create, problems_of, refused

pytestmark = pytest.mark.integration

NAMESPACE, QUEUE = "servicebus:Namespace", "servicebus:Queue"
PREMIUM = {"capacity": 1, "name": "Premium", "tier": "Premium"}


@pytest.mark.parametrize(
    "name", ["short", "1messages", "messages-", "messages-sb", "messages-mgmt", "mess_ages", "a" * 51]
)
async def test_a_namespace_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "6-50 letters" in problems_of(azure, NAMESPACE, namespaceName=name)["namespaceName"]


@pytest.mark.parametrize("name", ["messages", "a-messages-sbx", "a" * 50])
async def test_a_namespace_may_have_this_name(azure: Azure, name: str) -> None:
    assert problems_of(azure, NAMESPACE, namespaceName=name) == {}


@pytest.mark.parametrize(
    ("changed", "at", "text"),
    [
        (
            {"sku": {"name": "Standard", "tier": "Premium"}},
            "sku.tier",
            "'Premium' is not the tier of the SKU 'Standard'",
        ),
        ({"sku": {"capacity": 1, "name": "Standard"}}, "sku.capacity", "messaging units are of the Premium tier"),
        ({"sku": {**PREMIUM, "capacity": 3}}, "sku.capacity", "'3' messaging units: 1, 2, 4, 8 or 16"),
        ({"premiumMessagingPartitions": 1}, "premiumMessagingPartitions", "partitions are of the Premium tier"),
        (
            {"sku": {"name": "Premium", "tier": "Premium"}, "premiumMessagingPartitions": 3},
            "premiumMessagingPartitions",
            "1, 2 or 4",
        ),
        ({"identity": {"type": "SystemAssigned"}}, "identity", "is not imitated"),
    ],
)
async def test_a_namespace_may_not_be_asked_for(azure: Azure, changed: dict[str, Any], at: str, text: str) -> None:
    assert text in problems_of(azure, NAMESPACE, **changed)[at]


async def test_a_namespace_answers_with_an_address_of_this_machine(azure: Azure) -> None:
    made = await create(azure, NAMESPACE)

    assert made.outputs["serviceBusEndpoint"].startswith("https://127.0.0.1:")
    assert made.outputs["status"] == "Active"
    assert made.outputs["sku"] == {"name": "Standard", "tier": "Standard"}


async def test_the_name_of_a_namespace_is_taken_in_every_group(azure: Azure) -> None:
    await create(azure, NAMESPACE)
    await create(azure, "resources:ResourceGroup", resourceGroupName="other")

    with refused(409, "Conflict", "The namespace name 'MESSAGES' is not available."):
        await create(azure, NAMESPACE, namespaceName="MESSAGES", resourceGroupName="other")


async def test_a_namespace_becomes_premium_by_migration_only(azure: Azure) -> None:
    made = await create(azure, NAMESPACE)

    with refused(400, "BadRequest", "cannot be changed to or from Premium in place"):
        await azure.update(made.id, {**made.inputs, "sku": PREMIUM})
    await azure.update(made.id, {**made.inputs, "sku": {"name": "Basic", "tier": "Basic"}})


async def test_a_deleted_namespace_can_be_made_again_at_once_and_is_empty(azure: Azure) -> None:
    await azure.delete((await create(azure, NAMESPACE)).id)

    await create(azure, NAMESPACE)

    assert azure.store.deleted() == []


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"queueName": "-queue"}, "1-260 letters"),
        ({"queueName": "a" * 261}, "1-260 letters"),
        ({"lockDuration": "PT6M"}, "PT5S to PT5M"),
        ({"lockDuration": "5 minutes"}, "PT5S to PT5M"),
        ({"lockDuration": "P"}, "PT5S to PT5M"),
        ({"duplicateDetectionHistoryTimeWindow": "P8D"}, "PT20S to P7D"),
        ({"duplicateDetectionHistoryTimeWindow": "PT19S"}, "PT20S to P7D"),
        ({"defaultMessageTimeToLive": "PT0.5S"}, "PT1S or more"),
        ({"maxDeliveryCount": 0}, "1 to 2000"),
        ({"maxDeliveryCount": 2001}, "1 to 2000"),
        ({"requiresSession": True}, "is not imitated"),
        ({"forwardTo": "other"}, "is not imitated"),
        ({"status": "Disabled"}, "is not imitated"),
    ],
)
async def test_a_queue_may_not_be_asked_for(azure: Azure, changed: dict[str, Any], text: str) -> None:
    [key] = changed
    assert text in problems_of(azure, QUEUE, **changed)[key]


@pytest.mark.parametrize("ttl", ["P14D", "PT1S", "P10675199DT2H48M5.4775807S"])
async def test_a_queue_may_keep_messages_so_long(azure: Azure, ttl: str) -> None:
    assert problems_of(azure, QUEUE, defaultMessageTimeToLive=ttl) == {}


@pytest.mark.parametrize(
    ("sku", "changed", "text"),
    [
        ("Basic", {"requiresDuplicateDetection": True}, "duplicate detection is not of the Basic tier"),
        ("Standard", {"maxSizeInMegabytes": 10240}, "'10240' is none of 1024, 2048, 3072, 4096, 5120"),
        ("Standard", {"maxMessageSizeInKilobytes": 1024}, "can be set in the Premium tier only"),
        ("Premium", {"maxMessageSizeInKilobytes": 512}, "'512': 1024 to 102400"),
    ],
)
async def test_a_tier_has_not_everything(azure: Azure, sku: str, changed: dict[str, Any], text: str) -> None:
    await create(azure, NAMESPACE, sku={"name": sku, "tier": sku})

    with refused(400, "MessagingGatewayBadRequest", text):
        await create(azure, QUEUE, **changed)


async def test_a_queue_of_no_namespace_is_refused(azure: Azure) -> None:
    missing = f"{GROUP}/providers/Microsoft.ServiceBus/namespaces/messages"
    with refused(404, "ResourceNotFound", f"was not found: {missing}"):
        await create(azure, QUEUE)


async def test_a_queue_starts_empty_and_says_so(azure: Azure) -> None:
    await create(azure, NAMESPACE)
    made = await create(azure, QUEUE)

    assert made.outputs["messageCount"] == 0
    assert made.outputs["countDetails"]["deadLetterMessageCount"] == 0
    assert azure.runtime.buses.active_messages("messages", "operations") == 0
    [status] = [status for status in azure.statuses() if status["kind"] == "queue"]
    assert status["address"].endswith("/operations (empty)")


async def test_a_deleted_queue_is_gone_from_the_broker(azure: Azure) -> None:
    await create(azure, NAMESPACE)
    await azure.delete((await create(azure, QUEUE)).id)

    with pytest.raises(KeyError):
        azure.runtime.buses.active_messages("messages", "operations")


async def test_namespace_and_queue_come_back_with_the_daemon(azure: Azure) -> None:
    namespace = await create(azure, NAMESPACE)
    await create(azure, QUEUE)
    await azure.runtime.buses.stop()

    await azure.recover()

    host = namespace.outputs["serviceBusEndpoint"].removeprefix("https://").rstrip("/")
    assert azure.runtime.buses.active_messages(host, "operations") == 0


@pytest.mark.parametrize(
    ("changed", "replaced"),
    [
        ("requiresDuplicateDetection", True),
        ("requiresSession", True),
        ("enablePartitioning", True),
        ("queueName", True),
        ("lockDuration", False),
        ("maxDeliveryCount", False),
    ],
)
def test_a_change_makes_a_new_queue_where_azure_cannot_change_it(changed: str, *, replaced: bool) -> None:
    assert Queue.replaced_by(changed) is replaced


async def test_the_program_inputs_of_the_tests_are_accepted(azure: Azure) -> None:
    for token in (NAMESPACE, QUEUE):
        assert dict(azure.type_of(token).refusals(dict(ACCEPTED[token]))) == {}
