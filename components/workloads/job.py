"""One Container Apps job: an image that runs to its end, started by hand or by the clock.

It has no ingress and no probes. An execution may be cut off by the loss of a zone and start again, so what it does
must bear that. Two identities: the job's own in its container (`Main`), and the one that pulls images in none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import pulumi
from pulumi_azure_native import app
from pydantic import Field

from components import names
from components.environment import WORKLOAD_PROFILE
from components.identity import WorkloadIdentity
from components.section import Conflict, Section
from components.workloads.app_configuration import identity_settings, secrets
from components.workloads.containers import environment
from components.workloads.cron import wrong_with
from components.workloads.hosting import Hosting
from components.workloads.variables import Variables
from components.workloads.workload_settings import odd_memory


class JobSettings(Section):
    """When one job runs, how long and how large."""

    cron: Annotated[str, Field(pattern=r"^([0-9*,/A-Za-z-]+( [0-9*,/A-Za-z-]+){4})?$")]
    """When it starts, as five fields of cron in UTC; empty for a job that is started by hand only."""
    timeout_seconds: Annotated[int, Field(ge=60, le=14400)]
    """Seconds that one try may take."""
    retry_limit: Annotated[int, Field(ge=0, le=10)]
    """How often it is tried again after a failure."""
    cpu: Annotated[float, Field(ge=0.25, le=4, multiple_of=0.25)]
    """Cores of its container."""
    memory: Annotated[str, Field(pattern=r"^[0-9](\.5)?Gi$")]
    """Memory of its container: two gibibytes for each core."""
    log_level: Literal["debug", "info", "warning", "error"]
    """The least severe message that is logged."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a time that is none or never comes, and a ratio of memory that Consumption does not sell."""
        if self.cron and (wrong := wrong_with(self.cron)):
            example = 'allowed minute, hour, day, month, weekday: "30 2 * * *"'
            yield "cron", f'"{self.cron}" {wrong} ({example})'
        yield from odd_memory(self.cpu, self.memory)


class ByHandSettings(JobSettings):
    """How long and how large a job is that runs when a person or a release says so, and at no time of its own."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what is wrong with any job, and a time."""
        if self.cron:
            yield "cron", f'"{self.cron}" for a job that is started by hand only (allowed "")'
        yield from super().conflicts()


class RestoreSettings(ByHandSettings):
    """When the job that fills an empty database runs, how long and how large, and from what."""

    backup: Annotated[str, Field(pattern=r"^([0-9]{8}T[0-9]{6}Z)?$")]
    """The backup to restore, by the name of its folder; empty for the newest."""


@dataclass(frozen=True, kw_only=True)
class JobArgs:
    """Arguments of `Job`."""

    hosting: Hosting
    settings: JobSettings
    digest: str
    """Content of the image; its entry point is the service, the job's name is what it does."""
    identity: WorkloadIdentity
    """What the container acts as."""
    variables: Variables


class Job(pulumi.ComponentResource):
    """A job that runs `python -m app <its name>`."""

    id: pulumi.Output[str]
    """Resource id; what a metric alert on failed executions watches."""
    job_name: pulumi.Output[str]
    """The physical name; what starts it by hand."""

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Job", name, None, opts)
        hosting, platform = args.hosting, args.hosting.platform
        job = app.Job(
            name,
            job_name=names.container_job(platform.environment, name),
            resource_group_name=platform.resource_group_name,
            environment_id=hosting.environment_id,
            workload_profile_name=WORKLOAD_PROFILE,
            identity=app.ManagedServiceIdentityArgs(
                type=app.ManagedServiceIdentityType.USER_ASSIGNED,
                user_assigned_identities=[args.identity.id, hosting.pull.id],
            ),
            configuration=_configuration(args),
            template={"containers": [_container(name, args)]},
            tags=platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=hosting.grants, delete_before_replace=True),
        )
        self.id = job.id
        self.job_name = job.name
        self.register_outputs({"id": self.id, "job_name": self.job_name})


def _configuration(args: JobArgs) -> app.JobConfigurationArgs:
    schedule = app.JobConfigurationScheduleTriggerConfigArgs(
        cron_expression=args.settings.cron, parallelism=1, replica_completion_count=1
    )
    by_hand = app.JobConfigurationManualTriggerConfigArgs(parallelism=1, replica_completion_count=1)
    lifecycles = ((args.identity, "Main"), (args.hosting.pull, "None"))
    return app.JobConfigurationArgs(
        trigger_type=app.TriggerType.SCHEDULE if args.settings.cron else app.TriggerType.MANUAL,
        schedule_trigger_config=schedule if args.settings.cron else None,
        manual_trigger_config=None if args.settings.cron else by_hand,
        replica_timeout=args.settings.timeout_seconds,
        replica_retry_limit=args.settings.retry_limit,
        identity_settings=identity_settings(lifecycles),
        registries=[
            app.RegistryCredentialsArgs(server=args.hosting.registry.login_server, identity=args.hosting.pull.id)
        ],
        secrets=secrets(args.variables, args.identity),
    )


def _container(name: str, args: JobArgs) -> app.ContainerArgsDict:
    return {
        "name": name,
        "image": args.hosting.registry.image(args.digest),
        "args": [name],
        "env": environment(args.variables),
        "resources": {"cpu": args.settings.cpu, "memory": args.settings.memory},
    }
