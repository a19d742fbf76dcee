"""Role assignments."""

from typing import Final

from policy.checks import expect, holds, matches
from policy.rule import AnyRule, ResourceRule

ASSIGNMENT = "authorization:RoleAssignment"
TOO_MUCH: Final = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
}
"""Roles with which a workload could change the platform or read every secret, by Microsoft's identifier."""
_ROLE = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/"

RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="role-not-owner",
        title="The program grants no role that rules the platform",
        reason="One broken workload would be the whole subscription.",
        source="PSRule Azure.RBAC.LimitOwner",
        fix="Grant the role that reads, writes, sends or receives the one thing that is needed.",
        types=(ASSIGNMENT,),
        check=holds(
            "roleDefinitionId",
            lambda role: str(role).rpartition("/")[2].lower() not in TOO_MUCH,
            f"no {', '.join(TOO_MUCH.values())}",
        ),
        passes={"roleDefinitionId": f"{_ROLE}4633458b-17de-408a-b874-0445c86b69e6"},
        violates={"roleDefinitionId": f"{_ROLE}b24988ac-6180-42a0-ab88-20f7382dd24c"},
    ),
    ResourceRule(
        id="role-narrow",
        title="A role is granted on one resource",
        reason="On a group or a subscription it holds for everything that is added later.",
        source="PSRule Azure.RBAC.LimitOwner intent; own",
        fix="Set scope to the id of the thing accessed.",
        types=(ASSIGNMENT,),
        # a resource's id goes on after its group, a scope without one is a subscription's
        check=matches("scope", r"/subscriptions/[^/]+/resourceGroups/[^/]+/.+", "the id of a resource"),
        passes={"scope": "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv/secrets/a"},
        violates={"scope": "/subscriptions/s/resourceGroups/g"},
    ),
    ResourceRule(
        id="role-principal-type",
        title="An assignment says what kind of principal it is for",
        reason="A fresh identity is not yet known everywhere, and the deployment fails now and then.",
        source="Microsoft, Troubleshoot Azure RBAC: PrincipalNotFound",
        fix="Set principalType to ServicePrincipal, or to Group for people.",
        types=(ASSIGNMENT,),
        check=expect("principalType", "ServicePrincipal", "Group"),
        passes={"principalType": "ServicePrincipal"},
        violates={"principalType": "User"},
    ),
    ResourceRule(
        id="role-named",
        title="The program says the name of an assignment",
        reason="A name made by chance makes a second assignment at the next deployment, which Azure refuses.",
        source="own; Microsoft, Role assignment names",
        fix="Make roleAssignmentName a GUID from what the assignment is.",
        types=(ASSIGNMENT,),
        check=matches("roleAssignmentName", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a GUID"),
        passes={"roleAssignmentName": "8748d011-fc71-5b0e-89f4-39f3dd21a774"},
        violates={"principalType": "ServicePrincipal"},
    ),
)
