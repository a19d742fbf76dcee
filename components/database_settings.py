"""The size of the database server: which sizes a tier has, and what a tier cannot do."""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from components.section import Conflict, Section

DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
"""Days by their number in a maintenance window."""

# terraform-provider-azurerm, internal/services/postgres/validate/flexible_server_sku_name.go
_SIZES: Final = {
    "Burstable": r"Standard_B((1|2|4|8|12|16|20)ms|2s)",
    "GeneralPurpose": r"Standard_D((2|4|8|16|32|48|64)(s_v3|ds_v4|ds_v5|ds_v6|ads_v5)|96(ds_v5|ds_v6|ads_v5))",
    "MemoryOptimized": r"Standard_E((2|4|8|16|20|32|48|64)(s_v3|ds_v4|ds_v5|ads_v5)|96(ds_v5|ads_v5))",
}


class DatabaseSettings(Section):
    """The size of the database server, what survives its loss and who reaches it."""

    version: Literal["16", "17", "18"]
    """Major version of PostgreSQL."""
    sku_tier: Literal["Burstable", "GeneralPurpose", "MemoryOptimized"]
    """Kind of compute."""
    sku_name: Annotated[str, Field(pattern=r"^Standard_[BDE][A-Za-z0-9_]+$")]
    """Compute size, of the family of `sku_tier`."""
    storage_gb: Literal[32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]
    """Gigabytes of storage. Never shrinks: once it has grown by itself, a smaller number is refused."""
    storage_auto_grow: bool
    """Whether storage grows by itself when it is nearly full."""
    backup_retention_days: Annotated[int, Field(ge=7, le=35)]
    """Days that a point in time can be restored."""
    geo_redundant_backup: bool
    """Whether backups are also kept in the paired region; fixed once the server exists."""
    high_availability: Literal["Disabled", "SameZone", "ZoneRedundant"]
    """Where the standby runs."""
    pgbouncer: bool
    """Whether a connection pooler answers at port 6432."""
    maintenance_day: Literal["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    """Day on which Azure may restart the server."""
    maintenance_hour: Annotated[int, Field(ge=0, le=23)]
    """Hour, in UTC, at which that window of one hour begins."""
    private: bool
    """Whether it is reached by private endpoint only; the public address is closed."""
    protect: bool
    """Whether server and database refuse to be deleted by the program."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a size of another tier, and what the tier Burstable cannot do."""
        if not re.fullmatch(_SIZES[self.sku_tier], self.sku_name):
            yield (
                "sku_name",
                f'"{self.sku_name}" is not of the tier {self.sku_tier} (allowed like {_SIZES[self.sku_tier]})',
            )
        if self.sku_tier == "Burstable" and self.high_availability != "Disabled":
            yield (
                "high_availability",
                f'"{self.high_availability}" needs another tier than Burstable (allowed "Disabled")',
            )
        if self.sku_tier == "Burstable" and self.pgbouncer:
            yield "pgbouncer", "true needs another tier than Burstable (allowed false)"
