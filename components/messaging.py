"""The Service Bus namespace and the queue of long operations; every sender and receiver is an Entra identity.

Zone redundancy is not sent: every tier is zone redundant by itself where the region has zones, and the property is
being taken away (Microsoft, "Reliability in Azure Service Bus"). Duplicate detection drops what a sender repeats after
a lost answer; receivers have to be idempotent all the same (Microsoft, "Well-Architected: Azure Service Bus").
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import pulumi
from pulumi_azure_native import authorization, servicebus

from app.contract import DELIVERIES_MAX, MESSAGE_TTL_DAYS, OPERATIONS_QUEUE
from components import names, roles
from components.identity import WorkloadIdentity
from components.messaging_settings import MessagingSettings
from components.networking.private_link import PrivateLink, PrivateService
from components.platform import Platform

_HTTPS: Final = ":443"


@dataclass(frozen=True, kw_only=True)
class MessagingArgs:
    """Arguments of `Messaging`."""

    platform: Platform
    settings: MessagingSettings


class Messaging(pulumi.ComponentResource):
    """A namespace with one queue and its dead letters."""

    id: pulumi.Output[str]
    """The namespace, which has the metrics and the logs."""
    namespace: pulumi.Output[str]
    """The name of the namespace, by which a scale rule knows it."""
    host: pulumi.Output[str]
    """`host` or `host:port` of the namespace; AMQP over TLS."""
    queue: pulumi.Output[str]
    """The name of the queue; known once it can be sent to."""
    private_link: PrivateLink | None
    """Where a private endpoint leads; none when the public address is open."""

    def __init__(self, name: str, args: MessagingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Messaging", name, None, opts)
        settings = args.settings
        namespace = self._namespace(name, args)
        self._queue = self._operations(name, args, namespace)
        self._name = name
        self.id = namespace.id
        self.namespace = namespace.name
        self.host = namespace.service_bus_endpoint.apply(_host)
        self.queue = self._queue.name
        self.private_link = (
            PrivateLink(service=PrivateService.MESSAGING, resource_id=self.id) if settings.private else None
        )
        self.register_outputs({"id": self.id, "namespace": self.namespace, "host": self.host, "queue": self.queue})

    def grant_send(self, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        """Let `identity` send to the queue."""
        return self._grant(roles.Role.SERVICE_BUS_DATA_SENDER, identity)

    def grant_receive(self, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        """Let `identity` receive from the queue and its dead letters, settle messages, and scale by its length."""
        return self._grant(roles.Role.SERVICE_BUS_DATA_RECEIVER, identity)

    def _grant(self, role: roles.Role, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        what = f"{self._name}-{OPERATIONS_QUEUE}"
        return roles.assign(role, identity, what=what, scope=self._queue.id, parent=self)

    def _namespace(self, name: str, args: MessagingArgs) -> servicebus.Namespace:
        platform, settings = args.platform, args.settings
        return servicebus.Namespace(
            name,
            namespace_name=names.service_bus(platform.environment, platform.unique),
            resource_group_name=platform.resource_group_name,
            sku=_sku(settings),
            premium_messaging_partitions=1 if settings.messaging_units else None,
            disable_local_auth=True,
            minimum_tls_version=servicebus.TlsVersion.TLS_VERSION_1_2,
            public_network_access="Disabled" if settings.private else "Enabled",
            tags=platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protect, delete_before_replace=True),
        )

    def _operations(self, name: str, args: MessagingArgs, namespace: servicebus.Namespace) -> servicebus.Queue:
        settings = args.settings
        return servicebus.Queue(
            f"{name}-{OPERATIONS_QUEUE}",
            queue_name=OPERATIONS_QUEUE,
            namespace_name=namespace.name,
            resource_group_name=args.platform.resource_group_name,
            dead_lettering_on_message_expiration=True,
            default_message_time_to_live=_duration(MESSAGE_TTL_DAYS * 24 * 60 * 60),
            duplicate_detection_history_time_window=_duration(60 * settings.duplicate_window_minutes),
            lock_duration=_duration(settings.lock_seconds),
            max_delivery_count=DELIVERIES_MAX,
            max_message_size_in_kilobytes=settings.max_message_kb if settings.sku == "Premium" else None,
            max_size_in_megabytes=settings.queue_size_mb,
            requires_duplicate_detection=True,
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protect, delete_before_replace=True),
        )


def _host(endpoint: str) -> str:
    """The host of an endpoint: Azure's names the port of HTTPS, and AMQP has another that clients know."""
    return urlsplit(endpoint).netloc.removesuffix(_HTTPS)


def _sku(settings: MessagingSettings) -> servicebus.SBSkuArgs:
    name, tier = servicebus.SkuName(settings.sku), servicebus.SkuTier(settings.sku)
    return servicebus.SBSkuArgs(name=name, tier=tier, capacity=settings.messaging_units or None)


def _duration(seconds: int) -> str:
    """Seconds as Azure writes them back: each unit at its largest."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    time = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")
