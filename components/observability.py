"""Where logs and telemetry go: a Log Analytics workspace, and Application Insights on top of it.

Both refuse keys (`disable_local_auth`): telemetry is published with a managed identity. That works because the
Container Apps environment sends its logs by `azure-monitor` and not with the workspace's shared key. Telemetry lives
in the workspace as long as its logs do, so the component has no retention of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import pulumi
from pulumi_azure_native import applicationinsights, authorization, monitor, operationalinsights
from pydantic import Field

from components import names, roles
from components.diagnostics import DIAGNOSTICS
from components.identity import WorkloadIdentity
from components.platform import Platform
from components.section import Conflict, Section

NO_QUOTA = -1


class ObservabilitySettings(Section):
    """How long logs are kept and how much of them is taken in."""

    retention_days: Annotated[int, Field(ge=30, le=730)]
    """Days that logs stay searchable."""
    daily_quota_gb: Annotated[int, Field(ge=NO_QUOTA, le=1000)]
    """Gigabytes taken in per day before ingestion stops until the next; -1 for no quota."""
    sampling_percent: Annotated[int, Field(ge=1, le=100)]
    """Share of telemetry that is kept, of many requests about 20 traces a second and replica; logs are always whole."""
    protect: bool
    """Whether the workspace refuses to be deleted by the program."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a quota that would take nothing in."""
        if self.daily_quota_gb == 0:
            yield "daily_quota_gb", "0 would refuse every log line (allowed -1 for no quota, or 1-1000)"


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """Arguments of `Observability`."""

    platform: Platform
    settings: ObservabilitySettings


class Observability(pulumi.ComponentResource):
    """A workspace, and Application Insights that writes to it."""

    workspace_id: pulumi.Output[str]
    """Resource id of the workspace, the target of diagnostic settings."""
    insights_id: pulumi.Output[str]
    """Resource id of the Application Insights component."""
    connection_string: pulumi.Output[str]
    """Where telemetry is sent; no secret, because the component takes no key."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Observability", name, None, opts)
        platform, settings = args.platform, args.settings
        workspace = operationalinsights.Workspace(
            name,
            workspace_name=names.workspace(platform.environment),
            resource_group_name=platform.resource_group_name,
            sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
            retention_in_days=settings.retention_days,
            workspace_capping=operationalinsights.WorkspaceCappingArgs(daily_quota_gb=settings.daily_quota_gb),
            features=operationalinsights.WorkspaceFeaturesArgs(
                disable_local_auth=True, enable_log_access_using_only_resource_permissions=True
            ),
            tags=platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protect),
        )
        insights = applicationinsights.Component(
            f"{name}-insights",
            resource_name_=names.application_insights(platform.environment),
            resource_group_name=platform.resource_group_name,
            kind="web",
            application_type=applicationinsights.ApplicationType.WEB,
            ingestion_mode=applicationinsights.IngestionMode.LOG_ANALYTICS,
            workspace_resource_id=workspace.id,
            disable_local_auth=True,
            disable_ip_masking=False,
            sampling_percentage=settings.sampling_percent,
            tags=platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self._name = name
        self.workspace_id = workspace.id
        self.insights_id = insights.id
        self.connection_string = insights.connection_string
        self.register_outputs(
            {
                "workspace_id": self.workspace_id,
                "insights_id": self.insights_id,
                "connection_string": self.connection_string,
            }
        )

    def grant_publish(self, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        """Let `identity` send telemetry."""
        return roles.assign(
            roles.Role.MONITORING_METRICS_PUBLISHER,
            identity,
            what=f"{self._name}-insights",
            scope=self.insights_id,
            parent=self,
        )

    def collect(self, resources: Mapping[str, pulumi.Output[str] | None]) -> list[pulumi.Resource]:
        """Send logs and metrics of each resource to the workspace.

        Args:
            resources: Ids by what the program calls them: a key of `DIAGNOSTICS`, which says what is sent. None is a
                resource that this stack does not have.

        Raises:
            KeyError: Nobody has said what a resource of that name has to say.
        """
        return [self._diagnostic_setting(what, known) for what, known in resources.items() if known is not None]

    def _diagnostic_setting(self, what: str, resource_id: pulumi.Output[str]) -> monitor.DiagnosticSetting:
        said = DIAGNOSTICS[what]
        return monitor.DiagnosticSetting(
            f"{self._name}-{what}",
            name="workspace",
            resource_uri=pulumi.Output.concat(resource_id, said.below),
            workspace_id=self.workspace_id,
            log_analytics_destination_type="Dedicated",
            logs=said.logs,
            metrics=said.all_metrics,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
