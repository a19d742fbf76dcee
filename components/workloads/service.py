"""The service: three workloads and two jobs of one program, each acting as an identity of its own.

The API migrates the database before its first replica serves, so a release takes one run; the job `migrate` does the
same alone, for an operator.
"""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_azure_native import app

from app.contract import API_PORT, MCP_PORT, WORKER_PORT
from components.identity import WorkloadIdentity
from components.workloads import containers, variables
from components.workloads.backup_variables import backup_variables
from components.workloads.job import Job, JobArgs, JobSettings
from components.workloads.service_args import ServiceArgs, WorkloadName
from components.workloads.variables import Variables
from components.workloads.workload import Migration, Workload, WorkloadArgs


class Service(pulumi.ComponentResource):
    """The API, the tool server, the worker and their jobs."""

    api: Workload
    mcp: Workload
    worker: Workload
    migrate: Job
    """Brings the schema up to the image; started by hand."""
    backup: Job
    """Copies the database into storage."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Service", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.api = self._api()
        self.mcp = self._mcp()
        self.worker = self._worker()
        self.migrate = self._job("migrate", args.identities.migrate, args.sizes.migrate, self._migration())
        self.backup = self._job("backup", args.identities.backup, args.sizes.backup, self._backup())
        self.register_outputs({"api_url": self.api.url, "mcp_url": self.mcp.url})

    @property
    def release(self) -> dict[str, pulumi.Output[dict[str, Any]]]:
        """What each workload serves now: the stack's memory of its release."""
        return {"api": self.api.release, "mcp": self.mcp.release, "worker": self.worker.release}

    @property
    def jobs(self) -> dict[str, pulumi.Output[str]]:
        """The physical name of each job; what starts it by hand."""
        return {"migrate": self.migrate.job_name, "backup": self.backup.job_name}

    def _api(self) -> Workload:
        args = self._args
        values = variables.api_variables(
            identity=args.identities.api,
            database=args.database,
            authentication=args.authentication,
            front_door_id=args.front_door_id,
            vault=args.vault,
            log_level=args.sizes.api.log_level,
        )
        migration = Migration(identity=args.identities.migrate, variables=self._migration())
        scale = containers.on_requests(args.sizes.api.concurrent_requests)
        return self._workload("api", API_PORT, values, scale, migration=migration)

    def _mcp(self) -> Workload:
        args = self._args
        values = variables.mcp_variables(
            identity=args.identities.mcp,
            database=args.database,
            cache=args.cache,
            messaging=args.messaging,
            authentication=args.authentication,
            front_door_id=args.front_door_id,
            log_level=args.sizes.mcp.log_level,
        )
        scale = containers.on_requests(args.sizes.mcp.concurrent_requests)
        return self._workload("mcp", MCP_PORT, values, scale, after=[self.api])  # which migrates

    def _worker(self) -> Workload:
        args, bus = self._args, self._args.messaging
        values = variables.worker_variables(
            identity=args.identities.worker,
            database=args.database,
            cache=args.cache,
            messaging=bus,
            log_level=args.sizes.worker.log_level,
        )
        scale = containers.on_queue(
            args.sizes.worker.queue_length, namespace=bus.namespace, queue=bus.queue, identity=args.identities.worker
        )
        return self._workload("worker", WORKER_PORT, values, scale, ingress=False, after=[self.api])

    def _workload(
        self,
        name: WorkloadName,
        port: int,
        values: Variables,
        scale_rules: Sequence[app.ScaleRuleArgsDict],
        *,
        ingress: bool = True,
        migration: Migration | None = None,
        after: Sequence[pulumi.Resource] = (),
    ) -> Workload:
        args = self._args
        workload = WorkloadArgs(
            hosting=args.hosting,
            settings=args.sizes.of(name),
            rollout=args.rollouts.of(name),
            identity=args.identities.of(name),
            variables=values,
            port=port,
            ingress=ingress,
            scale_rules=scale_rules,
            migration=migration,
            after=after,
        )
        return Workload(name, workload, self._child)

    def _job(self, name: str, identity: WorkloadIdentity, settings: JobSettings, values: Variables) -> Job:
        """Make a job that runs the image which serves as API."""
        args = self._args
        digest = args.rollouts.api.serving_digest
        job = JobArgs(hosting=args.hosting, settings=settings, digest=digest, identity=identity, variables=values)
        return Job(name, job, self._child)

    def _migration(self) -> Variables:
        """Return what a migration finds, in the init container of the API as in the job."""
        who = self._args.identities
        return variables.migrate_variables(
            administrator=who.migrate,
            runtimes=[who.api, who.mcp, who.worker],
            reader=who.backup,
            database=self._args.database,
            log_level=self._args.sizes.migrate.log_level,
        )

    def _backup(self) -> Variables:
        args = self._args
        return backup_variables(
            identity=args.identities.backup,
            database=args.database,
            storage=args.storage,
            log_level=args.sizes.backup.log_level,
        )
