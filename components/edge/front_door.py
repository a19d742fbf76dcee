"""Front Door: the one door to every site, with a firewall before it.

Origins stay reachable on the internet and know the door by the header X-Azure-FDID, which Front Door sets and a client
cannot: a container app's ingress takes no service tag, and a private link needs a second run to be approved and a
Premium tier (azure-facts.md sections 3.8 and 3.17).
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import pulumi
from pulumi_azure_native import cdn
from pydantic import Field

from components import names
from components.dns import Dns, Site
from components.edge import firewall
from components.edge.site import EdgeSite, EdgeSiteArgs
from components.platform import Platform
from components.section import Section

RESPONSE_TIMEOUT_S: Final = 240
"""How long an origin may be silent: the longest that Front Door and Container Apps wait, for streamed answers."""


class EdgeSettings(Section):
    """What stands between the internet and the sites."""

    sku: Literal["None", "Standard", "Premium"]
    """Tier of Front Door: Premium adds managed firewall rules, None leaves every site at the address it has.
    A made one is not changed: an upgrade is an operation of its own, a downgrade does not exist."""
    rate_limit_per_minute: Annotated[int, Field(ge=10, le=10000)]
    """Requests of one client address in a minute above which the firewall blocks it."""

    @property
    def is_open(self) -> bool:
        """Whether there is a Front Door."""
        return self.sku != "None"


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    """Arguments of `Edge`."""

    platform: Platform
    settings: EdgeSettings
    dns: Dns


class Edge(pulumi.ComponentResource):
    """A Front Door with an address per site, or nothing when the stack has none."""

    id: pulumi.Output[str] | None
    """Resource id of the profile; None without Front Door."""
    front_door_id: pulumi.Output[str]
    """What X-Azure-FDID says of requests that came through this door; empty without one."""
    hops: int
    """Proxies of ours between people and a container: its ingress, and this door if there is one."""

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Edge", name, None, opts)
        self._name, self._args = name, args
        self._sites = dict[Site, EdgeSite]()
        self._guards = list[pulumi.Resource]()
        profile = self._profile() if args.settings.is_open else None
        if profile:
            self._sites = {site: self._site(site, profile) for site in Site}
            self._guards = [self._guard(profile)]
        self.id = profile and profile.id
        self.front_door_id = profile.front_door_id if profile else pulumi.Output.from_input("")
        self.hops = 2 if profile else 1
        self.register_outputs({"front_door_id": self.front_door_id})

    def publish(
        self, site: Site, origin_url: pulumi.Output[str], *, probe_path: str, cached: bool = False
    ) -> pulumi.Output[str]:
        """Lead the requests of a site to its origin, and return where people find it.

        Args:
            site: What is published.
            origin_url: Where it answers by itself, as https://host.
            probe_path: What answers 200 to HEAD while it works.
            cached: Whether it is static content, which Front Door keeps.
        """
        if site not in self._sites:
            return origin_url
        origin = origin_url.apply(lambda url: url.removeprefix("https://"))
        self._sites[site].route(origin, probe_path=probe_path, cached=cached, after=self._guards)
        return self._sites[site].url

    def _profile(self) -> cdn.Profile:
        platform = self._args.platform
        return cdn.Profile(
            self._name,
            profile_name=names.front_door(platform.environment),
            resource_group_name=platform.resource_group_name,
            location="global",
            sku=cdn.SkuArgs(name=self._sku),
            origin_response_timeout_seconds=RESPONSE_TIMEOUT_S,
            tags=platform.tags(self._name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    @property
    def _sku(self) -> str:
        return f"{self._args.settings.sku}_AzureFrontDoor"

    def _site(self, site: Site, profile: cdn.Profile) -> EdgeSite:
        return EdgeSite(
            f"{self._name}-{site}",
            EdgeSiteArgs(platform=self._args.platform, profile_name=profile.name, dns=self._args.dns, site=site),
            pulumi.ResourceOptions(parent=self),
        )

    def _guard(self, profile: cdn.Profile) -> cdn.SecurityPolicy:
        """Put one firewall before every site; every route waits for it."""
        wall = firewall.policy(
            f"{self._name}-firewall",
            platform=self._args.platform,
            sku=self._sku,
            rate_limit_per_minute=self._args.settings.rate_limit_per_minute,
            parent=self,
        )
        guarded = [part for site in self._sites.values() for part in site.guarded]
        return cdn.SecurityPolicy(
            f"{self._name}-guard",
            security_policy_name="firewall",
            profile_name=profile.name,
            resource_group_name=self._args.platform.resource_group_name,
            parameters=cdn.SecurityPolicyWebApplicationFirewallParametersArgs(
                type="WebApplicationFirewall",
                waf_policy=cdn.ResourceReferenceArgs(id=wall.id),
                associations=[
                    cdn.SecurityPolicyWebApplicationFirewallAssociationArgs(
                        domains=[cdn.ActivatedResourceReferenceArgs(id=part) for part in guarded],
                        patterns_to_match=["/*"],
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
