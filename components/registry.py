"""The container registry: images by digest, no admin user, no anonymous pull.

Pulling with a managed identity uses a token of the ARM audience, so that policy stays on (Microsoft, "Disable
authentication as ARM template").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import pulumi
from pulumi_azure_native import authorization, containerregistry
from pydantic import Field

from components import names, roles
from components.identity import WorkloadIdentity
from components.networking.private_link import PrivateLink, PrivateService
from components.platform import Platform
from components.section import Conflict, Section

REPOSITORY: Final = "digitalmee"
"""One image serves every workload; what it does is its argument."""


class RegistrySettings(Section):
    """The size of the registry, who reaches it and what it forgets."""

    sku: Literal["Basic", "Standard", "Premium"]
    """Storage and throughput; Premium adds private endpoints, zones and retention."""
    retention_days: Annotated[int, Field(ge=0, le=365)]
    """Days after which a manifest without a tag is deleted; 0 keeps it, and nothing else is allowed below Premium."""
    zone_redundant: bool
    """Whether the registry promises to outlive a zone; fixed once it exists, and needs Premium."""
    private: bool
    """Whether it is reached by private endpoint only, and nothing is exported; needs Premium."""
    protect: bool
    """Whether the registry refuses to be deleted by the program."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what only Premium can do."""
        if self.sku == "Premium":
            return
        if self.retention_days:
            yield "retention_days", f"{self.retention_days} needs the sku Premium (allowed 0)"
        for key in ("zone_redundant", "private"):
            if getattr(self, key):
                yield key, "true needs the sku Premium (allowed false)"


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """Arguments of `Registry`."""

    platform: Platform
    settings: RegistrySettings


class Registry(pulumi.ComponentResource):
    """A container registry."""

    id: pulumi.Output[str]
    """The registry."""
    login_server: pulumi.Output[str]
    """The host that images are pulled from."""
    private_link: PrivateLink | None
    """Where a private endpoint leads; none when the public address is open."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Registry", name, None, opts)
        registry = containerregistry.Registry(
            name,
            registry_name=names.registry(args.platform.environment, args.platform.unique),
            resource_group_name=args.platform.resource_group_name,
            sku=containerregistry.SkuArgs(name=args.settings.sku),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            policies=_policies(args.settings),
            public_network_access="Disabled" if args.settings.private else "Enabled",
            zone_redundancy="Enabled" if args.settings.zone_redundant else "Disabled",
            tags=args.platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.protect),
        )
        self._name = name
        self.id = registry.id
        self.login_server = registry.login_server
        link = PrivateLink(service=PrivateService.REGISTRY, resource_id=registry.id)
        self.private_link = link if args.settings.private else None
        self.register_outputs({"id": self.id, "login_server": self.login_server})

    def grant_pull(self, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        """Let `identity` pull images."""
        return roles.assign(roles.Role.ACR_PULL, identity, what=self._name, scope=self.id, parent=self)

    def image(self, digest: str) -> pulumi.Output[str]:
        """Return the reference of the image with `digest`, as `sha256:` and 64 hexadecimal digits."""
        return pulumi.Output.concat(self.login_server, "/", REPOSITORY, "@", digest)


def _policies(settings: RegistrySettings) -> containerregistry.PoliciesArgs | None:
    """Return the policies, which other SKUs than Premium do not even take switched off."""
    if settings.sku != "Premium":
        return None
    return containerregistry.PoliciesArgs(
        # Azure takes it only from a registry that is closed to the public
        export_policy=containerregistry.ExportPolicyArgs(status="disabled" if settings.private else "enabled"),
        retention_policy=containerregistry.RetentionPolicyArgs(
            days=settings.retention_days, status="enabled" if settings.retention_days else "disabled"
        ),
    )
