"""Microsoft.App: environments and container apps, the latter as real processes behind an ingress."""

import asyncio
import hashlib
from collections.abc import Iterable
from typing import Any

from localazure.azure import Azure
from localazure.containers.errors import ContainersError, RevisionFailedError
from localazure.containers.ingress import Ingress
from localazure.containers.revision import Revision
from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, derived_guid, name_problem
from localazure.services.template import TemplateReader, template_problems
from localazure.store import Record
from localazure.validation import Problem

PROVISION_SECONDS = 120.0
"""How long a revision may take to become ready before its operation fails."""

DRAIN_SECONDS = 10.0
"""How long requests in flight to a retired revision may take to end."""


class ManagedEnvironment(ResourceType):
    """A Container Apps environment."""

    token = "app:ManagedEnvironment"
    path = RESOURCE_GROUP + "/providers/Microsoft.App/managedEnvironments/{environmentName}"
    # Fixed at creation: Microsoft Learn, "Reliability in Azure Container Apps" and "Networking".
    force_new = frozenset({"infrastructureResourceGroup", "location", "vnetConfiguration", "zoneRedundant"})

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, and zone redundancy without a subnet (azure-facts.md section 2, fault 2)."""
        yield from name_problem(
            inputs,
            "environmentName",
            r"[A-Za-z](?!.*--)[A-Za-z0-9-]{0,58}[A-Za-z0-9]",
            "2-60 letters, digits and single hyphens, beginning with a letter, ending with a letter or digit.",
        )
        if inputs.get("zoneRedundant") and not inputs.get("vnetConfiguration", {}).get("infrastructureSubnetId"):
            yield "zoneRedundant", "a zone redundant environment requires an infrastructure subnet"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Give the environment its domain."""
        del previous
        domain = hashlib.sha256(record.id.lower().encode()).hexdigest()[:10]
        location = record.outputs.get("location", "")
        record.outputs |= {"defaultDomain": f"{domain}.{location}.azurecontainerapps.io", "staticIp": "127.0.0.1"}

    async def delete(self, record: Record) -> None:
        """Refuse while apps live in it, in the words of the service."""
        for app in self.azure.find("app:ContainerApp"):
            if app.inputs.get("environmentId", "").lower() == record.id.lower():
                raise AzureError(
                    409,
                    "ManagedEnvironmentInUse",
                    f"Managed environment '{record.name}' cannot be deleted because it contains app '{app.name}'.",
                )


