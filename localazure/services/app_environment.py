"""Microsoft.App/managedEnvironments: what container apps live in."""

import hashlib
from collections.abc import Iterable
from typing import Any

from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.store import Record
from localazure.validation import Problem


class ManagedEnvironment(ResourceType):
    """A Container Apps environment."""

    token = "app:ManagedEnvironment"
    path = RESOURCE_GROUP + "/providers/Microsoft.App/managedEnvironments/{environmentName}"
    # Fixed at creation: Microsoft Learn, "Reliability in Azure Container Apps" and "Networking".
    force_new = frozenset({"infrastructureResourceGroup", "location", "vnetConfiguration", "zoneRedundant"})

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, and zone redundancy without a subnet (azure-facts.md section 2, fault 2)."""
        yield from name_problem(
            inputs,
            "environmentName",
            r"[A-Za-z](?!.*--)[A-Za-z0-9-]{0,58}[A-Za-z0-9]",
            "2-60 letters, digits and single hyphens, beginning with a letter, ending with a letter or digit.",
        )
        if inputs.get("zoneRedundant") and not inputs.get("vnetConfiguration", {}).get("infrastructureSubnetId"):
            yield "zoneRedundant", "a zone redundant environment requires an infrastructure subnet"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Give the environment its domain."""
        del previous
        domain = hashlib.sha256(record.id.lower().encode()).hexdigest()[:10]
        location = record.outputs.get("location", "")
        record.outputs |= {"defaultDomain": f"{domain}.{location}.azurecontainerapps.io", "staticIp": "127.0.0.1"}

    async def delete(self, record: Record) -> None:
        """Refuse while apps live in it, in the words of the service."""
        for app in self.azure.find("app:ContainerApp"):
            if app.inputs.get("environmentId", "").lower() == record.id.lower():
                raise AzureError(
                    409,
                    "ManagedEnvironmentInUse",
                    f"Managed environment '{record.name}' cannot be deleted because it contains app '{app.name}'.",
                )
