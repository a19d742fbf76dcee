"""The service: three workloads and four jobs of one program, each acting as an identity of its own.

The API migrates the database before its first replica serves, so a release takes one run; the job `migrate` does the
same alone, for an operator.
"""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_azure_native import app

from app.contract import API_PORT, MCP_PORT, WORKER_PORT
from components.identity import WorkloadIdentity
from components.workloads import containers
from components.workloads.job import Job, JobArgs, JobSettings
from components.workloads.job_variables import (
    backup_variables,
    migrate_variables,
    restore_variables,
    upkeep_variables,
)
from components.workloads.service_args import ServiceArgs, WorkloadName
from components.workloads.variables import Variables
from components.workloads.workload import Migration, Workload, WorkloadArgs
from components.workloads.workload_variables import api_variables, mcp_variables, worker_variables


class Service(pulumi.ComponentResource):
    """The API, the tool server, the worker and their jobs."""

    api: Workload
    mcp: Workload
    worker: Workload
    migrate: Job
    """Brings the schema up to the image; started by hand."""
    backup: Job
    """Copies the database into storage."""
    restore: Job
    """Fills an empty database from a backup; started by hand."""
    upkeep: Job
    """Deletes what is past its time, and anchors the audit trail."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Service", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.api = self._api()
        self.mcp = self._mcp()
        self.worker = self._worker()
        who, sizes = args.identities, args.sizes
        self.migrate = self._job("migrate", who.migrate, sizes.migrate, migrate_variables(args))
        self.backup = self._job("backup", who.backup, sizes.backup, backup_variables(args))
        self.restore = self._job("restore", who.migrate, sizes.restore, restore_variables(args))
        self.upkeep = self._job("upkeep", who.worker, sizes.upkeep, upkeep_variables(args))
        self.register_outputs({"api_url": self.api.url, "mcp_url": self.mcp.url})

    @property
    def release(self) -> dict[str, pulumi.Output[dict[str, Any]]]:
        """What each workload serves now: the stack's memory of its release."""
        return {"api": self.api.release, "mcp": self.mcp.release, "worker": self.worker.release}

    @property
    def jobs(self) -> dict[str, pulumi.Output[str]]:
        """The physical name of each job; what starts it by hand."""
        jobs = {"migrate": self.migrate, "backup": self.backup, "restore": self.restore, "upkeep": self.upkeep}
        return {name: job.job_name for name, job in jobs.items()}

    def _api(self) -> Workload:
        args = self._args
        migration = Migration(identity=args.identities.migrate, variables=migrate_variables(args))
        scale = containers.on_requests(args.sizes.api.concurrent_requests)
        return self._workload("api", API_PORT, api_variables(args), scale, migration=migration)

    def _mcp(self) -> Workload:
        args = self._args
        scale = containers.on_requests(args.sizes.mcp.concurrent_requests)
        return self._workload("mcp", MCP_PORT, mcp_variables(args), scale, after=[self.api])  # which migrates

    def _worker(self) -> Workload:
        args, bus = self._args, self._args.messaging
        scale = containers.on_queue(
            args.sizes.worker.queue_length, namespace=bus.namespace, queue=bus.queue, identity=args.identities.worker
        )
        values = worker_variables(args)
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
