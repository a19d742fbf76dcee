"""What the tests of the embedded subscription share: inputs that are accepted, and how to put and refuse them."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest

from localazure.azure import SUBSCRIPTION_ID, TENANT_ID, Azure
from localazure.errors import AzureError
from localazure.store import Record

Inputs = Mapping[str, Any]

GROUP: Final = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/rg"
ROLES: Final = f"/subscriptions/{SUBSCRIPTION_ID}/providers/Microsoft.Authorization/roleDefinitions"
ACR_PULL: Final = f"{ROLES}/7f951dda-4ed3-4680-a7ca-43fe172d538d"
SECRETS_USER: Final = f"{ROLES}/4633458b-17de-408a-b874-0445c86b69e6"
IN_GROUP: Final[Inputs] = {"location": "westeurope", "resourceGroupName": "rg"}

ACCEPTED: Final[Mapping[str, Inputs]] = {
    "app:ContainerApp": {**IN_GROUP, "containerAppName": "api"},
    "app:ManagedEnvironment": {**IN_GROUP, "environmentName": "environment"},
    "applicationinsights:Component": {**IN_GROUP, "kind": "web", "resourceName": "insights"},
    "authorization:RoleAssignment": {"principalType": "ServicePrincipal", "roleAssignmentName": "role"},
    "containerregistry:Registry": {**IN_GROUP, "registryName": "registry", "sku": {"name": "Basic"}},
    "dbforpostgresql:AdministratorsMicrosoftEntra": {"resourceGroupName": "rg", "serverName": "server"},
    "dbforpostgresql:Database": {"databaseName": "tasks", "resourceGroupName": "rg", "serverName": "server"},
    "dbforpostgresql:FirewallRule": {"firewallRuleName": "all", "resourceGroupName": "rg", "serverName": "server"},
    "dbforpostgresql:Server": {
        **IN_GROUP,
        "authConfig": {"activeDirectoryAuth": "Enabled"},
        "serverName": "server",
        "storage": {"storageSizeGB": 64},
        "version": "17",
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
    "monitor:DiagnosticSetting": {"logs": [{"category": "Audit", "enabled": True}], "name": "audit"},
    "operationalinsights:Workspace": {**IN_GROUP, "workspaceName": "workspace"},
    "resources:ResourceGroup": {"location": "westeurope", "resourceGroupName": "rg"},
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
