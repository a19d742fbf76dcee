"""Networks, and what is reached through them only."""

from policy.checks import beside, expect, given, items_at, off, refers_to, value_at, values_at
from policy.registration import UNKNOWN, Inputs, Registration, Tape, registered
from policy.rule import AnyRule, InputCheck, ResourceRule, TapeRule

SUBNET, GROUP = "network:Subnet", "network:NetworkSecurityGroup"
ENDPOINT, ZONE_GROUP = "network:PrivateEndpoint", "network:PrivateDnsZoneGroup"
ZONE, LINK = "privatedns:PrivateZone", "privatedns:VirtualNetworkLink"
DATA = (
    "keyvault:Vault",
    "containerregistry:Registry",
    "dbforpostgresql:Server",
    "redisenterprise:RedisEnterprise",
    "servicebus:Namespace",
    "storage:StorageAccount",
)
"""Services that hold data and can be reached by private endpoint."""
PUBLIC_ACCESS = ("publicNetworkAccess", "properties.publicNetworkAccess", "network.publicNetworkAccess")
ANY_SOURCE = {"*", "internet", "any", "0.0.0.0/0", "::/0"}
CONNECTIONS = "privateLinkServiceConnections.privateLinkServiceId"
_connected = refers_to(CONNECTIONS, "manualPrivateLinkServiceConnections.privateLinkServiceId")
_ENDPOINT = registered(
    ENDPOINT, {"privateEndpointName": "pe", "privateLinkServiceConnections": [{"privateLinkServiceId": "/vaults/kv"}]}
)


def _opens(rule: Inputs) -> bool:
    sources = {*values_at(rule, "sourceAddressPrefix"), *values_at(rule, "sourceAddressPrefixes")}
    inwards = value_at(rule, "access") == "Allow" and value_at(rule, "direction") == "Inbound"
    return inwards and bool({str(source).lower() for source in sources} & ANY_SOURCE)


def _any_source(inputs: Inputs) -> str | None:
    open_rules = [str(rule.get("name")) for rule in items_at(inputs, "securityRules") if _opens(rule)]
    return f"rule {', '.join(open_rules)} lets in every address" if open_rules else None


def _undelegated(check: InputCheck) -> InputCheck:
    """A check of subnets that are not a service's own: such a one brings its own way out and has no endpoints."""
    return lambda inputs: None if inputs.get("delegations") else check(inputs)


def _access(service: Registration) -> str | None:
    found = [value for path in PUBLIC_ACCESS for value in values_at(service.inputs, path)]
    return None if UNKNOWN in found else str((found or ["Enabled"])[0]).lower()


def _closed_where_private(service: Registration, tape: Tape) -> str | None:
    connected = any(_connected(service, endpoint) for endpoint in tape.of(ENDPOINT) if not _uncertain(endpoint))
    return f"publicNetworkAccess is {_access(service)}" if connected and _access(service) == "enabled" else None


def _reachable(service: Registration, tape: Tape) -> str | None:
    connected = any(_connected(service, endpoint) for endpoint in tape.of(ENDPOINT))
    return "no private endpoint leads to it" if _access(service) == "disabled" and not connected else None


