"""The web frontend: a Static Web App. Its content is deployed by a person or a pipeline, never by this program.

Behind Front Door the name belongs to the door and the app answers under the one that Azure gave it; who deploys the
content then puts the door's id into `forwardingGateway.requiredHeaders` of `staticwebapp.config.json`, which locks the
app to it (Microsoft, "Manually configure Azure Front Door for Azure Static Web Apps"). Otherwise the app has the name
itself, and Azure checks the record before it takes the name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
from pulumi_azure_native import web

from components import names
from components.dns import Dns, Site
from components.edge.front_door import EdgeSettings
from components.platform import Platform
from components.section import Conflict, Section

PROBE_PATH: Final = "/index.html"
"""What every frontend has."""


class FrontendSettings(Section):
    """The size of the frontend, and where it is managed."""

    sku: Literal["Free", "Standard"]
    """Standard has a service level, more room, and may stand behind Front Door."""
    region: Literal["westeurope"]
    """Where it is managed, while its content is everywhere: the one region of Static Web Apps that is in Europe."""


def behind_edge(settings: FrontendSettings, edge: EdgeSettings) -> Iterator[Conflict]:
    """Yield what keeps the frontend from standing behind Front Door (Microsoft, as above: a Standard plan)."""
    if edge.is_open and settings.sku != "Standard":
        yield "sku", f'"{settings.sku}" does not stand behind Front Door ({edge.sku}; allowed "Standard")'


@dataclass(frozen=True, kw_only=True)
class FrontendArgs:
    """Arguments of `Frontend`."""

    platform: Platform
    settings: FrontendSettings
    dns: Dns
    is_behind_edge: bool
    """Whether Front Door answers under the site's name."""


class Frontend(pulumi.ComponentResource):
    """A Static Web App."""

    id: pulumi.Output[str]
    """Resource id of the app."""
    url: pulumi.Output[str]
    """Where it answers: its own name if it has one, else the one that Azure gave it."""

    def __init__(self, name: str, args: FrontendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Frontend", name, None, opts)
        app = web.StaticSite(
            name,
            name=names.static_web_app(args.platform.environment),
            resource_group_name=args.platform.resource_group_name,
            location=args.settings.region,
            sku=web.SkuDescriptionArgs(name=args.settings.sku, tier=args.settings.sku),
            staging_environment_policy=web.StagingEnvironmentPolicy.DISABLED,
            allow_config_file_updates=True,
            public_network_access="Enabled",
            tags=args.platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        host = None if args.is_behind_edge else args.dns.host(Site.WEB)
        if host:
            record = args.dns.point(Site.WEB, app.default_hostname)
            web.StaticSiteCustomDomain(
                f"{name}-domain",
                name=app.name,
                domain_name=host,
                resource_group_name=args.platform.resource_group_name,
                validation_method="cname-delegation",
                # The new name comes first, so that the app is never without one.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[record], delete_before_replace=False),
            )
        self.id = app.id
        self.url = pulumi.Output.concat("https://", host or app.default_hostname)
        self.register_outputs({"url": self.url})
