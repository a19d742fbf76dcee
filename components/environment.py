"""The Container Apps environment, on the Consumption workload profile.

Logs leave by `azure-monitor` and a diagnostic setting: the older `log-analytics` destination needs the
workspace's shared key (github.com/microsoft/azure-container-apps/issues/1812). Zone redundancy needs a subnet,
so it comes with the network.
"""

from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_azure_native import app, monitor

from components import names
from components.platform import Platform
from components.section import Section

WORKLOAD_PROFILE = "Consumption"
LOG_CATEGORIES = ("ContainerAppConsoleLogs", "ContainerAppSystemLogs")


class EnvironmentSettings(Section):
    """Who reaches the environment."""

    public_network_access: Literal["Enabled", "Disabled"]
    """Whether its apps answer on the internet."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentArgs:
    """Arguments of `Environment`."""

    platform: Platform
    settings: EnvironmentSettings
    workspace_id: pulumi.Input[str]
    """Where its logs go."""


class Environment(pulumi.ComponentResource):
    """A Container Apps environment that logs to a workspace."""

    id: pulumi.Output[str]
    """Resource id; what a container app is made in."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Environment", name, None, opts)
        environment = app.ManagedEnvironment(
            name,
            environment_name=names.managed_environment(args.platform.environment),
            resource_group_name=args.platform.resource_group_name,
            public_network_access=args.settings.public_network_access,
            workload_profiles=[app.WorkloadProfileArgs(name=WORKLOAD_PROFILE, workload_profile_type=WORKLOAD_PROFILE)],
            app_logs_configuration=app.AppLogsConfigurationArgs(destination="azure-monitor"),
            tags=args.platform.tags(name),
            opts=pulumi.ResourceOptions(
                parent=self, delete_before_replace=True, custom_timeouts=pulumi.CustomTimeouts(create="60m")
            ),
        )
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
        self.register_outputs({"id": self.id})