def _uncertain(endpoint: Registration) -> bool:
    return UNKNOWN in values_at(endpoint.inputs, CONNECTIONS)


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="subnet-guarded",
        title="Every subnet has a network security group",
        reason="Without one every machine of the network reaches every other.",
        source="PSRule Azure.VNET.UseNSGs",
        fix="Set networkSecurityGroup.",
        types=(SUBNET,),
        check=given("networkSecurityGroup"),
        passes={"networkSecurityGroup": {"id": "/nsg"}},
        violates={"addressPrefix": "10.0.0.0/24"},
    ),
    ResourceRule(
        id="subnet-private",
        title="A subnet has no default way out",
        reason="Azure's default address belongs to nobody and changes without notice.",
        source="PSRule Azure.VNET.PrivateSubnet",
        fix="Set defaultOutboundAccess to false.",
        types=(SUBNET,),
        check=_undelegated(off("defaultOutboundAccess")),
        passes={"defaultOutboundAccess": False},
        violates={"defaultOutboundAccess": True},
    ),
    ResourceRule(
        id="network-no-any-source",
        title="No rule lets in every address",
        reason="A port that is opened by mistake is found within minutes.",
        source="PSRule Azure.NSG.AnyInboundSource; checkov CKV_AZURE_9, 10, 160",
        fix="Name the addresses or the service tag in sourceAddressPrefix.",
        types=(GROUP,),
        check=_any_source,
        passes={
            "securityRules": [
                {"name": "a", "access": "Allow", "direction": "Inbound", "sourceAddressPrefix": "AzureLoadBalancer"}
            ]
        },
        violates={
            "securityRules": [{"name": "a", "access": "Allow", "direction": "Inbound", "sourceAddressPrefix": "*"}]
        },
    ),
    ResourceRule(
        id="endpoint-subnet-filtered",
        title="Security groups hold for private endpoints too",
        reason="By default traffic to an endpoint passes by them.",
        source="Microsoft, Manage network policies for private endpoints",
        fix="Set privateEndpointNetworkPolicies to Enabled or NetworkSecurityGroupEnabled.",
        types=(SUBNET,),
        check=_undelegated(expect("privateEndpointNetworkPolicies", "Enabled", "NetworkSecurityGroupEnabled")),
        passes={"privateEndpointNetworkPolicies": "Enabled"},
        violates={"privateEndpointNetworkPolicies": "Disabled"},
    ),
    ResourceRule(
        id="zone-registers-nothing",
        title="Private zones take no names of machines",
        reason="A machine could answer under the name of a service.",
        source="own",
        fix="Set registrationEnabled to false.",
        types=(LINK,),
        check=off("registrationEnabled"),
        passes={"registrationEnabled": False},
        violates={"registrationEnabled": True},
    ),
    TapeRule(
        id="private-means-closed",
        title="A service with a private endpoint is closed to the internet",
        reason="The endpoint is of no use while the front door stands open.",
        source="own; PSRule Azure.KeyVault.Firewall, Azure.ACR.Firewall",
        fix="Set publicNetworkAccess to Disabled.",
        types=DATA,
        check=_closed_where_private,
        passes=(_ENDPOINT, registered(DATA[0], {"vaultName": "kv", "properties": {"publicNetworkAccess": "disabled"}})),
        violates=(
            _ENDPOINT,
            registered(DATA[0], {"vaultName": "kv", "properties": {"publicNetworkAccess": "enabled"}}),
        ),
    ),
    TapeRule(
        id="closed-is-reachable",
        title="A service that is closed to the internet has a private endpoint",
        reason="Nobody could reach it.",
        source="own",
        fix="Connect it in the network, or leave it public.",
        types=DATA,
        check=_reachable,
        passes=(_ENDPOINT, registered(DATA[0], {"vaultName": "kv", "properties": {"publicNetworkAccess": "disabled"}})),
        violates=(registered(DATA[0], {"vaultName": "kv", "properties": {"publicNetworkAccess": "disabled"}}),),
    ),
    TapeRule(
        id="endpoint-named",
        title="A private endpoint is in the private zone of its service",
        reason="Clients would look up the public address and be refused.",
        source="Microsoft, Azure Private Endpoint private DNS zone values",
        fix="Add a private DNS zone group of the endpoint.",
        types=(ENDPOINT,),
        check=beside(
            (ZONE_GROUP,),
            refers_to("privateEndpointName"),
            "no private DNS zone group belongs to it",
        ),
        passes=(_ENDPOINT, registered(ZONE_GROUP, {"privateEndpointName": "pe"})),
        violates=(_ENDPOINT, registered(ZONE_GROUP, {"privateEndpointName": "other"})),
    ),
    TapeRule(
        id="zone-linked",
        title="A private zone is linked to a network",
        reason="Nobody looks names up in it.",
        source="Microsoft, What is a virtual network link",
        fix="Add a virtual network link of the zone.",
        types=(ZONE,),
        check=beside(
            (LINK,),
            refers_to("privateZoneName"),
            "no virtual network is linked",
        ),
        passes=(registered(ZONE, {"privateZoneName": "z"}), registered(LINK, {"privateZoneName": "z"})),
        violates=(registered(ZONE, {"privateZoneName": "z"}), registered(LINK, {"privateZoneName": "other"})),
    ),
)
