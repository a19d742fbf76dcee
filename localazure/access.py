"""Who may do what: role assignments of the subscription, by role definition (azure-facts.md section 5)."""

import time
from collections.abc import Collection
from typing import Final

from localazure.operator import OPERATOR, OPERATOR_HOLDS
from localazure.store import Store

ACR_PULL: Final = frozenset({"7f951dda-4ed3-4680-a7ca-43fe172d538d", "8311e382-0749-4cb8-b61a-304f252e45ec"})
"""AcrPull and AcrPush: roles that pull images."""

BLOB_WRITERS: Final = frozenset({"ba92f5b4-2d11-453d-a403-e96b0029c9fe", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"})
"""Storage Blob Data Contributor and Owner: roles that write and delete blobs."""

BLOB_READERS: Final = BLOB_WRITERS | {"2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"}
"""The same and Storage Blob Data Reader: roles that read blobs."""

KEY_WRITERS: Final = frozenset({"00482a5a-887f-4fb3-b363-3b7fe8e74483", "14b46e9e-c2b7-41b4-b07b-48a6ebf60603"})
"""Key Vault Administrator and Key Vault Crypto Officer: roles that make, rotate and change keys."""

KEY_USERS: Final = KEY_WRITERS | {"12338af0-0e69-4776-bea7-57ae8d297424", "e147488a-f6f5-4113-8e2d-b22465e65bf6"}
"""The same, Key Vault Crypto User and Crypto Service Encryption User: roles that read keys, wrap and unwrap."""
METRICS_PUBLISHERS: Final = frozenset({"3913510d-42f4-4e42-8a64-420c390055eb"})
"""Monitoring Metrics Publisher: the role that sends telemetry, whatever its kind."""

SECRET_WRITERS: Final = frozenset({"00482a5a-887f-4fb3-b363-3b7fe8e74483", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"})
"""Key Vault Administrator and Key Vault Secrets Officer: roles that set, list and delete secrets."""

SECRET_READERS: Final = SECRET_WRITERS | {"4633458b-17de-408a-b874-0445c86b69e6"}
"""The same and Key Vault Secrets User: roles that read a secret's value."""

SERVICE_BUS_WRITERS: Final = frozenset({"090c5cfd-751d-490a-894a-3ce6f1109419", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"})
"""Azure Service Bus Data Owner and Data Sender: roles that send messages."""

SERVICE_BUS_READERS: Final = frozenset({"090c5cfd-751d-490a-894a-3ce6f1109419", "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"})
"""Azure Service Bus Data Owner and Data Receiver: roles that receive, peek and settle messages."""

COUNTS_FROM: Final = "counts_from"
"""Where the record of a role assignment that is yet to spread keeps the time from which it counts."""


def is_granted(store: Store, principal_id: str, roles: Collection[str], scope: str) -> bool:
    """Whether a principal holds one of the roles (definition GUIDs) at a scope or above it."""
    if principal_id == OPERATOR.object_id and not OPERATOR_HOLDS.isdisjoint(roles):
        return True
    return any(
        record.token == "authorization:RoleAssignment"
        and record.inputs["principalId"] == principal_id
        and record.hidden.get(COUNTS_FROM, 0) <= time.time()
        and record.inputs["roleDefinitionId"].rsplit("/", 1)[-1] in roles
        and f"{scope.lower()}/".startswith(f"{record.inputs['scope'].lower().rstrip('/')}/")
        for record in store.records()
    )
