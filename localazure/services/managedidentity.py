"""Microsoft.ManagedIdentity: user-assigned identities."""

from localazure.derived_guid import derived_guid
from localazure.resource_type import RESOURCE_GROUP, ResourceType
from localazure.store import Record


class UserAssignedIdentity(ResourceType):
    """An identity that exists before the workload that acts as it."""

    token = "managedidentity:UserAssignedIdentity"
    path = RESOURCE_GROUP + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Give the identity its principal, client and tenant."""
        del previous
        record.outputs["principalId"] = derived_guid(record.id, "principal")
        record.outputs["clientId"] = derived_guid(record.id, "client")
        record.outputs["tenantId"] = self.subscription.tenant_id
