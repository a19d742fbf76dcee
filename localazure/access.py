"""Who may do what: role assignments of the subscription, by role definition (azure-facts.md section 5)."""

from collections.abc import Collection
from typing import Final

from localazure.store import Store

ACR_PULL: Final = frozenset({"7f951dda-4ed3-4680-a7ca-43fe172d538d", "8311e382-0749-4cb8-b61a-304f252e45ec"})
"""AcrPull and AcrPush: roles that pull images."""

SECRET_WRITERS: Final = frozenset({"00482a5a-887f-4fb3-b363-3b7fe8e74483", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"})
"""Key Vault Administrator and Key Vault Secrets Officer: roles that set, list and delete secrets."""

SECRET_READERS: Final = SECRET_WRITERS | {"4633458b-17de-408a-b874-0445c86b69e6"}
"""The same and Key Vault Secrets User: roles that read a secret's value."""


def is_granted(store: Store, principal_id: str, roles: Collection[str], scope: str) -> bool:
    """Whether a principal holds one of the roles (definition GUIDs) at a scope or above it."""
    return any(
        record.token == "authorization:RoleAssignment"
        and record.inputs["principalId"] == principal_id
        and record.inputs["roleDefinitionId"].rsplit("/", 1)[-1] in roles
        and f"{scope.lower()}/".startswith(f"{record.inputs['scope'].lower().rstrip('/')}/")
        for record in store.records()
    )
