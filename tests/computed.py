"""What Azure adds to a resource: the outputs that the program reads, per type."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

Inputs = Mapping[str, Any]

PREFIX: Final = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups"

_NAME_OF: Final[Mapping[str, str]] = {
    "app:ContainerApp": "containerAppName",
    "app:Job": "jobName",
    "app:ManagedEnvironment": "environmentName",
    "applicationinsights:Component": "resourceName",
    "applicationinsights:WebTest": "webTestName",
    "applicationinsights:Workbook": "resourceName",
    "authorization:ManagementLockByScope": "lockName",
    "authorization:RoleAssignment": "roleAssignmentName",
    "cdn:AFDCustomDomain": "customDomainName",
    "cdn:AFDEndpoint": "endpointName",
    "cdn:AFDOrigin": "originName",
    "cdn:AFDOriginGroup": "originGroupName",
    "cdn:Profile": "profileName",
    "cdn:Route": "routeName",
    "cdn:Rule": "ruleName",
    "cdn:RuleSet": "ruleSetName",
    "cdn:SecurityPolicy": "securityPolicyName",
    "consumption:Budget": "budgetName",
    "containerregistry:Registry": "registryName",
    "dbforpostgresql:AdministratorsMicrosoftEntra": "objectId",
    "dbforpostgresql:Configuration": "configurationName",
    "dbforpostgresql:Database": "databaseName",
    "dbforpostgresql:FirewallRule": "firewallRuleName",
    "dbforpostgresql:Server": "serverName",
    "dns:DnssecConfig": "zoneName",
    "dns:RecordSet": "relativeRecordSetName",
    "dns:Zone": "zoneName",
    "frontdoor:Policy": "policyName",
    "keyvault:Key": "keyName",
    "keyvault:Secret": "secretName",
    "keyvault:Vault": "vaultName",
    "managedidentity:UserAssignedIdentity": "resourceName",
    "monitor:ActionGroup": "actionGroupName",
    "monitor:ActivityLogAlert": "activityLogAlertName",
    "monitor:DiagnosticSetting": "name",
    "monitor:MetricAlert": "ruleName",
    "monitor:ScheduledQueryRule": "ruleName",
    "network:NetworkSecurityGroup": "networkSecurityGroupName",
    "network:PrivateDnsZoneGroup": "privateDnsZoneGroupName",
    "network:PrivateEndpoint": "privateEndpointName",
    "network:Subnet": "subnetName",
    "network:VirtualNetwork": "virtualNetworkName",
    "operationalinsights:Workspace": "workspaceName",
    "privatedns:PrivateZone": "privateZoneName",
    "privatedns:VirtualNetworkLink": "virtualNetworkLinkName",
    "redisenterprise:AccessPolicyAssignment": "accessPolicyAssignmentName",
    "redisenterprise:Database": "databaseName",
    "redisenterprise:RedisEnterprise": "clusterName",
    "resources:ResourceGroup": "resourceGroupName",
    "servicebus:Namespace": "namespaceName",
    "servicebus:Queue": "queueName",
    "storage:BlobContainer": "containerName",
    "storage:BlobContainerImmutabilityPolicy": "immutabilityPolicyName",
    "storage:BlobServiceProperties": "blobServicesName",
    "storage:ManagementPolicy": "managementPolicyName",
    "storage:StorageAccount": "accountName",
    "web:StaticSite": "name",
    "web:StaticSiteCustomDomain": "domainName",
}

_ADDED: Final[Mapping[str, Callable[[str, Inputs], Inputs]]] = {
    "app:ContainerApp": lambda name, inputs: {
        "configuration": {
            **inputs["configuration"],
            **_with_fqdn(name, inputs["configuration"]),
        },
        # the input is a list of ids, the output a map of objects
        "identity": {
            **inputs["identity"],
            "userAssignedIdentities": {key: {} for key in inputs["identity"]["userAssignedIdentities"]},
        },
    },
    "app:Job": lambda _, inputs: {
        "identity": {
            **inputs["identity"],
            "userAssignedIdentities": {key: {} for key in inputs["identity"]["userAssignedIdentities"]},
        },
    },
    "cdn:AFDCustomDomain": lambda name, _: {"validationProperties": {"validationToken": f"token-of-{name}"}},
    "cdn:AFDEndpoint": lambda name, _: {"hostName": f"{name}.azurefd.net"},
    "cdn:Profile": lambda name, _: {"frontDoorId": f"id-of-{name}"},
    "app:ManagedEnvironment": lambda name, _: {
        "defaultDomain": f"{name}.swedencentral.azurecontainerapps.io",
        "staticIp": "20.0.0.1",
    },
    "applicationinsights:Component": lambda name, _: {
        "connectionString": f"InstrumentationKey=key-of-{name};IngestionEndpoint=https://in.applicationinsights.azure.com/"
    },
    "containerregistry:Registry": lambda name, _: {"loginServer": f"{name}.azurecr.io"},
    "dbforpostgresql:Server": lambda name, _: {"fullyQualifiedDomainName": f"{name}.postgres.database.azure.com"},
    "dns:Zone": lambda name, _: {"nameServers": [f"ns1.{name}"]},
    "keyvault:Key": lambda name, inputs: {"keyUri": f"https://{inputs['vaultName']}.vault.azure.net/keys/{name}"},
    "keyvault:Vault": lambda name, inputs: {
        "properties": {**inputs["properties"], "vaultUri": f"https://{name}.vault.azure.net/"}
    },
    "managedidentity:UserAssignedIdentity": lambda name, _: {
        "clientId": guid(f"client of {name}"),
        "principalId": guid(f"principal of {name}"),
    },
    "redisenterprise:Database": lambda _, __: {"port": 10000},
    "redisenterprise:RedisEnterprise": lambda name, _: {"hostName": f"{name}.swedencentral.redis.azure.net"},
    "servicebus:Namespace": lambda name, _: {"serviceBusEndpoint": f"https://{name}.servicebus.windows.net:443/"},
    "storage:StorageAccount": lambda name, _: {"primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"}},
    "web:StaticSite": lambda name, _: {"defaultHostname": f"{name}.azurestaticapps.net"},
}


def guid(text: str) -> str:
    """Return the id that the mocks give to what `text` says, as `principal of id-dme-api-dev`."""
    return str(uuid5(NAMESPACE_URL, text))


def _with_fqdn(name: str, configuration: Inputs) -> Inputs:
    if "ingress" not in configuration:
        return {}
    return {"ingress": {**configuration["ingress"], "fqdn": f"{name}.example.azurecontainerapps.io"}}


def computed(token: str, name: str, inputs: Inputs) -> tuple[str, dict[str, Any]]:
    """Return the id and the outputs of a resource with `inputs`; a component has neither."""
    kind = token.removeprefix("azure-native:")
    if kind not in _NAME_OF:
        assert token.startswith("digitalmee:components:"), f"{token} of {name}: no computed outputs known"
        return name, dict(inputs)
    physical = inputs[_NAME_OF[kind]]
    added = _ADDED[kind](physical, inputs) if kind in _ADDED else {}
    return f"{PREFIX}/{kind}/{physical}", {**inputs, "name": physical, **added}
