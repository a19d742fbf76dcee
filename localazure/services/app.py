"""Microsoft.App/containerApps: container apps, as real processes behind an ingress."""

import asyncio
from collections.abc import Iterable
from typing import Any

from localazure.azure import Azure
from localazure.containers.errors import ContainersError, RevisionFailedError
from localazure.containers.ingress import Ingress
from localazure.containers.revision import Revision
from localazure.containers.scaler import AZURE_PACE, Scaler
from localazure.errors import AzureError, StateError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, derived_guid, name_problem
from localazure.services.template import TemplateReader
from localazure.services.template_rules import template_problems
from localazure.store import Record
from localazure.validation import Problem

PROVISION_SECONDS = 120.0
"""How long a revision may take to become ready before its operation fails."""

DRAIN_SECONDS = 10.0
"""How long requests in flight to a retired revision may take to end."""


class ContainerApp(ResourceType):
    """A container app in single revision mode: the latest ready revision takes all requests.

    A PUT with a changed template makes a revision. The one that serves goes on until the new one is ready, with as many
    replicas; when the new one fails, the operation fails and nothing else happens. The one that serves, and no other,
    is scaled by its rules on HTTP requests and CPU.

    Attributes:
        pace: how fast the revisions that start from now on are scaled.
    """

    token = "app:ContainerApp"
    path = RESOURCE_GROUP + "/providers/Microsoft.App/containerApps/{containerAppName}"
    force_new = frozenset({"environmentId", "location", "managedEnvironmentId"})

    def __init__(self, azure: Azure) -> None:
        super().__init__(azure)
        self.pace = AZURE_PACE
        self._ingresses: dict[str, Ingress] = {}
        self._serving: dict[str, Scaler] = {}
        self._recoveries: dict[str, asyncio.Task[None]] = {}
        self._troubles: dict[str, str] = {}

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule; the order of replicas, pairs of CPU and memory, traffic weights, and what has no imitation.

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
        """Accept the app: all it refers to is there, its identities may pull and read, its address is known.

        Raises:
            AzureError: in the words of the service.
        """
        environment = record.inputs.get("environmentId") or record.inputs.get("managedEnvironmentId")
        if not environment:
            raise AzureError(400, "BadRequest", "The property 'environmentId' is required.")
        self.azure.need(environment)
        reader, name = TemplateReader(self.azure, record.inputs), self._revision_name(record, previous)
        reader.check(name)
        record.outputs |= {
            "customDomainVerificationId": derived_guid(record.id, "domain"),
            "latestRevisionName": name,
            "runningStatus": "Running",
        }
        if identity := record.outputs.get("identity"):
            identity["userAssignedIdentities"] = reader.identities()
        if ingress := _ingress_of(record):
            ingress["fqdn"] = record.outputs["latestRevisionFqdn"] = await self._listen(record)

    def _revision_name(self, record: Record, previous: Record | None) -> str:
        """The name of the revision that the inputs make, or of the latest one when they make none."""
        if previous and _content(previous) == _content(record):
            return previous.outputs["latestRevisionName"]
        number = record.hidden["revision"] = record.hidden.get("revision", 0) + 1
        suffix = record.inputs.get("template", {}).get("revisionSuffix")
        name = f"{record.name}--{suffix or f'{number:07d}'}"
        if previous and name == previous.outputs["latestRevisionName"]:
            raise AzureError(
                400,
                "InvalidParameterValueInContainerTemplate",
                f"Revision with suffix {suffix} already exists. Change the suffix with the template.",
            )
        return name

    async def _listen(self, record: Record) -> str:
        key = record.id.lower()
        if key not in self._ingresses:
            tls = self.azure.runtime.authority.server_context()
            ingress = Ingress(record.name, tls=tls, port=record.hidden.get("port", 0))
            try:
                await ingress.start()
            except ContainersError as error:
                raise StateError(str(error)) from error
            self._ingresses[key] = ingress
        record.hidden["port"] = self._ingresses[key].port
        return self._ingresses[key].address

    async def provision(self, record: Record, previous: Record | None) -> None:
        """Bring the latest revision into service, and retire the one before it once it is ready.

        Raises:
            AzureError: ContainerAppOperationError, as Azure reports a revision that does not become ready.
        """
        del previous
        key, name = record.id.lower(), record.outputs["latestRevisionName"]
        await self._recovered(key)
        serving = self._serving.get(key)
        if serving and serving.revision.spec.name == name:
            self._route(key, serving.revision)
        else:
            await self._start(record, name, record.inputs)
        record.hidden["serving"] = {"name": name, "inputs": record.inputs}
        record.outputs["latestReadyRevisionName"] = name
        if not _ingress_of(record):
            await self._close_ingress(key)
        if serving and serving.revision.spec.name != name:
            await self._retire(key, serving)

    async def _start(self, record: Record, name: str, inputs: dict[str, Any]) -> None:
        runtime, key = self.azure.runtime, record.id.lower()
        spec = TemplateReader(self.azure, inputs).revision(name)
        revision = Revision(spec, store=runtime.images, logs=runtime.logs)
        serving = self._serving.get(key)
        try:
            # As many as serve now: learn.microsoft.com/azure/container-apps/revisions, "Single revision mode".
            await revision.start(timeout_seconds=PROVISION_SECONDS, replicas=serving.revision.size if serving else 1)
        except ContainersError as error:
            runtime.withdraw(name)
            tail = error.log_tail if isinstance(error, RevisionFailedError) else ()
            raise AzureError(
                400,
                "ContainerAppOperationError",
                f"Failed to provision revision for container app '{record.name}'. Error details: {error}"
                + "".join(f"\n    {line}" for line in tail),
            ) from error
        self._serving[key] = scaler = Scaler(revision, pace=self.pace)
        scaler.start()
        self._troubles.pop(key, None)
        self._route(key, revision)

    def _route(self, key: str, revision: Revision) -> None:
        if ingress := self._ingresses.get(key):
            ingress.route([(100, revision)])

    async def _close_ingress(self, key: str) -> None:
        if ingress := self._ingresses.pop(key, None):
            await ingress.close()

    async def _retire(self, key: str, serving: Scaler) -> None:
        await serving.stop()
        revision = serving.revision
        if ingress := self._ingresses.get(key):
            await ingress.drained(revision, timeout_seconds=DRAIN_SECONDS)
        await revision.stop()
        self.azure.runtime.withdraw(revision.spec.name)

    async def delete(self, record: Record) -> None:
        """Stop the processes and give the address back."""
        key = record.id.lower()
        await self._recovered(key, break_off=True)
        await self._close_ingress(key)
        if serving := self._serving.pop(key, None):
            await serving.stop()
            await serving.revision.stop()
            self.azure.runtime.withdraw(serving.revision.spec.name)

    async def recover(self, record: Record) -> None:
        """Listen at the old address at once, and start the revision that served in the background."""
        if _ingress_of(record):
            await self._listen(record)
        if serving := record.hidden.get("serving"):
            start = self._start_again(record, serving["name"], serving["inputs"])
            self._recoveries[record.id.lower()] = asyncio.create_task(start)

    async def _start_again(self, record: Record, name: str, inputs: dict[str, Any]) -> None:
        try:
            await self._start(record, name, inputs)
        except AzureError as error:
            self._troubles[record.id.lower()] = error.message

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
        await asyncio.gather(*(serving.stop() for serving in self._serving.values()))
        await asyncio.gather(*(ingress.close() for ingress in self._ingresses.values()))
        await asyncio.gather(*(serving.revision.stop() for serving in self._serving.values()))

    def status(self, record: Record) -> dict[str, Any] | None:
        """The revision that serves, its replicas and its address."""
        key = record.id.lower()
        ingress, serving = self._ingresses.get(key), self._serving.get(key)
        revision = serving.revision.status() if serving else None
        return {
            "kind": "app",
            "name": record.name,
            "address": f"https://{ingress.address}" if ingress else None,
            "revision": revision.name if revision else None,
            "trouble": self._troubles.get(key) or (serving and serving.trouble),
            "replicas": [
                {"name": r.name, "ready": r.ready, "restarts": r.restarts, "trouble": r.trouble}
                for r in (revision.replicas if revision else ())
            ],
        }


def _ingress_of(record: Record) -> dict[str, Any] | None:
    return record.outputs.get("configuration", {}).get("ingress")


def _content(record: Record) -> tuple[Any, Any]:
    """What a revision is made of. The target port is the one that its replicas listen on."""
    ingress = record.inputs.get("configuration", {}).get("ingress", {})
    return record.inputs.get("template"), ingress.get("targetPort")
