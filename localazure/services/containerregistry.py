"""Microsoft.ContainerRegistry: registries."""

from collections.abc import Iterable
from typing import Any

from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.store import Record
from localazure.validation import Problem


class Registry(ResourceType):
    """A container registry. Images themselves are content under their digest, see `containers/images.py`."""

    token = "containerregistry:Registry"
    path = RESOURCE_GROUP + "/providers/Microsoft.ContainerRegistry/registries/{registryName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, in the words of ARM, and what only the Premium tier takes."""
        yield from name_problem(
            inputs,
            "registryName",
            r"[a-zA-Z0-9]{5,50}",
            "registry names may contain alpha numeric characters only and must be between 5 and 50 characters.",
        )
        premium = inputs.get("sku", {}).get("name") == "Premium"
        if inputs.get("publicNetworkAccess") == "Disabled" and not premium:
            # azure-facts.md section 3.14: private access is a Premium feature
            yield "publicNetworkAccess", "public network access can be disabled in SKU Premium only"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a name that another registry has: they are global."""
        del previous
        if self.is_name_taken(record):
            raise AzureError(
                409, "AlreadyInUse", f"The registry DNS name {record.name.lower()}.azurecr.io is already in use."
            )
        record.outputs["loginServer"] = f"{record.name.lower()}.azurecr.io"
