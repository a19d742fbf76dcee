"""Microsoft.App/managedEnvironments: what container apps live in."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from localazure.errors import AzureError
from localazure.regions import lacks_zones
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.services.network import CONTAINER_APPS, delegations, range_of
from localazure.store import Record
from localazure.subscription import Subscription
from localazure.validation import Problem

_CONSUMPTION = "Consumption"
_DEDICATED = ("D4", "D8", "D16", "D32", "E4", "E8", "E16", "E32", "NC24-A100", "NC48-A100", "NC96-A100")
_SMALLEST = 27
_RESERVED = (
    *("100.100.0.0/17", "100.100.128.0/19", "100.100.160.0/19", "100.100.192.0/19", "169.254.0.0/16"),
    *("172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"),
)


class ManagedEnvironment(ResourceType):
    """A Container Apps environment."""

    token = "app:ManagedEnvironment"
    path = RESOURCE_GROUP + "/providers/Microsoft.App/managedEnvironments/{environmentName}"
    # Fixed at creation: Microsoft Learn, "Reliability in Azure Container Apps" and "Networking".
    force_new = frozenset({"infrastructureResourceGroup", "location", "vnetConfiguration", "zoneRedundant"})

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, zones in a region without, workload profiles that do not exist or have no number of machines.

        Profiles: Microsoft Learn, "Workload profiles in Azure Container Apps".
        """
        yield from name_problem(
            inputs,
            "environmentName",
            r"[A-Za-z](?!.*--)[A-Za-z0-9-]{0,58}[A-Za-z0-9]",
            "2-60 letters, digits and single hyphens, beginning with a letter, ending with a letter or digit.",
        )
        if inputs.get("zoneRedundant") and lacks_zones(inputs.get("location")):
            yield "zoneRedundant", f"zone redundancy is not supported in '{inputs['location']}': it has no zones"
        logs = inputs.get("appLogsConfiguration", {})
        if logs.get("destination") == "log-analytics" and not logs.get("logAnalyticsConfiguration"):
            yield "appLogsConfiguration", "the destination log-analytics needs customerId and sharedKey"
        yield from _profile_problems(inputs.get("workloadProfiles", []))

    async def put(self, record: Record, previous: Record | None) -> None:
        """Move into the subnet and give the environment its domain.

        Zone redundancy and an internal address need a subnet of its own, /27 or larger, outside of the reserved ranges
        and delegated to Container Apps; an internal address has no public access (Microsoft Learn, "Networking in
        Azure Container Apps", "Virtual network configuration").

        Raises:
            AzureError: in the words of the service, as seen in github.com/microsoft/azure-container-apps issues 425,
                786 and 1534, and github.com/MicrosoftDocs/azure-docs/pull/119379.
        """
        network = record.inputs.get("vnetConfiguration", {})
        internal = network.get("internal", False)
        if subnet := network.get("infrastructureSubnetId"):
            if previous is None:
                self._check_subnet(subnet)
        elif internal or record.inputs.get("zoneRedundant"):
            raise _invalid("An internal or zone redundant environment requires an infrastructure subnet.")
        if internal and record.inputs.get("publicNetworkAccess") == "Enabled":
            raise _invalid("An internal environment cannot enable public network access.")
        domain = hashlib.sha256(record.id.lower().encode()).hexdigest()[:10]
        location = record.outputs.get("location", "")
        record.outputs |= {"defaultDomain": f"{domain}.{location}.azurecontainerapps.io", "staticIp": "127.0.0.1"}

    def _check_subnet(self, subnet_id: str) -> None:
        if self.subscription.get(subnet_id.rpartition("/subnets/")[0]) is None:
            raise _invalid("Invalid vnet resource ID provided, or the virtual network could not be found.")
        subnet = self.subscription.get(subnet_id)
        # a list of prefixes is not looked at: azure-facts.md section 0, fact 7
        if subnet is None or "addressPrefix" not in subnet.inputs:
            raise _invalid("The subnet and its addressPrefix could not be found.")
        own = range_of(subnet)
        if own.prefixlen > _SMALLEST:
            raise _invalid(f"Provided subnet must have a size of at least /{_SMALLEST}.")
        if any(own.overlaps(IPv4Network(reserved)) for reserved in _RESERVED):
            raise _invalid(f"Provided subnet must not overlap the reserved ranges {', '.join(_RESERVED)}.")
        if CONTAINER_APPS not in delegations(subnet):
            raise AzureError(
                400,
                "ManagedEnvironmentSubnetDelegationError",
                f"The subnet of the environment must be delegated to the service '{CONTAINER_APPS}'.",
            )
        for other in self.subscription.find(self.token):
            if other.inputs.get("vnetConfiguration", {}).get("infrastructureSubnetId", "").lower() == subnet.id.lower():
                raise _invalid(f"Provided subnet is used by managed environment '{other.name}' already.")

    async def delete(self, record: Record) -> None:
        """Refuse while apps or jobs live in it, in the words of the service."""
        for app in [*self.subscription.find("app:ContainerApp"), *self.subscription.find("app:Job")]:
            if app.inputs.get("environmentId", "").lower() == record.id.lower():
                raise AzureError(
                    409,
                    "ManagedEnvironmentInUse",
                    f"Managed environment '{record.name}' cannot be deleted because it contains app '{app.name}'.",
                )


def check_place(subscription: Subscription, inputs: Mapping[str, Any]) -> None:
    """Refuse an app or a job in an environment that is not there, or on a workload profile that it does not have.

    Raises:
        AzureError: the code and the words of the profile are ours.
    """
    environment = subscription.need(inputs.get("environmentId") or inputs.get("managedEnvironmentId", ""))
    wanted = inputs.get("workloadProfileName")
    names = [profile["name"] for profile in environment.inputs.get("workloadProfiles", [])]
    if wanted and wanted not in names:
        raise AzureError(
            400,
            "InvalidWorkloadProfileName",
            f"Managed environment '{environment.name}' has no workload profile '{wanted}'. It has: "
            f"{', '.join(names) or 'none, it is of the kind Consumption only'}.",
        )


def _invalid(why: str) -> AzureError:
    return AzureError(
        400,
        "ManagedEnvironmentInvalidNetworkConfiguration",
        f"The environment network configuration is invalid: {why}",
    )


def _profile_problems(profiles: list[dict[str, Any]]) -> Iterator[Problem]:
    names = [profile.get("name", "") for profile in profiles]
    for index, profile in enumerate(profiles):
        at, name, kind = f"workloadProfiles[{index}]", names[index], profile.get("workloadProfileType", "")
        lowest, highest = profile.get("minimumCount"), profile.get("maximumCount")
        if name in names[:index]:
            yield at, f"'{name}': a workload profile of this name is there already"
        if kind == _CONSUMPTION:
            if lowest is not None or highest is not None:
                yield at, f"'{name}': a Consumption profile has no minimumCount and no maximumCount"
        elif kind not in _DEDICATED:
            yield f"{at}.workloadProfileType", f"'{kind}' is none of {_CONSUMPTION}, {', '.join(_DEDICATED)}"
        elif lowest is None or highest is None or not 0 <= lowest <= highest or not highest:
            yield at, f"'{name}': a dedicated profile has a minimumCount, and a maximumCount of at least that and 1"
