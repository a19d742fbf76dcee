"""The embedded Resource Manager: resources are put and deleted by ARM id."""

import asyncio
import copy
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from localazure.access import COUNTS_FROM
from localazure.engine.diff import short_location
from localazure.errors import AzureError, NotSimulatedError, ProvisioningError, StateError
from localazure.faults import Fault, Faults
from localazure.locks import refuse_locked
from localazure.resource_type import ResourceType
from localazure.runtime import Runtime
from localazure.shapes import project, resource_shape
from localazure.store import Record, Store
from localazure.subscription import Subscription


class Azure(Subscription):
    """Everything that can be done to resources, each by the behaviour of its type.

    Args:
        store: what exists.
        runtime: what behaviours start and stop.
        types: behaviour classes by token.
    """

    def __init__(self, store: Store, runtime: Runtime, types: Mapping[str, type[ResourceType]]) -> None:
        super().__init__(store, runtime)
        self.faults = Faults()
        self._types = {token: behaviour(self) for token, behaviour in types.items()}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def tokens(self) -> list[str]:
        """Every type that has a behaviour."""
        return sorted(self._types)

    def type_of(self, token: str) -> ResourceType:
        """The behaviour of a type. Raises NotSimulatedError when there is none."""
        if token not in self._types:
            raise NotSimulatedError(f"azure-native:{token}")
        return self._types[token]

    def confirm(self, resource_id: str) -> None:
        """The engine knows of this resource: a later create of the same id is a clash, not a repetition."""
        record = self.store.get(resource_id)
        if record:
            record.hidden.pop("unconfirmed", None)  # written with the next change; until then it does no harm

    async def create(self, token: str, inputs: dict[str, Any], urn: str) -> Record:
        """Create a resource.

        A resource that exists already is refused, as the real provider does after its GET. One exception makes an
        interrupted run converge: the answer to the first create, by the same URN, never reached a checkpoint.

        Raises:
            AzureError: refused. ProvisioningError: accepted, then failed.
        """
        behaviour = self.type_of(token)
        resource_id = behaviour.id_of(inputs)
        async with self._turn(resource_id), self.faults.during("create", token) as kept:
            existing = self.store.get(resource_id)
            if existing and existing.hidden.get("unconfirmed") != urn:
                raise AzureError(409, "Conflict", f"cannot create already existing resource '{resource_id}'")
            self._need_group(resource_id)
            return await self._put(behaviour, resource_id, inputs, existing, {"unconfirmed": urn, **kept})

    async def update(self, resource_id: str, inputs: dict[str, Any]) -> Record:
        """Change a resource. Raises as `create` does; a refused change leaves the resource as it was."""
        async with self._turn(resource_id), self.faults.during("update", self.need(resource_id).token):
            existing = self.need(resource_id)
            self.confirm(resource_id)
            return await self._put(self.type_of(existing.token), existing.id, inputs, existing, {})

    async def act(self, resource_id: str, action: Callable[[Record], Awaitable[None]]) -> None:
        """Do something to a resource in its turn, and keep what that changes. Raises AzureError."""
        async with self._turn(resource_id):
            record = self.need(resource_id)
            await action(record)
            self.store.put(record)

    def _turn(self, resource_id: str) -> asyncio.Lock:
        """One operation at a time on a resource: one whose caller was killed may still be under way."""
        return self._turns[resource_id.lower()]

    async def _put(
        self,
        behaviour: ResourceType,
        resource_id: str,
        inputs: dict[str, Any],
        previous: Record | None,
        hidden: dict[str, Any],
    ) -> Record:
        record = Record(
            token=behaviour.token,
            id=resource_id,
            inputs=inputs,
            outputs=copy.deepcopy(_answer(behaviour.token, resource_id, inputs)),
            hidden={**(copy.deepcopy(previous.hidden) if previous else {}), **hidden},
        )
        if "location" in resource_shape(behaviour.token).inputs and not record.outputs.get("location"):
            raise AzureError(
                400,
                "LocationRequired",
                "The location property is required for this definition. Set it, or "
                "the default: pulumi config set azure-native:location REGION.",
            )
        await behaviour.put(record, previous)
        self.store.put(record)
        try:
            await behaviour.provision(record, previous)
        except AzureError as error:
            _set_state(record, "Failed")
            self.store.put(record)
            raise ProvisioningError(error.status, error.code, error.message) from error
        self.store.put(record)
        return record

    def _need_group(self, resource_id: str) -> None:
        group, _, rest = resource_id.partition("/providers/")
        if rest and "/resourceGroups/" in group and self.store.get(group) is None:
            name = group.rsplit("/", 1)[-1]
            raise AzureError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")

    async def delete(self, resource_id: str) -> None:
        """Delete a resource and everything below it. One that is gone counts as deleted; a locked one is refused."""
        refuse_locked(self.store, resource_id)
        for record in self.store.inside(resource_id):
            behaviour = self.type_of(record.token)
            async with self._turn(record.id), self.faults.during("delete", record.token):
                await behaviour.delete(record)
                self.store.remove(record.id, soft=behaviour.soft_deleted)

    def script(self, faults: Iterable[Fault]) -> None:
        """Let these faults happen from now on, and none of those before: every role assignment counts again."""
        self.faults.script(faults)
        for record in self.store.records():
            record.hidden.pop(COUNTS_FROM, None)

    def purge(self) -> None:
        """Forget for good what is in deleted state."""
        for record in self.store.deleted():
            self.type_of(record.token).purge(record)
            self.store.forget_deleted(record.id)

    async def recover(self) -> None:
        """Bring back what resources run, in the order in which they were created.

        Raises:
            StateError: one of them cannot run, for example because its port is taken.
        """
        for record in self.store.records():
            try:
                await self.type_of(record.token).recover(record)
            except (AzureError, StateError) as error:
                raise StateError(f"{record.id} cannot be brought back: {error}") from error

    async def stop(self) -> None:
        """Stop what resources run; what they are stays on record."""
        for behaviour in self._types.values():
            await behaviour.stop()

    def statuses(self) -> list[dict[str, Any]]:
        """What every resource that runs something says of itself."""
        said = ((record, self.type_of(record.token).status(record)) for record in self.store.records())
        return [{"id": record.id, "token": record.token, **status} for record, status in said if status]


def _answer(token: str, resource_id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """What every type's GET has in common: the projected inputs, name, type, API version, state."""
    shape = resource_shape(token)
    outputs = project(shape.outputs, inputs)
    outputs.setdefault("name", resource_id.rsplit("/", 1)[-1])
    outputs["type"] = _arm_type(resource_id)
    if shape.api_version:
        outputs["azureApiVersion"] = shape.api_version
    if "provisioningState" in shape.outputs:
        outputs["provisioningState"] = "Succeeded"
    if "location" in outputs:
        outputs["location"] = short_location(outputs["location"])
    return outputs


def _arm_type(resource_id: str) -> str:
    """`Microsoft.KeyVault/vaults/secrets` of an id, by ARM's alternation of types and names."""
    scope, _, rest = resource_id.rpartition("/providers/")
    provider, *segments = rest.split("/")
    return "/".join([provider, *segments[::2]]) if scope else "Microsoft.Resources/resourceGroups"


def _set_state(record: Record, state: str) -> None:
    if "provisioningState" in record.outputs:
        record.outputs["provisioningState"] = state
