"""The Service Bus namespace and its queue. Mocks prove construction, nothing of Azure."""

import pulumi
import pytest
from hypothesis import given, settings, strategies
from pydantic import ValidationError

from app.contract import OPERATIONS_QUEUE
from components import names
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.messaging import Messaging, MessagingArgs
from components.messaging_settings import MessagingSettings
from tests.tape import Tape, record, recorded_once
from tests.unit.components.parts import platform, tags

SMALLEST = MessagingSettings(
    sku="Standard",
    messaging_units=0,
    queue_size_mb=1024,
    max_message_kb=256,
    lock_seconds=60,
    duplicate_window_minutes=10,
    private=False,
    protect=False,
)
EVERYTHING = MessagingSettings(
    sku="Premium",
    messaging_units=1,
    queue_size_mb=81920,
    max_message_kb=1024,
    lock_seconds=90,
    duplicate_window_minutes=1500,
    private=True,
    protect=True,
)
QUEUE = f"messaging-{OPERATIONS_QUEUE}"


@recorded_once
def _tape(sized: MessagingSettings) -> Tape:
    def program() -> None:
        place = platform()
        messaging = Messaging("messaging", MessagingArgs(platform=place, settings=sized))
        messaging.grant_send(WorkloadIdentity("api", WorkloadIdentityArgs(platform=place)))
        messaging.grant_receive(WorkloadIdentity("worker", WorkloadIdentityArgs(platform=place)))
        link = messaging.private_link
        pulumi.export("host", messaging.host)
        pulumi.export("queue", messaging.queue)
        pulumi.export("private", link and link.resource_id.apply(lambda _: link.service.group_id))

    return record(program)


def test_smallest_is_a_namespace_without_keys() -> None:
    tape = _tape(SMALLEST)
    namespace = tape.one("Namespace", "messaging")
    assert not namespace.protect
    assert namespace.inputs == {
        "disableLocalAuth": True,
        "minimumTlsVersion": "1.2",
        "namespaceName": "sbns-dme-test-abc1",
        "publicNetworkAccess": "Enabled",
        "resourceGroupName": "rg-dme-test",
        "sku": {"name": "Standard", "tier": "Standard"},
        "tags": tags("messaging"),
    }
    assert "private" not in tape.exports


def test_the_queue_buries_what_expires_or_fails_and_drops_what_is_sent_twice() -> None:
    tape = _tape(SMALLEST)
    assert tape.one("servicebus:Queue", QUEUE).inputs == {
        "deadLetteringOnMessageExpiration": True,
        "defaultMessageTimeToLive": "P14D",
        "duplicateDetectionHistoryTimeWindow": "PT10M",
        "lockDuration": "PT1M",
        "maxDeliveryCount": 5,
        "maxSizeInMegabytes": 1024,
        "namespaceName": "sbns-dme-test-abc1",
        "queueName": OPERATIONS_QUEUE,
        "requiresDuplicateDetection": True,
        "resourceGroupName": "rg-dme-test",
    }
    assert tape.exports["queue"] == OPERATIONS_QUEUE


def test_everything_is_premium_private_and_protected() -> None:
    tape = _tape(EVERYTHING)
    namespace, queue = tape.one("Namespace", "messaging"), tape.one("servicebus:Queue", QUEUE)
    assert namespace.inputs["sku"] == {"capacity": 1, "name": "Premium", "tier": "Premium"}
    assert namespace.inputs["premiumMessagingPartitions"] == 1
    assert namespace.inputs["publicNetworkAccess"] == "Disabled"
    assert (queue.inputs["maxMessageSizeInKilobytes"], queue.inputs["maxSizeInMegabytes"]) == (1024, 81920)
    assert (queue.inputs["lockDuration"], queue.inputs["duplicateDetectionHistoryTimeWindow"]) == ("PT1M30S", "P1DT1H")
    assert namespace.protect
    assert queue.protect
    assert tape.exports["private"] == "namespace"


def test_sending_and_receiving_are_granted_on_the_queue_alone() -> None:
    grants = {grant.name: grant.inputs for grant in _tape(SMALLEST).of("RoleAssignment")}
    assert {name: inputs["roleDefinitionId"].rsplit("/", 1)[-1] for name, inputs in grants.items()} == {
        f"{QUEUE}-service-bus-data-receiver-worker": "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
        f"{QUEUE}-service-bus-data-sender-api": "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    }
    assert all(inputs["scope"].endswith(f"Queue/{OPERATIONS_QUEUE}") for inputs in grants.values())


def test_the_host_has_no_port_on_azure_because_the_endpoint_names_that_of_https() -> None:
    assert _tape(SMALLEST).exports["host"] == "sbns-dme-test-abc1.servicebus.windows.net"


@pytest.mark.parametrize(
    ("sku", "changed", "text"),
    [
        ("Standard", {"messaging_units": 2}, "messaging_units: 2 needs the Premium tier (allowed 0)"),
        ("Standard", {"max_message_kb": 1024}, "max_message_kb: 1024 needs the Premium tier (allowed 256)"),
        ("Standard", {"queue_size_mb": 10240}, "queue_size_mb: 10240 needs the Premium tier (allowed 1024 to 5120)"),
        ("Standard", {"private": True}, "private: private endpoints need the Premium tier (allowed false)"),
        (
            "Premium",
            {"messaging_units": 0},
            "messaging_units: the Premium tier needs capacity (allowed 1, 2, 4, 8, 16)",
        ),
        ("Premium", {"max_message_kb": 256}, "max_message_kb: 256 is less than the Premium tier sets"),
    ],
)
def test_refused_is_what_the_tier_does_not_have(sku: str, changed: dict[str, object], text: str) -> None:
    accepted = SMALLEST if sku == "Standard" else EVERYTHING
    with pytest.raises(ValidationError) as refused:
        MessagingSettings.model_validate({**accepted.model_dump(), **changed})
    assert text in str(refused.value)


@settings(max_examples=50, deadline=None)
@given(
    units=strategies.sampled_from((0, 1, 2, 4, 8, 16)),
    kilobytes=strategies.sampled_from((256, 1024, 10240, 102400)),
    megabytes=strategies.sampled_from((1024, 5120, 10240, 81920)),
    private=strategies.booleans(),
)
def test_standard_has_one_size_of_everything(units: int, kilobytes: int, megabytes: int, *, private: bool) -> None:
    changed = {"messaging_units": units, "max_message_kb": kilobytes, "queue_size_mb": megabytes, "private": private}
    fits = (units, kilobytes, private) == (0, 256, False) and megabytes <= 5120
    try:
        MessagingSettings.model_validate({**SMALLEST.model_dump(), **changed})
    except ValidationError:
        assert not fits
    else:
        assert fits


def test_refused_is_a_name_that_azure_keeps_for_itself() -> None:
    with pytest.raises(ValueError, match="sbns-dme-test-mgmt"):
        names.service_bus("test", "mgmt")
