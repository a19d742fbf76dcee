"""The container registry: images by digest, no admin user, no anonymous pull.

Pulling with a managed identity uses a token of the ARM audience, so that policy stays on (Microsoft, "Disable
authentication as ARM template").
"""

from dataclasses import dataclass
from typing import Final, Literal

import pulumi
from pulumi_azure_native import authorization, containerregistry

from components import names, roles
from components.identity import WorkloadIdentity
from components.platform import Platform
from components.section import Section

REPOSITORY: Final = "digitalmee"
"""One image serves every workload; what it does is its argument."""


class RegistrySettings(Section):
    """The size of the registry."""

    sku: Literal["Basic", "Standard", "Premium"]
    """Storage and throughput; Premium adds private endpoints and geo-replication."""
    protect: bool
    """Whether the registry refuses to be deleted by the program."""


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """Arguments of `Registry`."""

    platform: Platform
    settings: RegistrySettings


class Registry(pulumi.ComponentResource):
    """A container registry."""

    login_server: pulumi.Output[str]
    """The host that images are pulled from."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Registry", name, None, opts)
        registry = containerregistry.Registry(
            name,
            registry_name=names.registry(args.platform.environment, args.platform.unique),
            resource_group_name=args.platform.resource_group_name,
            sku=containerregistry.SkuArgs(name=args.settings.sku),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            tags=args.platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.protect),
        )
        self._name = name
        self._id = registry.id
        self.login_server = registry.login_server
        self.register_outputs({"login_server": self.login_server})

    def grant_pull(self, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        """Let `identity` pull images."""
        return roles.assign(roles.Role.ACR_PULL, identity, what=self._name, scope=self._id, parent=self)

    def image(self, digest: str) -> pulumi.Output[str]:
        """Return the reference of the image with `digest`, as `sha256:` and 64 hexadecimal digits."""
        return pulumi.Output.concat(self.login_server, "/", REPOSITORY, "@", digest)
