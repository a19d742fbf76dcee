"""Microsoft.Resources: resource groups."""

from collections.abc import Iterable
from typing import Any

from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.validation import Problem


class ResourceGroup(ResourceType):
    """A resource group. Deleting it deletes what is in it, as ARM does."""

    token = "resources:ResourceGroup"
    path = RESOURCE_GROUP

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule of resource groups (Microsoft Learn, "Naming rules and restrictions", Microsoft.Resources)."""
        return name_problem(
            inputs,
            "resourceGroupName",
            r"[\w().-]{0,89}[\w()-]",
            "1-90 letters, digits, underscores, parentheses, hyphens and periods; it cannot end with a period.",
        )
