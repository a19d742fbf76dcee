"""Microsoft.App/jobs: container apps jobs, as real processes that run to their end."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localazure.containers.errors import ContainersError
from localazure.containers.execution import ExecutionSpec, execute
from localazure.containers.images import ImageStore
from localazure.containers.process import log_tail
from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.services.app_environment import check_place
from localazure.services.job_history import Execution, ExecutionState, JobHistory
from localazure.services.job_rules import job_problems, next_start
from localazure.services.template import TemplateReader
from localazure.services.template_rules import template_problems
from localazure.store import Record
from localazure.subscription import Subscription
from localazure.validation import Problem


class Job(ResourceType):
    """A container apps job: started by hand or by the clock, tried again after a failure.

    Attributes:
        clock: tells the time that schedules are held against.
    """

    token = "app:Job"
    path = RESOURCE_GROUP + "/providers/Microsoft.App/jobs/{jobName}"
    force_new = frozenset({"environmentId", "location"})

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(subscription)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._histories: dict[str, JobHistory] = {}
        self._running: dict[str, set[asyncio.Task[None]]] = {}
        self._timetables: dict[str, asyncio.Task[None]] = {}

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule; pairs of CPU and memory as for apps; what does not fit the trigger; what has no imitation."""
        yield from name_problem(
            inputs,
            "jobName",
            r"[a-z](?!.*--)[a-z0-9-]{0,30}[a-z0-9]",
            "2-32 lower-case letters, digits and single hyphens, from a letter to a letter or digit.",
        )
        yield from job_problems(inputs)
        yield from template_problems(inputs)

    async def put(self, record: Record, previous: Record | None) -> None:
        """Accept the job: all it refers to is there, and its identities may pull and read.

        Raises:
            AzureError: in the words of the service.
        """
        del previous
        for name in ("environmentId", "configuration"):
            if not record.inputs.get(name):
                raise AzureError(400, "BadRequest", f"The property '{name}' is required.")
        check_place(self.subscription, record.inputs)
        reader = TemplateReader(self.subscription, record.inputs)
        reader.check(f"{record.name}--check")
        if identity := record.outputs.get("identity"):
            identity["userAssignedIdentities"] = reader.identities()

    async def provision(self, record: Record, previous: Record | None) -> None:
        """Follow the schedule from now on. An execution under way goes on as it was started."""
        del previous
        await self._follow_schedule(record)

    def start(self, resource_id: str) -> str:
        """Start an execution of a job and return its name.

        Raises:
            AzureError: there is no such job, or what it refers to is gone.
        """
        record = self.subscription.need(resource_id)
        name = f"{record.name}-{secrets.token_hex(4)[:7]}"
        configuration = record.inputs["configuration"]
        revision = TemplateReader(self.subscription, record.inputs).revision(name)
        spec = ExecutionSpec(
            job=record.name,
            name=name,
            container=revision.containers[0],
            timeout_seconds=configuration["replicaTimeout"],
            retry_limit=configuration.get("replicaRetryLimit", 0),
        )
        history = self._history(record)
        task = asyncio.create_task(self._run(spec, history.begin(name), history))
        running = self._running.setdefault(record.id.lower(), set())
        running.add(task)
        task.add_done_callback(running.discard)
        task.add_done_callback(lambda _: self.subscription.runtime.withdraw(name))
        return name

    async def _run(self, spec: ExecutionSpec, execution: Execution, history: JobHistory) -> None:
        ended = replace(execution, status=ExecutionState.FAILED, trouble="it was stopped")
        try:
            ended = await _outcome(execution, spec, self.subscription.runtime.images, self.subscription.runtime.logs)
        finally:
            history.end(ended)

    def executions(self, resource_id: str) -> tuple[Execution, ...]:
        """The last executions of a job, the latest last. Raises AzureError when there is no such job."""
        return self._history(self.subscription.need(resource_id)).executions

    def execution(self, resource_id: str, name: str) -> Execution:
        """One of the last executions of a job. Raises AzureError when there is none of this name."""
        for execution in self.executions(resource_id):
            if execution.name == name:
                return execution
        raise AzureError(404, "JobExecutionNotFound", f"Job execution '{name}' was not found.")

    def _history(self, record: Record) -> JobHistory:
        key = record.id.lower()
        if key not in self._histories:
            self._histories[key] = JobHistory(self.subscription.runtime.logs / record.name / "executions.json")
        return self._histories[key]

    async def _follow_schedule(self, record: Record) -> None:
        await _end(self._timetables.pop(record.id.lower(), None))
        if schedule := record.inputs["configuration"].get("scheduleTriggerConfig"):
            cron = schedule["cronExpression"]
            timetable = self._keep_time(record.id, cron, due=next_start(cron, self.clock()))
            self._timetables[record.id.lower()] = asyncio.create_task(timetable)

    async def _keep_time(self, resource_id: str, cron: str, *, due: datetime) -> None:
        while True:
            await asyncio.sleep((due - self.clock()).total_seconds())
            if self.clock() < due:  # the clock was set back, or a timer is early
                continue
            try:
                self.start(resource_id)
            except AzureError as error:
                history = self._history(self.subscription.need(resource_id))
                execution = history.begin(f"{resource_id.rpartition('/')[2]}-{secrets.token_hex(4)[:7]}")
                history.end(replace(execution, status=ExecutionState.FAILED, trouble=error.message))
            due = next_start(cron, max(due, self.clock()))

    async def delete(self, record: Record) -> None:
        """Stop what runs of it, and forget what ran."""
        await self._stop(record.id.lower())
        self._history(record).forget()
        del self._histories[record.id.lower()]

    async def recover(self, record: Record) -> None:
        """Follow the schedule again. An execution that the end of the daemon broke off has failed."""
        self._history(record).break_off()
        await self._follow_schedule(record)

    async def stop(self) -> None:
        """Stop what runs of every job."""
        await asyncio.gather(*(self._stop(key) for key in {*self._timetables, *self._running}))

    async def _stop(self, key: str) -> None:
        await _end(self._timetables.pop(key, None), *self._running.pop(key, set()))

    def status(self, record: Record) -> dict[str, Any] | None:
        """When it starts, and its last execution."""
        executions = self._history(record).executions
        schedule = record.inputs["configuration"].get("scheduleTriggerConfig", {})
        return {
            "kind": "job",
            "name": record.name,
            "address": None,
            "cron": schedule.get("cronExpression"),
            "last": asdict(executions[-1]) if executions else None,
        }


async def _outcome(execution: Execution, spec: ExecutionSpec, images: ImageStore, logs: Path) -> Execution:
    try:
        tries = await execute(spec, store=images, logs=logs)
    except (ContainersError, OSError) as error:
        return replace(execution, status=ExecutionState.FAILED, trouble=str(error))
    code, tail = tries[-1].exit_code, log_tail(tries[-1].log)
    why = f"no end within {spec.timeout_seconds:g} s" if code is None else f"exit code {code}"
    return replace(
        execution,
        status=ExecutionState.SUCCEEDED if code == 0 else ExecutionState.FAILED,
        exit_code=code,
        tries=len(tries),
        trouble=None if code == 0 else "\n".join((why, *tail)),
        logs=tuple(str(each.log) for each in tries),
    )


async def _end(*tasks: asyncio.Task[None] | None) -> None:
    """Cancel tasks and wait for their ends."""
    living = [task for task in tasks if task]
    for task in living:
        task.cancel()
    await asyncio.gather(*living, return_exceptions=True)
