"""What the tests of the embedded subscription share: inputs that are accepted, and how to put and refuse them."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from localazure.azure import Azure
from localazure.errors import AzureError
from localazure.store import Record
from localazure.subscription import SUBSCRIPTION_ID, TENANT_ID

Inputs = Mapping[str, Any]

GROUP: Final = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/rg"
ROLES: Final = f"/subscriptions/{SUBSCRIPTION_ID}/providers/Microsoft.Authorization/roleDefinitions"
ACR_PULL: Final = f"{ROLES}/7f951dda-4ed3-4680-a7ca-43fe172d538d"
BLOB_CONTRIBUTOR: Final = f"{ROLES}/ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_READER: Final = f"{ROLES}/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
PUBLISHER: Final = f"{ROLES}/3913510d-42f4-4e42-8a64-420c390055eb"
SECRETS_USER: Final = f"{ROLES}/4633458b-17de-408a-b874-0445c86b69e6"
IN_GROUP: Final[Inputs] = {"location": "westeurope", "resourceGroupName": "rg"}

IN_DOOR: Final[Inputs] = {"profileName": "door", "resourceGroupName": "rg"}

ACCEPTED: Final[Mapping[str, Inputs]] = {
    "app:ContainerApp": {**IN_GROUP, "containerAppName": "api"},
    "app:Job": {
        **IN_GROUP,
        "configuration": {"manualTriggerConfig": {}, "replicaTimeout": 60, "triggerType": "Manual"},
        "jobName": "backup",
        "template": {"containers": [{"image": "registry.azurecr.io/app", "name": "backup"}]},
    },
    "app:ManagedEnvironment": {**IN_GROUP, "environmentName": "environment"},
    "applicationinsights:Component": {**IN_GROUP, "kind": "web", "resourceName": "insights"},
    "applicationinsights:WebTest": {
        **IN_GROUP,
        "kind": "standard",
        "locations": [{"location": "emea-nl-ams-azr"}],
        "request": {"requestUrl": "https://example.com/health"},
        "syntheticMonitorId": "test",
        "webTestKind": "standard",
        "webTestName": "test",
    },
    "applicationinsights:Workbook": {
        **IN_GROUP,
        "category": "workbook",
        "displayName": "Health",
        "resourceName": "3b1f7c52-4d2e-4f53-9a55-0d9f4c3c1a10",
        "serializedData": "{}",
    },
    "authorization:ManagementLockByScope": {"level": "CanNotDelete", "lockName": "keep"},
    "authorization:RoleAssignment": {
        "principalType": "ServicePrincipal",
        "roleAssignmentName": "9c1c3d0f-6a5f-4a37-8f0e-2f1f1f0a7c11",
    },
    "consumption:Budget": {
        "amount": 100,
        "budgetName": "budget",
        "category": "Cost",
        "scope": GROUP,
        "timeGrain": "Monthly",
        "timePeriod": {"startDate": f"{datetime.now(UTC):%Y-%m}-01T00:00:00Z"},
    },
    "cdn:AFDCustomDomain": {
        **IN_DOOR,
        "customDomainName": "www-example-com",
        "hostName": "www.example.com",
        "tlsSettings": {"certificateType": "ManagedCertificate", "minimumTlsVersion": "TLS12"},
    },
    "cdn:AFDEndpoint": {**IN_DOOR, "endpointName": "site", "location": "global"},
    "cdn:AFDOrigin": {**IN_DOOR, "hostName": "a.example.net", "originGroupName": "group", "originName": "origin"},
    "cdn:AFDOriginGroup": {
        **IN_DOOR,
        "loadBalancingSettings": {"sampleSize": 4, "successfulSamplesRequired": 3},
        "originGroupName": "group",
    },
    "cdn:Profile": {**IN_DOOR, "location": "global", "sku": {"name": "Standard_AzureFrontDoor"}},
    "cdn:Route": {**IN_DOOR, "endpointName": "site", "linkToDefaultDomain": "Enabled", "routeName": "all"},
    "cdn:Rule": {
        **IN_DOOR,
        "actions": [{"name": "RouteConfigurationOverride"}],
        "order": 1,
        "ruleName": "rule",
        "ruleSetName": "rules",
    },
    "cdn:RuleSet": {**IN_DOOR, "ruleSetName": "rules"},
    "cdn:SecurityPolicy": {**IN_DOOR, "securityPolicyName": "guard"},
    "containerregistry:Registry": {**IN_GROUP, "registryName": "registry", "sku": {"name": "Basic"}},
    "dbforpostgresql:AdministratorsMicrosoftEntra": {"resourceGroupName": "rg", "serverName": "server"},
    "dbforpostgresql:Configuration": {
        "configurationName": "log_checkpoints",
        "resourceGroupName": "rg",
        "serverName": "server",
        "source": "user-override",
        "value": "on",
    },
    "dbforpostgresql:Database": {"databaseName": "tasks", "resourceGroupName": "rg", "serverName": "server"},
    "dbforpostgresql:FirewallRule": {"firewallRuleName": "all", "resourceGroupName": "rg", "serverName": "server"},
    "dbforpostgresql:Server": {
        **IN_GROUP,
        "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"},
        "serverName": "server",
        "storage": {"storageSizeGB": 64},
        "version": "17",
    },
    "dns:DnssecConfig": {"resourceGroupName": "rg", "zoneName": "example.com"},
    "dns:RecordSet": {
        "recordType": "TXT",
        "relativeRecordSetName": "www",
        "resourceGroupName": "rg",
        "ttl": 300,
        "zoneName": "example.com",
    },
    "dns:Zone": {"location": "global", "resourceGroupName": "rg", "zoneName": "example.com"},
    "frontdoor:Policy": {
        "location": "global",
        "policyName": "wall",
        "resourceGroupName": "rg",
        "sku": {"name": "Standard_AzureFrontDoor"},
    },
    "keyvault:Key": {
        "keyName": "people",
        "properties": {"keyOps": ["wrapKey", "unwrapKey"], "keySize": 3072, "kty": "RSA"},
        "resourceGroupName": "rg",
        "vaultName": "vault",
    },
    "keyvault:Secret": {
        "properties": {"value": "s3cret"},
        "resourceGroupName": "rg",
        "secretName": "key",
        "vaultName": "vault",
    },
    "keyvault:Vault": {
        **IN_GROUP,
        "properties": {"sku": {"family": "A", "name": "standard"}, "tenantId": TENANT_ID},
        "vaultName": "vault",
    },
    "managedidentity:UserAssignedIdentity": {**IN_GROUP, "resourceName": "identity"},
    "monitor:ActionGroup": {
        **IN_GROUP,
        "actionGroupName": "page",
        "emailReceivers": [{"emailAddress": "team@example.com", "name": "mail"}],
        "groupShortName": "page",
        "location": "global",
    },
    "monitor:ActivityLogAlert": {
        **IN_GROUP,
        "actions": {},
        "activityLogAlertName": "health",
        "condition": {"allOf": [{"equals": "ResourceHealth", "field": "category"}]},
        "location": "global",
        "scopes": [GROUP],
    },
    "monitor:DiagnosticSetting": {"logs": [{"category": "Audit", "enabled": True}], "name": "audit"},
    "monitor:MetricAlert": {
        **IN_GROUP,
        "enabled": True,
        "evaluationFrequency": "PT5M",
        "location": "global",
        "ruleName": "cpu",
        "severity": 2,
        "windowSize": "PT15M",
    },
    "monitor:ScheduledQueryRule": {
        **IN_GROUP,
        "criteria": {"allOf": [{"query": "Usage | where (1 == 1)", "threshold": 0}]},
        "evaluationFrequency": "PT5M",
        "kind": "LogAlert",
        "ruleName": "burn",
        "severity": 1,
        "windowSize": "PT1H",
    },
    "network:NetworkSecurityGroup": {**IN_GROUP, "networkSecurityGroupName": "guard"},
    "network:PrivateDnsZoneGroup": {
        "privateDnsZoneGroupName": "names",
        "privateEndpointName": "endpoint",
        "resourceGroupName": "rg",
    },
    "network:PrivateEndpoint": {**IN_GROUP, "privateEndpointName": "endpoint"},
    "network:Subnet": {
        "addressPrefix": "10.1.0.0/24",
        "resourceGroupName": "rg",
        "subnetName": "subnet",
        "virtualNetworkName": "network",
    },
    "network:VirtualNetwork": {
        **IN_GROUP,
        "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
        "virtualNetworkName": "network",
    },
    "operationalinsights:Workspace": {**IN_GROUP, "workspaceName": "workspace"},
    "privatedns:PrivateZone": {
        "location": "global",
        "privateZoneName": "privatelink.vaultcore.azure.net",
        "resourceGroupName": "rg",
    },
    "privatedns:VirtualNetworkLink": {
        "location": "global",
        "privateZoneName": "privatelink.vaultcore.azure.net",
        "resourceGroupName": "rg",
        "virtualNetworkLinkName": "link",
    },
    "redisenterprise:AccessPolicyAssignment": {
        "accessPolicyAssignmentName": "api",
        "accessPolicyName": "default",
        "clusterName": "cache",
        "databaseName": "default",
        "resourceGroupName": "rg",
        "user": {"objectId": "00000000-0000-4000-8000-0000000000b1"},
    },
    "redisenterprise:Database": {
        "clusterName": "cache",
        "clusteringPolicy": "EnterpriseCluster",
        "databaseName": "default",
        "resourceGroupName": "rg",
    },
    "redisenterprise:RedisEnterprise": {
        **IN_GROUP,
        "clusterName": "cache",
        "publicNetworkAccess": "Enabled",
        "sku": {"name": "Balanced_B1"},
    },
    "resources:ResourceGroup": {"location": "westeurope", "resourceGroupName": "rg"},
    "servicebus:Namespace": {**IN_GROUP, "namespaceName": "messages", "sku": {"name": "Standard", "tier": "Standard"}},
    "servicebus:Queue": {"namespaceName": "messages", "queueName": "operations", "resourceGroupName": "rg"},
    "storage:BlobContainer": {"accountName": "account", "containerName": "backups", "resourceGroupName": "rg"},
    "storage:BlobContainerImmutabilityPolicy": {
        "accountName": "account",
        "containerName": "backups",
        "immutabilityPeriodSinceCreationInDays": 30,
        "immutabilityPolicyName": "default",
        "resourceGroupName": "rg",
    },
    "storage:BlobServiceProperties": {
        "accountName": "account",
        "blobServicesName": "default",
        "resourceGroupName": "rg",
    },
    "storage:ManagementPolicy": {
        "accountName": "account",
        "managementPolicyName": "default",
        "policy": {
            "rules": [{"definition": {"filters": {"blobTypes": ["blockBlob"]}}, "name": "r", "type": "Lifecycle"}]
        },
        "resourceGroupName": "rg",
    },
    "storage:StorageAccount": {
        **IN_GROUP,
        "accountName": "account",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
    },
    "web:StaticSite": {**IN_GROUP, "name": "site", "sku": {"name": "Free", "tier": "Free"}},
    "web:StaticSiteCustomDomain": {"domainName": "www.example.com", "name": "site", "resourceGroupName": "rg"},
}
"""Inputs of each type that is put into group `rg`, without what names another resource."""


def urn(token: str, name: str = "it") -> str:
    return f"urn:pulumi:dev::program::azure-native:{token}::{name}"


async def create(azure: Azure, token: str, **inputs: Any) -> Record:
    """Create a resource from its accepted inputs and those given here; its group is made if need be."""
    if azure.get(GROUP) is None and token != "resources:ResourceGroup":
        await create(azure, "resources:ResourceGroup")
    record = await azure.create(token, {**ACCEPTED[token], **inputs}, urn(token))
    azure.confirm(record.id)
    return record


async def grant(azure: Azure, identity: Record, role: str, scope: Record, name: str = "role") -> Record:
    return await create(
        azure,
        "authorization:RoleAssignment",
        principalId=identity.outputs["principalId"],
        roleAssignmentName=name,
        roleDefinitionId=role,
        scope=scope.id,
    )


def problems_of(azure: Azure, token: str, **inputs: Any) -> dict[str, str]:
    """What a type refuses of inputs alone: property path to reason."""
    return dict(azure.type_of(token).refusals({**ACCEPTED[token], **inputs}))


@contextmanager
def refused(status: int, code: str, text: str) -> Generator[None]:
    """Expect an ARM error with this status and code, and `text` in its message."""
    with pytest.raises(AzureError, match=re.escape(text)) as caught:
        yield
    assert (caught.value.status, caught.value.code) == (status, code)
