"""Microsoft.ManagedIdentity: user-assigned identities."""

from collections.abc import Iterable
from typing import Any

from localazure.derived_guid import derived_guid
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.store import Record
from localazure.validation import Problem


class UserAssignedIdentity(ResourceType):
    """An identity that exists before the workload that acts as it."""

    token = "managedidentity:UserAssignedIdentity"
    path = RESOURCE_GROUP + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule (Microsoft Learn, "Naming rules and restrictions", Microsoft.ManagedIdentity)."""
        return name_problem(
            inputs,
            "resourceName",
            r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
            "3-128 letters, digits, hyphens and underscores, beginning with a letter or digit.",
        )

    async def put(self, record: Record, previous: Record | None) -> None:
        """Give the identity its principal, client and tenant."""
        del previous
        record.outputs["principalId"] = derived_guid(record.id, "principal")
        record.outputs["clientId"] = derived_guid(record.id, "client")
        record.outputs["tenantId"] = self.subscription.tenant_id
