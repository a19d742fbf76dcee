"""Microsoft.App/containerApps: container apps, as real processes behind an ingress."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

from localazure.containers.errors import ContainersError, RevisionFailedError
from localazure.containers.revision import Revision
from localazure.containers.running_app import NOWHERE, OWN, Routes, RunningApp
from localazure.containers.scaler import AZURE_PACE
from localazure.derived_guid import derived_guid
from localazure.errors import AzureError, StateError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.services.app_backlog import backlog
from localazure.services.app_environment import check_place
from localazure.services.app_ingress import admission, routes_of
from localazure.services.app_revisions import Revisions, State
from localazure.services.template import TemplateReader
from localazure.services.template_rules import template_problems
from localazure.store import Record
from localazure.subscription import Subscription
from localazure.validation import Problem

PROVISION_SECONDS = 240.0
"""How long a revision may take to become ready before its operation fails."""


class ContainerApp(ResourceType):
    """A container app. A PUT with a changed template makes a revision.

    In single revision mode the latest ready revision takes all requests: the one that serves goes on until the new one
    is ready, with as many replicas, and is deactivated then. In multiple revision mode revisions stay active until they
    are deactivated, each scaled on its own; requests are dealt by the weights of the traffic list, and a label has an
    address of its own. When a new revision fails, the operation fails and nothing else happens: the traffic list of
    that PUT does not hold either, which is a guess about Azure.

    Attributes:
        pace: how fast the revisions that start from now on are scaled.
    """

    token = "app:ContainerApp"
    path = RESOURCE_GROUP + "/providers/Microsoft.App/containerApps/{containerAppName}"
    force_new = frozenset({"environmentId", "location", "managedEnvironmentId"})

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(subscription)
        self.pace = AZURE_PACE
        self._running: dict[str, RunningApp] = {}
        self._recoveries: dict[str, asyncio.Task[None]] = {}
        self._troubles: dict[str, str] = {}

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The names of app and revision, replicas, pairs of CPU and memory, traffic weights, what has no imitation.

        Pairs: Microsoft Learn, "Containers in Azure Container Apps" (azure-facts.md section 3.8).
        """
        yield from name_problem(
            inputs,
            "containerAppName",
            r"[a-z](?!.*--)[a-z0-9-]{0,30}[a-z0-9]",
            "2-32 lower-case letters, digits and single hyphens, from a letter to a letter or digit.",
        )
        yield from template_problems(inputs)

    async def put(self, record: Record, previous: Record | None) -> None:
        """Accept the app: all it refers to is there, its identities may pull and read, its addresses are known.

        Raises:
            AzureError: in the words of the service.
        """
        if not (record.inputs.get("environmentId") or record.inputs.get("managedEnvironmentId")):
            raise AzureError(400, "BadRequest", "The property 'environmentId' is required.")
        check_place(self.subscription, record.inputs)
        reader, revisions = TemplateReader(self.subscription, record.inputs), Revisions(record)
        name = revisions.admit(previous.outputs["latestRevisionName"] if previous else None)
        reader.check(name)
        record.outputs |= {
            "customDomainVerificationId": derived_guid(record.id, "domain"),
            "latestRevisionName": name,
            "runningStatus": "Running",
        }
        if identity := record.outputs.get("identity"):
            identity["userAssignedIdentities"] = reader.identities()
        if ingress := _ingress_of(record):
            routes = routes_of(ingress, latest=name, known=list(revisions))
            await self._listen(record, dict.fromkeys(routes, 0))
            ingress["fqdn"] = record.outputs["latestRevisionFqdn"] = self._run_of(record).address()

    async def _listen(self, record: Record, labels: dict[str, int]) -> None:
        """Listen for these labels, at the ports that they had, if any."""
        before = record.hidden.get("ports", {})
        try:
            opened = await self._run_of(record).listen({label: before.get(label, 0) for label in labels})
        except ContainersError as error:
            raise StateError(str(error)) from error
        record.hidden["ports"] = opened

    def _run_of(self, record: Record) -> RunningApp:
        key = record.id.lower()
        if key not in self._running:
            tls = self.subscription.runtime.authority.server_context()
            self._running[key] = RunningApp(record.name, tls=tls, backlog=partial(backlog, self.subscription))
        return self._running[key]

    async def provision(self, record: Record, previous: Record | None) -> None:
        """Bring the latest revision into service; in single revision mode, retire the one before it once it is ready.

        Raises:
            AzureError: ContainerAppOperationError, as Azure reports a revision that does not become ready.
        """
        del previous
        name, revisions, running = record.outputs["latestRevisionName"], Revisions(record), self._run_of(record)
        several = record.inputs.get("configuration", {}).get("activeRevisionsMode", "Single") != "Single"
        ingress = _ingress_of(record)
        routes = routes_of(ingress, latest=name, known=list(revisions)) if ingress else NOWHERE
        await self._recovered(record.id.lower())
        # A suffix that comes back leaves its revision inactive: github.com/microsoft/azure-container-apps/issues/650.
        if name not in running.revisions and not (several and revisions.state(name) is State.INACTIVE):
            # As many as serve now: learn.microsoft.com/azure/container-apps/revisions, "Single revision mode".
            await self._start(record, name, replicas=1 if several else max(1, running.size))
        record.outputs["latestReadyRevisionName"] = name
        record.hidden["routes"] = routes
        await self._route(record)
        if not several:
            for other in set(running.revisions) - {name}:
                await self._retire(record, other)

    async def _route(self, record: Record) -> None:
        routes: Routes = record.hidden.get("routes", {OWN: []})
        await self._run_of(record).route(routes, admission(_ingress_of(record) or {}))

    async def _start(self, record: Record, name: str, *, replicas: int) -> None:
        runtime, revisions = self.subscription.runtime, Revisions(record)
        spec = TemplateReader(self.subscription, revisions.inputs_of(name)).revision(name)
        revision = Revision(spec, store=runtime.images, logs=runtime.logs)
        try:
            await self._run_of(record).start(
                revision, replicas=replicas, timeout_seconds=PROVISION_SECONDS, pace=self.pace
            )
        except ContainersError as error:
            runtime.withdraw(name)
            tail = error.log_tail if isinstance(error, RevisionFailedError) else ()
            raise AzureError(
                400,
                "ContainerAppOperationError",
                f"Failed to provision revision for container app '{record.name}'. Error details: {error}"
                + "".join(f"\n    {line}" for line in tail),
            ) from error
        revisions.mark(name, State.ACTIVE)
        self._troubles.pop(record.id.lower(), None)

    async def _retire(self, record: Record, name: str) -> None:
        await self._run_of(record).retire(name)
        self.subscription.runtime.withdraw(name)
        Revisions(record).mark(name, State.INACTIVE)

    async def activate(self, record: Record, name: str, *, active: bool) -> None:
        """Activate or deactivate a revision; the last one too (github.com/microsoft/azure-container-apps/issues/1345).

        Raises:
            AzureError: there is no such revision, or it does not become ready.
        """
        if Revisions(record).state(name) is None:
            raise AzureError(404, "RevisionNotFound", f"Revision '{name}' of '{record.name}' does not exist.")
        await self._recovered(record.id.lower())
        if not active:
            await self._retire(record, name)
        elif name not in self._run_of(record).revisions:
            await self._start(record, name, replicas=1)
            await self._route(record)

    async def delete(self, record: Record) -> None:
        """Stop the processes and give the addresses back."""
        key = record.id.lower()
        await self._recovered(key, break_off=True)
        if running := self._running.pop(key, None):
            names = running.revisions
            await running.stop()
            for name in names:
                self.subscription.runtime.withdraw(name)

    async def recover(self, record: Record) -> None:
        """Listen at the old addresses at once, and start the active revisions in the background."""
        if ports := record.hidden.get("ports"):
            await self._listen(record, ports)
            await self._route(record)
        self._recoveries[record.id.lower()] = asyncio.create_task(self._start_again(record))

    async def _start_again(self, record: Record) -> None:
        for name in Revisions(record).active():
            try:
                await self._start(record, name, replicas=1)
            except AzureError as error:
                self._troubles[record.id.lower()] = error.message
            await self._route(record)

    async def _recovered(self, key: str, *, break_off: bool = False) -> None:
        """Wait for the end of a start in the background."""
        if recovery := self._recoveries.pop(key, None):
            if break_off:
                recovery.cancel()
            await asyncio.wait([recovery])

    async def stop(self) -> None:
        """Stop every app; what they are stays on record."""
        for key in list(self._recoveries):
            await self._recovered(key, break_off=True)
        await asyncio.gather(*(running.stop() for running in self._running.values()))

    def status(self, record: Record) -> dict[str, Any] | None:
        """The revisions that run, their replicas and their addresses."""
        key, running = record.id.lower(), self._run_of(record)
        address = running.address()
        return {
            "kind": "app",
            "name": record.name,
            "address": f"https://{address}" if address else None,
            "trouble": self._troubles.get(key),
            "revisions": running.status(),
        }


def _ingress_of(record: Record) -> dict[str, Any] | None:
    return record.outputs.get("configuration", {}).get("ingress")
