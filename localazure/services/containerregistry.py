"""Microsoft.ContainerRegistry: registries.

What a SKU can do: Microsoft, "Azure Container Registry SKUs", and terraform-provider-azurerm,
container_registry_resource.go.
"""

from collections.abc import Iterable
from typing import Any

from localazure.errors import AzureError
from localazure.regions import lacks_zones
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.store import Record
from localazure.validation import Problem


class Registry(ResourceType):
    """A container registry. Images themselves are content under their digest, see `containers/images.py`."""

    token = "containerregistry:Registry"
    path = RESOURCE_GROUP + "/providers/Microsoft.ContainerRegistry/registries/{registryName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule in the words of ARM, what only the Premium tier takes, and policies that exclude each other."""
        yield from name_problem(
            inputs,
            "registryName",
            r"[a-zA-Z0-9]{5,50}",
            "registry names may contain alpha numeric characters only and must be between 5 and 50 characters.",
        )
        sku = inputs.get("sku", {}).get("name")
        if sku != "Premium":
            yield from ((at, f"{what} in SKU Premium only, not in '{sku}'") for at, what in _premium(inputs))
        if sku == "Basic" and inputs.get("anonymousPullEnabled"):
            yield "anonymousPullEnabled", "anonymous pull can be enabled in SKU Standard and Premium only"
        if inputs.get("zoneRedundancy") == "Enabled" and lacks_zones(inputs.get("location")):
            yield "zoneRedundancy", f"zone redundancy is not supported in '{inputs['location']}': it has no zones"
        yield from _policy_problems(inputs)

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a name that another registry has, as they are global, and another zone redundancy.

        Raises:
            AzureError: also where the ARM reference says that the property cannot be changed (zoneRedundancy); that
                code and text are ours.
        """
        zones = [each.inputs.get("zoneRedundancy", "Disabled") for each in (previous, record) if each]
        if zones[0] != zones[-1]:
            raise AzureError(400, "BadRequest", "The property 'zoneRedundancy' cannot be changed on a registry.")
        if self.is_name_taken(record):
            raise AzureError(
                409, "AlreadyInUse", f"The registry DNS name {record.name.lower()}.azurecr.io is already in use."
            )
        record.outputs["loginServer"] = f"{record.name.lower()}.azurecr.io"


def _premium(inputs: dict[str, Any]) -> Iterable[Problem]:
    if inputs.get("publicNetworkAccess") == "Disabled":
        yield "publicNetworkAccess", "public network access can be disabled"
    if inputs.get("zoneRedundancy") == "Enabled":
        yield "zoneRedundancy", "zone redundancy can be enabled"
    if inputs.get("dataEndpointEnabled"):
        yield "dataEndpointEnabled", "dedicated data endpoints can be enabled"
    if inputs.get("networkRuleSet", {}).get("ipRules"):
        yield "networkRuleSet", "network rules can be set"
    if inputs.get("encryption", {}).get("status") == "enabled":
        yield "encryption", "a customer-managed key can be set"
    for policy in ("quarantinePolicy", "retentionPolicy", "trustPolicy"):
        if _is_on(inputs, policy):
            yield f"policies.{policy}", f"{policy} can be enabled"
    if inputs.get("policies", {}).get("exportPolicy", {}).get("status") == "disabled":
        yield "policies.exportPolicy", "exportPolicy can be disabled"


def _policy_problems(inputs: dict[str, Any]) -> Iterable[Problem]:
    policies = inputs.get("policies", {})
    days = policies.get("retentionPolicy", {}).get("days", 7)
    if not 0 <= days <= 365:  # noqa: PLR2004 - the rule's own numbers
        yield "policies.retentionPolicy.days", f"'{days}' is not a retention in days: 0 to 365"
    if _is_on(inputs, "retentionPolicy") and _is_on(inputs, "softDeletePolicy"):
        # Microsoft, "Soft delete policy": the two cannot be enabled at once
        yield "policies.softDeletePolicy", "softDeletePolicy cannot be enabled beside retentionPolicy"
    exports = policies.get("exportPolicy", {}).get("status", "enabled")
    if exports == "disabled" and inputs.get("publicNetworkAccess") != "Disabled":
        yield "policies.exportPolicy", "to disable exports, publicNetworkAccess must be Disabled too"


def _is_on(inputs: dict[str, Any], policy: str) -> bool:
    return inputs.get("policies", {}).get(policy, {}).get("status") == "enabled"
