"""Microsoft.Insights/components: application insights."""

from localazure.resource_type import RESOURCE_GROUP, ResourceType, derived_guid
from localazure.store import Record


class Component(ResourceType):
    """Application Insights on a workspace."""

    token = "applicationinsights:Component"
    path = RESOURCE_GROUP + "/providers/Microsoft.Insights/components/{resourceName}"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Give the component its keys. The workspace must exist."""
        del previous
        if workspace := record.inputs.get("workspaceResourceId"):
            self.azure.need(workspace)
        key = derived_guid(record.id, "instrumentation key")
        record.outputs |= {
            "appId": derived_guid(record.id, "application"),
            "applicationId": record.name,
            "connectionString": f"InstrumentationKey={key}",
            "instrumentationKey": key,
            "tenantId": self.azure.tenant_id,
        }
