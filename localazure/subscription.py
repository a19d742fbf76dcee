"""The embedded subscription: what exists, who may do what, and what it runs on."""

from collections.abc import Collection
from typing import Any, Final

from localazure.access import is_granted
from localazure.errors import AzureError
from localazure.runtime import Runtime
from localazure.store import Record, Store

SUBSCRIPTION_ID: Final = "00000000-0000-4000-8000-00000000a20e"
TENANT_ID: Final = "00000000-0000-4000-8000-0000000007e4"


class Subscription:
    """What behaviours of resource types see.

    Args:
        store: what exists.
        runtime: what behaviours start and stop.
    """

    subscription_id = SUBSCRIPTION_ID
    tenant_id = TENANT_ID

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self.store = store
        self.runtime = runtime

    def get(self, resource_id: str) -> Record | None:
        """The resource under an id, or None."""
        return self.store.get(resource_id)

    def need(self, resource_id: str) -> Record:
        """The resource under an id. Raises AzureError 404 in ARM's words."""
        found = self.store.get(resource_id)
        if found is None:
            kind = "/".join(resource_id.rsplit("/providers/", maxsplit=1)[-1].split("/")[:2])
            raise AzureError(
                404,
                "ResourceNotFound",
                f"The Resource '{kind}/{resource_id.rsplit('/', 1)[-1]}' was not found: {resource_id}",
            )
        return found

    def find(self, token: str, **inputs: Any) -> list[Record]:
        """Live resources of a type whose inputs have these values."""
        return [
            record
            for record in self.store.records()
            if record.token == token and all(record.inputs.get(key) == value for key, value in inputs.items())
        ]

    def is_granted(self, principal_id: str, roles: Collection[str], scope: str) -> bool:
        """Whether a principal holds one of the roles (definition GUIDs) at a scope or above it."""
        return is_granted(self.store, principal_id, roles, scope)
