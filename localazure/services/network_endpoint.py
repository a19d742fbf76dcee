"""Microsoft.Network/privateEndpoints: a service's address inside a virtual network, and its names there.

Group ids and zones: Microsoft, "Azure Private Endpoint private DNS zone values" (azure-facts.md section 3.3).
Everything answers on loopback, so an endpoint carries nothing: what it refers to is checked.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType
from localazure.services.network import delegations, need_reference, network_name, range_of, users_of
from localazure.store import Record
from localazure.validation import Problem

_ENDPOINT = RESOURCE_GROUP + "/providers/Microsoft.Network/privateEndpoints/{privateEndpointName}"
_TAKEN_BY_AZURE = 5


class _Target(NamedTuple):
    type: str
    group_id: str
    zone: str
    premium: bool = False
    """Whether the service takes endpoints in its Premium tier only."""


_TARGETS = {
    "containerregistry:Registry": _Target(
        "Microsoft.ContainerRegistry/registries", "registry", "privatelink.azurecr.io", premium=True
    ),
    "dbforpostgresql:Server": _Target(
        "Microsoft.DBforPostgreSQL/flexibleServers", "postgresqlServer", "privatelink.postgres.database.azure.com"
    ),
    "keyvault:Vault": _Target("Microsoft.KeyVault/vaults", "vault", "privatelink.vaultcore.azure.net"),
    "redisenterprise:RedisEnterprise": _Target(
        "Microsoft.Cache/redisEnterprise", "redisEnterprise", "privatelink.redis.azure.net"
    ),
    "servicebus:Namespace": _Target(
        "Microsoft.ServiceBus/namespaces", "namespace", "privatelink.servicebus.windows.net", premium=True
    ),
    "storage:StorageAccount": _Target("Microsoft.Storage/storageAccounts", "blob", "privatelink.blob.core.windows.net"),
}
"""By Pulumi token. Other targets, and the other sub-resources of a storage account, have no imitation."""


class PrivateEndpoint(ResourceType):
    """A private endpoint with one connection, approved at once as within one subscription."""

    token = "network:PrivateEndpoint"
    path = _ENDPOINT
    # pulumi-azure-native replacement.go: the subnet.
    force_new = frozenset({"location", "subnet"})

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, and connections that a person approves, which have no imitation."""
        yield from network_name(inputs, "privateEndpointName", 2, 64)
        if inputs.get("manualPrivateLinkServiceConnections"):
            yield "manualPrivateLinkServiceConnections", "connections that a person approves have no imitation"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Connect: the subnet has room and is nobody's, the target exists and has such a sub-resource.

        Raises:
            AzureError: in the words of the network provider, which hands on those of the target's.
        """
        subnet = need_reference(self.subscription, record.inputs.get("subnet", {}).get("id", ""), record)
        if given := delegations(subnet):
            # the portal's text: github.com/MicrosoftDocs/azure-docs/issues/47048
            raise AzureError(
                400,
                "BadRequest",
                f"The selected subnet has a delegation and cannot be used with a private endpoint: {subnet.name} is "
                f"delegated to {', '.join(sorted(given))}.",
            )
        if (
            previous is None
            and len(users_of(self.subscription, subnet)) >= range_of(subnet).num_addresses - _TAKEN_BY_AZURE
        ):
            raise AzureError(
                400,
                "SubnetIsFull",
                f"Subnet {subnet.name} with address prefix {range_of(subnet)} does not have enough capacity for 1 IP "
                "addresses.",
            )
        connection = _connection(record)
        self._check_target(connection, record)
        approved = {"actionsRequired": "None", "description": "Auto-approved", "status": "Approved"}
        connection |= {"privateLinkServiceConnectionState": approved, "provisioningState": "Succeeded"}

    def _check_target(self, connection: dict[str, Any], record: Record) -> None:
        target = need_reference(self.subscription, connection.get("privateLinkServiceId", ""), record)
        known, group = _TARGETS.get(target.token), connection["groupIds"][0]
        if known is None or known.group_id != group:
            # github.com/Azure/azure-cli/issues/16750
            kind = known.type if known else target.outputs["type"]
            raise AzureError(
                400,
                "InvalidValuesForRequestParameters",
                f"Call to {kind} failed. Error message: Values for request parameters are invalid: GroupId: {group}. "
                f"Known here: {known.group_id if known else 'none, this type has no imitation of endpoints'}.",
            )
        tier = target.inputs.get("sku", {}).get("name", "none")
        if known.premium and tier != "Premium":
            # azure-facts.md section 3.3; the services' own wordings are not published
            raise AzureError(
                400,
                "BadRequest",
                f"Call to {known.type} failed. Error message: private endpoints need the Premium tier, and "
                f"'{target.name}' is {tier}.",
            )


class PrivateDnsZoneGroup(ResourceType):
    """The zones in which an endpoint registers its name."""

    token = "network:PrivateDnsZoneGroup"
    path = _ENDPOINT + "/privateDnsZoneGroups/{privateDnsZoneGroupName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule of what is inside Microsoft.Network."""
        return network_name(inputs, "privateDnsZoneGroupName")

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse zones that are not there or belong to another service.

        Azure takes a zone of another service and registers a name that nobody looks up; here that is an error.

        Raises:
            AzureError: in the words of the network provider, except for the zone of another service.
        """
        del previous
        endpoint = self.subscription.need(record.id.rsplit("/privateDnsZoneGroups/", 1)[0])
        target = self.subscription.need(_connection(endpoint)["privateLinkServiceId"])
        expected = _TARGETS[target.token].zone
        for zone in self._zones(record):
            if zone.name.lower() != expected:
                raise AzureError(
                    400,
                    "BadRequest",
                    f"'{target.name}' is looked up in the zone {expected}, and not in {zone.name}, where nobody would "
                    "find its private address.",
                )

    def _zones(self, record: Record) -> Iterator[Record]:
        for config in record.inputs.get("privateDnsZoneConfigs", []):
            yield need_reference(self.subscription, config.get("privateDnsZoneId", ""), record)


def _connection(endpoint: Record) -> dict[str, Any]:
    """The one connection of an endpoint, with its one group id.

    OnlyOneGroupIdPermitted: github.com/DFE-Digital/terraform-azurerm-container-apps-hosting/issues/352.
    """
    connections: list[dict[str, Any]] = endpoint.outputs.get("privateLinkServiceConnections", [])
    groups = [group for connection in connections for group in connection.get("groupIds", [])]
    if len(connections) != 1 or len(groups) != 1:
        raise AzureError(
            400,
            "OnlyOneGroupIdPermitted",
            f"Private endpoint {endpoint.id} has {len(connections)} private link service connections with the "
            f"following group Ids: {', '.join(groups) or 'none'}. Only one group Id is permitted when connecting to a "
            "first-party resource.",
        )
    return connections[0]
