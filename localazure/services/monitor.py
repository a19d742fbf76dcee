"""Microsoft.Insights/diagnosticSettings: where logs and metrics of a resource go."""

from localazure.errors import AzureError
from localazure.resource_type import ResourceType
from localazure.store import Record


class DiagnosticSetting(ResourceType):
    """A diagnostic setting of one resource."""

    token = "monitor:DiagnosticSetting"
    path = "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}"
    force_new = frozenset[str]()

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a setting of or to something that is not there, and one that sends nothing anywhere.

        Raises:
            AzureError: in the words of Azure Monitor.
        """
        del previous
        self.azure.need(record.inputs["resourceUri"])
        if workspace := record.inputs.get("workspaceId"):
            self.azure.need(workspace)
        sinks = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
        if not any(record.inputs.get(sink) for sink in sinks):
            raise AzureError(400, "BadRequest", "At least one data sink needs to be specified.")
        if not record.inputs.get("logs") and not record.inputs.get("metrics"):
            raise AzureError(400, "BadRequest", "At least one log or metric category must be specified.")
