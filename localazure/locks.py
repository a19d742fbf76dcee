"""Management locks: what a lock on one scope refuses elsewhere."""

from typing import Final

from localazure.errors import AzureError
from localazure.store import Store

LOCK: Final = "authorization:ManagementLockByScope"


def refuse_locked(store: Store, resource_id: str) -> None:
    """Refuse to delete what a lock holds: the resource, what is below it and what it is in; never a lock itself.

    Raises:
        AzureError: 409 ScopeLocked (github.com/hashicorp/terraform-provider-azurerm/issues/17478).
    """
    if "/providers/microsoft.authorization/locks/" in resource_id.lower():
        return
    scopes = {record.inputs["scope"] for record in store.records() if record.token == LOCK}
    held = sorted(scope for scope in scopes if _within(scope, resource_id) or _within(resource_id, scope))
    if held:
        listed = ",".join(f"'{scope}'" for scope in held)
        raise AzureError(
            409,
            "ScopeLocked",
            f"The scope '{resource_id}' cannot perform delete operation because following scope(s) are locked: "
            f"{listed}. Please remove the lock and try again.",
        )


def _within(inner: str, outer: str) -> bool:
    return f"/{inner.strip('/')}/".lower().startswith(f"/{outer.strip('/')}/".lower())
