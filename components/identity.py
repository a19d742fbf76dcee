"""The managed identity that a container acts as.

It is user-assigned and exists before its app, so that roles are granted before the first revision reads a
secret or pulls an image: with a system-assigned identity that order is a cycle
(github.com/microsoft/azure-container-apps/issues/722).
"""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity

from components import names
from components.platform import Platform


@dataclass(frozen=True, kw_only=True)
class WorkloadIdentityArgs:
    """Arguments of `WorkloadIdentity`."""

    platform: Platform


class WorkloadIdentity(pulumi.ComponentResource):
    """A user-assigned managed identity."""

    platform: Platform
    """The environment that it belongs to."""
    workload: str
    """Its logical name, part of the names of its grants."""
    role: str
    """Its physical name, which is also the name of its PostgreSQL role."""
    id: pulumi.Output[str]
    """Resource id; what a container app refers to."""
    client_id: pulumi.Output[str]
    """What a container asks for when it wants a token."""
    principal_id: pulumi.Output[str]
    """Object id in the directory; what a grant names."""

    def __init__(self, name: str, args: WorkloadIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:WorkloadIdentity", name, None, opts)
        self.platform = args.platform
        self.workload = name
        self.role = names.identity(args.platform.environment, name)
        identity = managedidentity.UserAssignedIdentity(
            name,
            resource_name_=self.role,
            resource_group_name=args.platform.resource_group_name,
            tags=args.platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.id = identity.id
        self.client_id = identity.client_id
        self.principal_id = identity.principal_id
        self.register_outputs({"id": self.id, "client_id": self.client_id, "principal_id": self.principal_id})
