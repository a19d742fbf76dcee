"""One container app: image by digest, identities, secrets by reference, probes, scale, traffic.

Three identities, each in one place: the workload's own in the containers (`Main`), the database administrator's
in the init container that migrates (`Init`), the one that pulls images in neither (`None`). All three probes
are declared, because the Consumption profile applies no default ones (Microsoft, "Health probes in Azure
Container Apps").

With an ingress, several revisions run side by side and share the requests as the release says. Without one a revision
replaces the one before: an old one that stays active would go on taking messages off the queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import app

from app.contract import TERMINATION_GRACE_S
from components import names
from components.identity import WorkloadIdentity
from components.workloads import containers
from components.workloads.app_configuration import Lifecycles, configuration, public_ingress
from components.workloads.hosting import Hosting
from components.workloads.rollout import Rollout
from components.workloads.variables import Variables
from components.workloads.workload_settings import SizeSettings


@dataclass(frozen=True, kw_only=True)
class Migration:
    """What brings the schema up to the image before a replica starts."""

    identity: WorkloadIdentity
    variables: Variables


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs:
    """Arguments of `Workload`."""

    hosting: Hosting
    settings: SizeSettings
    rollout: Rollout
    """What the stack remembers of its release, with the step of this run. The image's entry point is the service, its
    arguments say which workload."""
    identity: WorkloadIdentity
    """What the containers act as."""
    variables: Variables
    port: int
    """Where the container answers: requests and probes, or probes alone."""
    ingress: bool
    """Whether it gets requests from the network."""
    scale_rules: Sequence[app.ScaleRuleArgsDict]
    """What adds a replica, from `components.workloads.containers`."""
    migration: Migration | None
    after: Sequence[pulumi.Resource] = ()
    """What must exist before the first revision starts, beyond what every container needs."""


class Workload(pulumi.ComponentResource):
    """A container app."""

    id: pulumi.Output[str]
    """Resource id; what alerts and locks name."""
    url: pulumi.Output[str]
    """Where it answers, stable across revisions; empty without an ingress."""
    release: pulumi.Output[dict[str, Any]]
    """What it serves now: the stack's memory of it."""

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Workload", name, None, opts)
        hosting, platform = args.hosting, args.hosting.platform
        app_name = names.container_app(platform.environment, name)
        template = _template(name, args)
        wanted = args.rollout if args.ingress else args.rollout.served_at_once()
        suffix = pulumi.Output.json_dumps(template, sort_keys=True).apply(wanted.suffix)
        rollout = suffix.apply(wanted.made)
        shares = rollout.apply(lambda made: made.traffic(app_name))
        lifecycles = _lifecycles(args)
        workload = app.ContainerApp(
            name,
            container_app_name=app_name,
            resource_group_name=platform.resource_group_name,
            environment_id=hosting.environment_id,
            workload_profile_name=args.settings.workload_profile,
            identity=app.ManagedServiceIdentityArgs(
                type=app.ManagedServiceIdentityType.USER_ASSIGNED,
                user_assigned_identities=[identity.id for identity, _ in lifecycles],
            ),
            configuration=configuration(
                lifecycles,
                registry=hosting.registry.login_server,
                pull=hosting.pull,
                variables=args.variables,
                reader=args.identity,
                ingress=public_ingress(args.port, shares) if args.ingress else None,
            ),
            template={**template, "revision_suffix": suffix},
            tags=platform.tags(name),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[*hosting.grants, *args.after], delete_before_replace=True
            ),
        )
        self.id = workload.id
        self.url = workload.configuration.apply(_url)
        self.release = rollout.apply(lambda made: made.model_dump(exclude_none=True))
        self.register_outputs({"id": self.id, "url": self.url, "release": self.release})


def _lifecycles(args: WorkloadArgs) -> Lifecycles:
    migrator = [(args.migration.identity, "Init")] if args.migration else []
    return [(args.identity, "Main"), *migrator, (args.hosting.pull, "None")]


def _template(name: str, args: WorkloadArgs) -> app.TemplateArgsDict:
    size = args.settings
    image = args.hosting.registry.image(args.rollout.digest)
    init = [containers.migration(image, args.migration.variables)] if args.migration else []
    return {
        "init_containers": init,
        "containers": [
            containers.service(name, image, args.variables, port=args.port, cpu=size.cpu, memory=size.memory)
        ],
        "scale": {
            "min_replicas": size.min_replicas,
            "max_replicas": size.max_replicas,
            "rules": args.scale_rules,
        },
        "termination_grace_period_seconds": TERMINATION_GRACE_S,
    }


def _url(configuration: app.outputs.ConfigurationResponse | None) -> str:
    if configuration is None or configuration.ingress is None:
        return ""
    return f"https://{configuration.ingress.fqdn}"
