"""The Container Apps environment: always in a subnet of the network, always with encrypted traffic between its apps.

Logs leave by `azure-monitor` and a diagnostic setting: the older `log-analytics` destination needs the
workspace's shared key (github.com/microsoft/azure-container-apps/issues/1812). Network, zones and the group of the
platform's own parts are fixed at creation, which the provider does not know: without `replace_on_changes` a change
would fail in the middle of an update (azure-facts.md section 1).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import pulumi
from pulumi_azure_native import app, monitor
from pydantic import Field

from components import names
from components.platform import Platform
from components.section import Conflict, Section
from components.workloads.capacity import ZONES

WORKLOAD_PROFILE: Final = "Consumption"
"""The profile of every environment, and what jobs run on: replicas are billed by the second."""
DEDICATED_PROFILE: Final = "Dedicated"
"""The name of the profile with machines of its own, if there is one."""
LOG_CATEGORIES: Final = ("ContainerAppConsoleLogs", "ContainerAppSystemLogs")


class EnvironmentSettings(Section):
    """Who reaches the environment and what its apps run on."""

    public_network_access: Literal["Enabled", "Disabled"]
    """Whether its apps answer on the internet; if not, no availability test asks them."""
    internal: bool
    """Whether its address is one of the network's; fixed once the environment exists."""
    zone_redundant: bool
    """Whether replicas are spread over the zones of the region; fixed once the environment exists."""
    dedicated_profile: Literal["None", "D4", "D8", "D16", "D32", "E4", "E8", "E16", "E32"]
    """Machines of its own, beside the Consumption profile: D has 4 GiB per core, E has 8; the number is the cores."""
    dedicated_minimum: Annotated[int, Field(ge=0, le=20)]
    """Machines that always run; 0 without a dedicated profile."""
    dedicated_maximum: Annotated[int, Field(ge=0, le=20)]
    """Machines that may run; 0 without a dedicated profile."""
    protect: bool
    """Whether the environment refuses to be deleted or replaced by the program."""

    @property
    def is_public(self) -> bool:
        """Whether its apps answer somebody on the internet."""
        return self.public_network_access == "Enabled"

    def conflicts(self) -> Iterator[Conflict]:
        """Yield an internal address for the internet, and numbers of machines that no profile can have."""
        lowest, highest = self.dedicated_minimum, self.dedicated_maximum
        if self.internal and self.public_network_access == "Enabled":
            yield "public_network_access", '"Enabled" needs an address outside of the network (allowed "Disabled")'
        if self.dedicated_profile == "None":
            for key, value in (("dedicated_minimum", lowest), ("dedicated_maximum", highest)):
                if value:
                    yield key, f'{value} needs machines of its own (allowed 0, or a dedicated_profile beside "None")'
            return
        least = ZONES if self.zone_redundant else 0
        if lowest < least:
            yield "dedicated_minimum", f"{lowest} leaves a zone without a machine (allowed {least}-20)"
        if highest < max(1, lowest):
            yield "dedicated_maximum", f"{highest} is too few (allowed {max(1, lowest, least)}-20)"


@dataclass(frozen=True, kw_only=True)
class EnvironmentArgs:
    """Arguments of `Environment`."""

    platform: Platform
    settings: EnvironmentSettings
    subnet_id: pulumi.Input[str]
    """A subnet of its own, delegated to Container Apps."""
    workspace_id: pulumi.Input[str]
    """Where its logs go."""


class Environment(pulumi.ComponentResource):
    """A Container Apps environment that logs to a workspace."""

    id: pulumi.Output[str]
    """Resource id; what a container app is made in."""
    default_domain: pulumi.Output[str]
    """The domain under which every app has its name."""
    static_ip: pulumi.Output[str]
    """The address of its ingress."""
    zone_redundant: bool
    """Whether it spreads replicas over zones."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Environment", name, None, opts)
        environment = self._environment(name, args)
        monitor.DiagnosticSetting(
            f"{name}-logs",
            name="logs",
            resource_uri=environment.id,
            workspace_id=args.workspace_id,
            log_analytics_destination_type="Dedicated",
            logs=[monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in LOG_CATEGORIES],
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.id = environment.id
        self.default_domain = environment.default_domain
        self.static_ip = environment.static_ip
        self.zone_redundant = args.settings.zone_redundant
        self.register_outputs({"id": self.id, "default_domain": self.default_domain, "static_ip": self.static_ip})

    def _environment(self, name: str, args: EnvironmentArgs) -> app.ManagedEnvironment:
        settings = args.settings
        return app.ManagedEnvironment(
            name,
            environment_name=names.managed_environment(args.platform.environment),
            resource_group_name=args.platform.resource_group_name,
            infrastructure_resource_group=names.managed_group(args.platform.environment),
            vnet_configuration=app.VnetConfigurationArgs(
                infrastructure_subnet_id=args.subnet_id, internal=settings.internal
            ),
            zone_redundant=settings.zone_redundant,
            public_network_access=settings.public_network_access,
            workload_profiles=_profiles(settings),
            peer_traffic_configuration=app.ManagedEnvironmentPeerTrafficConfigurationArgs(
                encryption=app.ManagedEnvironmentEncryptionArgs(enabled=True)
            ),
            app_logs_configuration=app.AppLogsConfigurationArgs(destination="azure-monitor"),
            tags=args.platform.tags(name),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.protect,
                delete_before_replace=True,
                replace_on_changes=["infrastructureResourceGroup", "vnetConfiguration", "zoneRedundant"],
                custom_timeouts=pulumi.CustomTimeouts(create="60m"),
            ),
        )


def _profiles(settings: EnvironmentSettings) -> list[app.WorkloadProfileArgs]:
    consumption = app.WorkloadProfileArgs(name=WORKLOAD_PROFILE, workload_profile_type=WORKLOAD_PROFILE)
    if settings.dedicated_profile == "None":
        return [consumption]
    dedicated = app.WorkloadProfileArgs(
        name=DEDICATED_PROFILE,
        workload_profile_type=settings.dedicated_profile,
        minimum_count=settings.dedicated_minimum,
        maximum_count=settings.dedicated_maximum,
    )
    return [consumption, dedicated]