class ContainerApp(ResourceType):
    """A container app in single revision mode: the latest ready revision takes all requests.

    A PUT with a changed template makes a revision. The one that serves goes on until the new one is ready; when the new
    one fails, the operation fails and nothing else happens.
    """

    token = "app:ContainerApp"
    path = RESOURCE_GROUP + "/providers/Microsoft.App/containerApps/{containerAppName}"
    force_new = frozenset({"environmentId", "location", "managedEnvironmentId"})

    def __init__(self, azure: Azure) -> None:
        super().__init__(azure)
        self._ingresses: dict[str, Ingress] = {}
        self._serving: dict[str, Revision] = {}
        self._recoveries: dict[str, asyncio.Task[None]] = {}
        self._troubles: dict[str, str] = {}

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """What Container Apps refuses of the inputs alone."""
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
        reader = TemplateReader(self.azure, record.inputs)
        self.azure.need(record.inputs.get("environmentId") or record.inputs.get("managedEnvironmentId") or "")
        reader.check()
        hidden = record.hidden
        changed = previous is None or previous.inputs.get("template") != record.inputs.get("template")
        hidden["revision"] = hidden.get("revision", 0) + changed
        suffix = record.inputs["template"].get("revisionSuffix") or f"{hidden['revision']:07d}"
        record.outputs |= {
            "customDomainVerificationId": derived_guid(record.id, "domain"),
            "latestRevisionName": f"{record.name}--{suffix}",
            "runningStatus": "Running",
        }
        record.outputs["identity"]["userAssignedIdentities"] = reader.identities()
        if ingress := record.outputs["configuration"].get("ingress"):
            ingress["fqdn"] = await self._listen(record)
            record.outputs["latestRevisionFqdn"] = ingress["fqdn"]

    async def _listen(self, record: Record) -> str:
        key = record.id.lower()
        if key not in self._ingresses:
            tls = self.azure.runtime.authority.server_context()
            ingress = Ingress(record.name, tls=tls, port=record.hidden.get("port", 0))
            try:
                await ingress.start()
            except ContainersError as error:
                raise AzureError(500, "IngressFailed", str(error)) from error
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
        if serving and serving.spec.name == name:
            return
        await self._start(record, name, record.inputs)
        record.hidden["serving"] = {"name": name, "inputs": record.inputs}
        record.outputs["latestReadyRevisionName"] = name
        if serving:
            await self._retire(key, serving)

    async def _start(self, record: Record, name: str, inputs: dict[str, Any]) -> None:
        runtime, key = self.azure.runtime, record.id.lower()
        spec = TemplateReader(self.azure, inputs).revision(name)
        revision = Revision(spec, store=runtime.images, logs=runtime.logs)
        try:
            await revision.start(timeout_seconds=PROVISION_SECONDS)
        except ContainersError as error:
            runtime.withdraw(name)
            tail = error.log_tail if isinstance(error, RevisionFailedError) else ()
            raise AzureError(
                400,
                "ContainerAppOperationError",
                f"Failed to provision revision for container app '{record.name}'. Error details: {error}"
                + "".join(f"\n    {line}" for line in tail),
            ) from error
        self._serving[key] = revision
        self._troubles.pop(key, None)
        if ingress := self._ingresses.get(key):
            ingress.route([(100, revision)])

    async def _retire(self, key: str, revision: Revision) -> None:
        if ingress := self._ingresses.get(key):
            await ingress.drained(revision, timeout_seconds=DRAIN_SECONDS)
        await revision.stop()
        self.azure.runtime.withdraw(revision.spec.name)

    async def delete(self, record: Record) -> None:
        """Stop the processes and give the address back."""
        key = record.id.lower()
        await self._recovered(key)
        if ingress := self._ingresses.pop(key, None):
            await ingress.close()
        if revision := self._serving.pop(key, None):
            await revision.stop()
            self.azure.runtime.withdraw(revision.spec.name)

    async def recover(self, record: Record) -> None:
        """Listen at the old address at once, and start the revision that served in the background."""
        if record.outputs["configuration"].get("ingress"):
            await self._listen(record)
        if serving := record.hidden.get("serving"):
            start = self._start_again(record, serving["name"], serving["inputs"])
            self._recoveries[record.id.lower()] = asyncio.create_task(start)

    async def _start_again(self, record: Record, name: str, inputs: dict[str, Any]) -> None:
        try:
            await self._start(record, name, inputs)
        except AzureError as error:
            self._troubles[record.id.lower()] = error.message

    async def _recovered(self, key: str) -> None:
        if recovery := self._recoveries.pop(key, None):
            await recovery

    async def stop(self) -> None:
        """Stop every app; what they are stays on record."""
        for key in list(self._recoveries):
            await self._recovered(key)
        await asyncio.gather(*(ingress.close() for ingress in self._ingresses.values()))
        await asyncio.gather(*(revision.stop() for revision in self._serving.values()))

    def status(self, record: Record) -> dict[str, Any] | None:
        """The revision that serves, its replicas and its address."""
        key = record.id.lower()
        ingress, revision = self._ingresses.get(key), self._serving.get(key)
        replicas = revision.status().replicas if revision else ()
        return {
            "kind": "app",
            "name": record.name,
            "address": f"https://{ingress.address}" if ingress else None,
            "revision": revision.spec.name if revision else None,
            "trouble": self._troubles.get(key),
            "replicas": [
                {"name": r.name, "ready": r.ready, "restarts": r.restarts, "trouble": r.trouble} for r in replicas
            ],
        }
