"""Microsoft.ServiceBus: namespaces with their queues, served by a broker of our own."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from localazure.bus.rules import QueueRules
from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.store import Record
from localazure.validation import Problem

_NAMESPACE = RESOURCE_GROUP + "/providers/Microsoft.ServiceBus/namespaces/{namespaceName}"
_UNITS: Final = (1, 2, 4, 8, 16)
_PARTITIONS: Final = (0, 1, 2, 4)
_MIB, _KIB = 1024 * 1024, 1024
_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_LIMITS: Final = {
    "lockDuration": (5.0, 300.0, "PT5S to PT5M"),
    "defaultMessageTimeToLive": (1.0, float("inf"), "PT1S or more"),
    "duplicateDetectionHistoryTimeWindow": (20.0, 7 * 86400.0, "PT20S to P7D"),
}
"""Seconds that a queue's durations may have (Microsoft Learn, "Service Bus quotas", and the ARM reference)."""

_ABSENT: Final = (
    "autoDeleteOnIdle",
    "enablePartitioning",
    "forwardDeadLetteredMessagesTo",
    "forwardTo",
    "requiresSession",
)


def _sku(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    return inputs.get("sku") or {"name": "Standard"}


class Namespace(ResourceType):
    """A namespace. Its endpoint is an address of this machine where AMQP over TLS answers."""

    token = "servicebus:Namespace"
    path = _NAMESPACE

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule (Microsoft Learn, "Create namespace"), and what only the Premium tier has."""
        yield from name_problem(
            inputs,
            "namespaceName",
            r"[A-Za-z](?!.*(?:-|-sb|-mgmt)$)[A-Za-z0-9-]{5,49}",
            "a namespace has 6-50 letters, digits and hyphens, starts with a letter, and does not end with '-', '-sb' "
            "or '-mgmt'.",
        )
        sku = _sku(inputs)
        name, capacity = sku.get("name"), sku.get("capacity")
        if sku.get("tier", name) != name:
            yield "sku.tier", f"'{sku['tier']}' is not the tier of the SKU '{name}'"
        if name == "Premium" and inputs.get("premiumMessagingPartitions", 1) not in _PARTITIONS:
            yield "premiumMessagingPartitions", f"'{inputs['premiumMessagingPartitions']}' partitions: 1, 2 or 4"
        if name == "Premium" and capacity is not None and capacity not in _UNITS:
            yield "sku.capacity", f"'{capacity}' messaging units: 1, 2, 4, 8 or 16"
        if name != "Premium":
            if capacity is not None:
                yield "sku.capacity", f"messaging units are of the Premium tier, not of '{name}'"
            if inputs.get("premiumMessagingPartitions"):
                yield "premiumMessagingPartitions", f"partitions are of the Premium tier, not of '{name}'"
        for key in ("encryption", "geoDataReplication", "identity", "alternateName"):
            if key in inputs:
                yield key, f"'{key}' is not imitated (localazure/NONGOALS.md)"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Start the broker. Names are global; a namespace enters or leaves the Premium tier by migration only.

        Raises:
            AzureError: the name is taken, or the tier changed between Premium and another (Microsoft Learn, "Migrate
                existing Azure Service Bus standard namespaces to the premium tier"); the texts are ours.
        """
        if self.is_name_taken(record):
            raise AzureError(409, "Conflict", f"The namespace name '{record.name}' is not available.")
        tiers = {_sku(each.inputs).get("name") for each in (record, previous) if each}
        if len(tiers) > 1 and "Premium" in tiers:
            raise AzureError(
                400,
                "BadRequest",
                f"The tier of namespace '{record.name}' cannot be changed to or from Premium in place.",
            )
        host = await self.subscription.runtime.buses.start(record.id)
        record.outputs |= {
            "metricId": f"{self.subscription.subscription_id}:{record.name.lower()}",
            "serviceBusEndpoint": f"https://{host}/",
            "sku": {"tier": _sku(record.inputs).get("name"), **_sku(record.inputs)},
            "status": "Active",
        }

    async def delete(self, record: Record) -> None:
        """Stop the broker and forget the messages, as Azure does."""
        await self.subscription.runtime.buses.drop(record.id)

    async def recover(self, record: Record) -> None:
        """Start the broker again, at its address and with its messages."""
        await self.subscription.runtime.buses.start(record.id)

    def status(self, record: Record) -> dict[str, Any] | None:
        """Where the namespace answers."""
        return {"kind": "namespace", "name": record.name, "address": record.outputs["serviceBusEndpoint"]}


class Queue(ResourceType):
    """A queue of a namespace, with its dead letters."""

    token = "servicebus:Queue"
    path = _NAMESPACE + "/queues/{queueName}"
    # provider/pkg/gen/replacement.go; Azure/azure-rest-api-specs issue 16679 says why.
    force_new = frozenset({"enablePartitioning", "requiresDuplicateDetection", "requiresSession"})

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, the ranges of durations and numbers, and what the broker does not imitate."""
        yield from name_problem(
            inputs,
            "queueName",
            r"[A-Za-z0-9](?:[A-Za-z0-9._/~-]{0,258}[A-Za-z0-9])?",
            "1-260 letters, digits, periods, hyphens, underscores, tildes and slashes, at the ends a letter or digit.",
        )
        for key, (least, most, allowed) in _LIMITS.items():
            duration = inputs.get(key)
            if isinstance(duration, str) and not least <= _seconds(duration) <= most:
                yield key, f"'{duration}' is not a duration that Azure takes: {allowed}"
        count = inputs.get("maxDeliveryCount", 10)
        if isinstance(count, int) and not 1 <= count <= 2000:  # noqa: PLR2004 - the rule's own numbers
            yield "maxDeliveryCount", f"'{count}': 1 to 2000"
        for key in _ABSENT:
            if inputs.get(key):
                yield key, f"'{key}' is not imitated (localazure/NONGOALS.md)"
        if inputs.get("status", "Active") != "Active":
            yield "status", f"'{inputs['status']}' is not imitated (localazure/NONGOALS.md)"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Make the queue, or change what its messages notice.

        Raises:
            AzureError: the namespace is not there, or its tier has not what the queue asks for (Microsoft Learn,
                "Service Bus quotas"; poshbotio/PoshBot pull request 93); the texts are ours.
        """
        del previous
        namespace = self.subscription.need(record.id.rsplit("/queues/", 1)[0])
        tier = str(_sku(namespace.inputs).get("name"))
        for key, text in _tier_problems(tier, record.inputs):
            raise AzureError(400, "MessagingGatewayBadRequest", f"SubCode=40000. '{key}': {text}")
        self.subscription.runtime.buses.declare(namespace.id, record.name, _rules(record.inputs))
        counts = self.subscription.runtime.buses.counts(namespace.id, record.name)
        record.outputs |= {
            "countDetails": {
                "activeMessageCount": counts.active,
                "deadLetterMessageCount": counts.dead_letters,
                "scheduledMessageCount": counts.scheduled,
                "transferDeadLetterMessageCount": 0,
                "transferMessageCount": 0,
            },
            "messageCount": counts.active + counts.dead_letters + counts.scheduled + counts.deferred,
            "sizeInBytes": counts.size_bytes,
            "status": "Active",
        }

    async def delete(self, record: Record) -> None:
        """Drop the queue with its messages."""
        self.subscription.runtime.buses.remove(record.id.rsplit("/queues/", 1)[0], record.name)

    async def recover(self, record: Record) -> None:
        """Give the broker its queue back."""
        self.subscription.runtime.buses.declare(record.id.rsplit("/queues/", 1)[0], record.name, _rules(record.inputs))

    def status(self, record: Record) -> dict[str, Any] | None:
        """How many messages it holds now."""
        namespace_id = record.id.rsplit("/queues/", 1)[0]
        counts = asdict(self.subscription.runtime.buses.counts(namespace_id, record.name))
        address = self.subscription.need(namespace_id).outputs["serviceBusEndpoint"]
        said = ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in counts.items() if number)
        return {"kind": "queue", "name": record.name, "address": f"{address}{record.name} ({said or 'empty'})"}


