"""Built-in Azure roles by name, and the one place that assigns them.

Identifiers: Microsoft's "Azure built-in roles"; they are the same in every directory.
"""

from enum import StrEnum
from uuid import NAMESPACE_URL, uuid5

import pulumi
from pulumi_azure_native import authorization

from components.identity import WorkloadIdentity


class Role(StrEnum):
    """A built-in role and the identifier of its definition."""

    ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    KEY_VAULT_CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
    KEY_VAULT_SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
    MONITORING_METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
    SERVICE_BUS_DATA_RECEIVER = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"
    SERVICE_BUS_DATA_SENDER = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
    STORAGE_BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    STORAGE_BLOB_DATA_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


def assign(
    role: Role, identity: WorkloadIdentity, *, what: str, scope: pulumi.Input[str], parent: pulumi.Resource
) -> authorization.RoleAssignment:
    """Give `identity` a role on `scope`, under a logical and a physical name that never change.

    The physical name is a GUID made from the subscription, the resource group and the logical name, so a second
    deployment finds the same assignment. The kind of principal is stated because a fresh identity is not yet
    known to the directory everywhere (Microsoft, "Troubleshoot Azure RBAC": PrincipalNotFound).

    Args:
        role: The role to give.
        identity: Who gets it.
        what: The logical name of the thing accessed.
        scope: The resource id of the thing accessed.
        parent: The component that owns the thing accessed.
    """
    platform = identity.platform
    name = f"{what}-{role.name.lower().replace('_', '-')}-{identity.workload}"
    unique_key = f"{platform.subscription_id}/{platform.environment}/{platform.unique}/{name}"
    definition = f"/providers/Microsoft.Authorization/roleDefinitions/{role.value}"
    return authorization.RoleAssignment(
        name,
        role_assignment_name=str(uuid5(NAMESPACE_URL, unique_key)),
        principal_id=identity.principal_id,
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        role_definition_id=f"/subscriptions/{platform.subscription_id}{definition}",
        scope=scope,
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True, replace_on_changes=["roleDefinitionId"]),
    )
