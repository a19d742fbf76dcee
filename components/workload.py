"""One container app: image by digest, identities, secrets by reference, probes, scale.

Three identities, each in one place: the workload's own in the containers (`Main`), the database administrator's
in the init container that migrates (`Init`), the one that pulls images in neither (`None`). All three probes
are declared, because the Consumption profile applies no default ones (Microsoft, "Health probes in Azure
Container Apps").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import pulumi
from pulumi_azure_native import app
from pydantic import Field

from app.contract import API_PORT, TERMINATION_GRACE_S
from components import containers, names
from components.environment import WORKLOAD_PROFILE
from components.identity import WorkloadIdentity
from components.platform import Platform
from components.section import Conflict, Section
from components.variables import Variables


class WorkloadSettings(Section):
    """The size of one workload."""

    cpu: Annotated[float, Field(ge=0.25, le=4, multiple_of=0.25)]
    """Cores of one replica."""
    memory: Annotated[str, Field(pattern=r"^[0-9](\.5)?Gi$")]
    """Memory of one replica: two gibibytes for each core."""
    min_replicas: Annotated[int, Field(ge=1, le=300)]
    """Replicas that always run."""
    max_replicas: Annotated[int, Field(ge=1, le=300)]
    """Replicas at the most."""
    concurrent_requests: Annotated[int, Field(ge=1, le=1000)]
    """Requests in flight per replica above which another replica starts."""
    log_level: Literal["debug", "info", "warning", "error"]
    """The least severe message that is logged."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield replica limits the wrong way round, and a ratio of memory that Consumption does not sell."""
        if self.min_replicas > self.max_replicas:
            yield "min_replicas", f"{self.min_replicas} is more than max_replicas ({self.max_replicas})"
        if self.memory != (fitting := f"{self.cpu * 2:g}Gi"):
            yield "memory", f'"{self.memory}" does not go with {self.cpu:g} cores (allowed "{fitting}")'


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs:
    """Arguments of `Workload`."""

    platform: Platform
    settings: WorkloadSettings
    environment_id: pulumi.Input[str]
    image: pulumi.Input[str]
    """Reference by digest; its entry point is the service, its arguments say which workload."""
    registry: pulumi.Input[str]
    """Login server of the registry."""
    identity: WorkloadIdentity
    """What the containers act as."""
    migrator: WorkloadIdentity
    """What the migration acts as."""
    pull: WorkloadIdentity
    """What images are pulled with."""
    variables: Variables
    migrate_variables: Variables
    grants: Sequence[pulumi.Resource]
    """What must exist before the first revision starts."""


class Workload(pulumi.ComponentResource):
    """A container app behind a public ingress."""

    url: pulumi.Output[str]
    """Where it answers; stable across revisions."""

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Workload", name, None, opts)
        workload = app.ContainerApp(
            name,
            container_app_name=names.container_app(args.platform.environment, name),
            resource_group_name=args.platform.resource_group_name,
            environment_id=args.environment_id,
            workload_profile_name=WORKLOAD_PROFILE,
            identity=app.ManagedServiceIdentityArgs(
                type=app.ManagedServiceIdentityType.USER_ASSIGNED,
                user_assigned_identities=[args.identity.id, args.migrator.id, args.pull.id],
            ),
            configuration=_configuration(args),
            template=_template(name, args),
            tags=args.platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.grants, delete_before_replace=True),
        )
        self.url = workload.configuration.apply(_url)
        self.register_outputs({"url": self.url})


def _configuration(args: WorkloadArgs) -> app.ConfigurationArgs:
    lifecycles = ((args.identity, "Main"), (args.migrator, "Init"), (args.pull, "None"))
    return app.ConfigurationArgs(
        active_revisions_mode=app.ActiveRevisionsMode.SINGLE,
        identity_settings=[
            app.IdentitySettingsArgs(identity=identity.id, lifecycle=lifecycle) for identity, lifecycle in lifecycles
        ],
        registries=[app.RegistryCredentialsArgs(server=args.registry, identity=args.pull.id)],
        secrets=[
            app.SecretArgs(name=secret.name, key_vault_url=secret.url, identity=args.identity.id)
            for secret in args.variables.secrets.values()
        ],
        ingress=app.IngressArgs(
            external=True,
            target_port=API_PORT,
            transport=app.IngressTransportMethod.HTTP,
            allow_insecure=False,
            traffic=[app.TrafficWeightArgs(latest_revision=True, weight=100)],
        ),
    )


def _template(name: str, args: WorkloadArgs) -> app.TemplateArgs:
    settings = args.settings
    return app.TemplateArgs(
        init_containers=[containers.migration(args.image, args.migrate_variables)],
        containers=[containers.service(name, args.image, args.variables, cpu=settings.cpu, memory=settings.memory)],
        scale=containers.scale(
            minimum=settings.min_replicas,
            maximum=settings.max_replicas,
            concurrent_requests=settings.concurrent_requests,
        ),
        termination_grace_period_seconds=TERMINATION_GRACE_S,
    )


def _url(configuration: app.outputs.ConfigurationResponse | None) -> str:
    if configuration is None or configuration.ingress is None:
        raise ValueError("the container app has no ingress, which this program always declares")
    return f"https://{configuration.ingress.fqdn}"