def _tier_problems(tier: str, inputs: Mapping[str, Any]) -> Iterator[Problem]:
    if tier == "Basic" and inputs.get("requiresDuplicateDetection"):
        yield "requiresDuplicateDetection", "duplicate detection is not of the Basic tier"
    size, largest = inputs.get("maxSizeInMegabytes", 1024), inputs.get("maxMessageSizeInKilobytes")
    sizes = (1024, 2048, 3072, 4096, 5120, *((10240, 20480, 40960, 81920) if tier == "Premium" else ()))
    if size not in sizes:
        yield "maxSizeInMegabytes", f"'{size}' is none of {', '.join(map(str, sizes))}"
    if largest is not None and tier != "Premium":
        yield "maxMessageSizeInKilobytes", "the size of messages can be set in the Premium tier only"
    if largest is not None and not 1024 <= largest <= 102400:  # noqa: PLR2004 - the rule's own numbers
        yield "maxMessageSizeInKilobytes", f"'{largest}': 1024 to 102400"


def _rules(inputs: Mapping[str, Any]) -> QueueRules:
    ttl = inputs.get("defaultMessageTimeToLive")
    window = _seconds(inputs.get("duplicateDetectionHistoryTimeWindow", "PT1M"))
    return QueueRules(
        dead_letter_on_expiry=inputs.get("deadLetteringOnMessageExpiration", False),
        duplicate_window_seconds=window if inputs.get("requiresDuplicateDetection") else None,
        lock_seconds=_seconds(inputs.get("lockDuration", "PT1M")),
        max_bytes=int(inputs.get("maxSizeInMegabytes", 1024)) * _MIB,
        max_delivery_count=int(inputs.get("maxDeliveryCount", 10)),
        max_message_bytes=int(inputs.get("maxMessageSizeInKilobytes", 256)) * _KIB,
        ttl_seconds=None if ttl is None else _seconds(ttl),
    )


def _seconds(duration: str) -> float:
    """The seconds of an ISO 8601 duration of days and less; a negative number when it is none."""
    found = _DURATION.fullmatch(duration)
    if found is None or not any(found.groups()):
        return -1.0
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
