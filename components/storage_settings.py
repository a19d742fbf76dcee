"""The section that sizes the storage account."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from components.section import Conflict, Section


class StorageSettings(Section):
    """How many copies of backups and exports there are, and how long they are kept."""

    sku: Literal["Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS"]
    """Where the copies are; a change between zonal and not zonal is refused in place."""
    backup_days: Annotated[int, Field(ge=1, le=3650)]
    """Days after which a backup is deleted."""
    immutability_days: Annotated[int, Field(ge=0, le=3650)]
    """Days in which nobody can delete a backup; 0 for none. The program can raise the number, not take it away."""
    export_days: Annotated[int, Field(ge=1, le=90)]
    """Days after which an export is deleted."""
    audit_days: Annotated[int, Field(ge=0, le=3650)]
    """Days in which nobody can change or delete an anchor of the audit trail; 0 for none. Nothing deletes it later."""
    soft_delete_days: Annotated[int, Field(ge=1, le=365)]
    """Days that a deleted blob or container can be recovered."""
    private: bool
    """Whether it is reached by private endpoint only; the public address is closed."""
    protect: bool
    """Whether account and containers refuse to be deleted by the program."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield an immutability that outlives the backups: the lifecycle could not delete them when they are due."""
        if self.immutability_days > self.backup_days:
            yield (
                "immutability_days",
                f"{self.immutability_days} is more than backup_days ({self.backup_days}); allowed 0-{self.backup_days}",
            )
