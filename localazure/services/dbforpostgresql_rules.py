"""What a flexible server's inputs alone show to be impossible.

Sources: Microsoft, "Compute and storage options", "High availability", "Backup and restore" and "Limits" of Azure
Database for PostgreSQL flexible server; sizes: terraform-provider-azurerm, flexible_server_sku_name.go.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from localazure.regions import lacks_zones
from localazure.resource_type import name_problem
from localazure.validation import Problem

_CORES: Final = "(2|4|8|16|20|32|48|64|96)"
_ZONES: Final = {"", "1", "2", "3"}
_SIZES: Final = {
    "Burstable": r"Standard_B((1|2|4|8|12|16|20)ms|2s)",
    "GeneralPurpose": rf"Standard_D({_CORES}(s_v3|ds_v4|ds_v5|ds_v6|ads_v5)|C\d+ads_v5)",
    "MemoryOptimized": rf"Standard_E({_CORES}(s_v3|ds_v4|ds_v5|ds_v6|ads_v5)|C\d+a(ds|s)_v5)",
}
_GIGABYTES: Final = (32, 64, 128, 256, 512, 1024, 2048, 4096, 4095, 8192, 16384, 32767)
_RETENTION_DAYS: Final = range(7, 36)
_WINDOW: Final = {"dayOfWeek": range(7), "startHour": range(24), "startMinute": range(60)}


def server_problems(inputs: dict[str, Any]) -> Iterable[Problem]:
    """Everything wrong with a server that needs no look at other resources."""
    yield from name_problem(
        inputs,
        "serverName",
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        "3-63 lower-case letters, digits and hyphens, not beginning or ending with a hyphen.",
    )
    yield from _compute_problems(inputs)
    yield from _storage_problems(inputs)
    yield from _access_problems(inputs)
    for key, allowed in _WINDOW.items():
        value = inputs.get("maintenanceWindow", {}).get(key, 0)
        if value not in allowed:
            yield f"maintenanceWindow.{key}", f"'{value}' is not valid. Allowed: 0 to {allowed[-1]}"


def _compute_problems(inputs: dict[str, Any]) -> Iterable[Problem]:
    tier, size = inputs.get("sku", {}).get("tier"), inputs.get("sku", {}).get("name", "")
    if tier in _SIZES and not re.fullmatch(_SIZES[tier], size):
        yield "sku.name", f"'{size}' is not a size of the tier {tier}"
    availability = inputs.get("highAvailability", {})
    mode = availability.get("mode", "Disabled")
    if tier == "Burstable" and mode != "Disabled":
        yield "highAvailability.mode", f"'{mode}': high availability is not supported for the Burstable tier"
    if mode == "ZoneRedundant" and lacks_zones(inputs.get("location")):
        yield "highAvailability.mode", f"'{mode}' is not supported in '{inputs['location']}': it has no zones"
    zone, standby = inputs.get("availabilityZone"), availability.get("standbyAvailabilityZone")
    for at, chosen in (("availabilityZone", zone), ("highAvailability.standbyAvailabilityZone", standby)):
        if chosen and chosen not in _ZONES:
            yield at, f"'{chosen}' is not a zone. Allowed: 1, 2, 3"
    if mode == "ZoneRedundant" and zone and zone == standby:
        yield "highAvailability.standbyAvailabilityZone", f"'{standby}' must be another zone than the primary's"
    if inputs.get("createMode", "Default") not in {"Default", "Create", "Update"}:
        yield (
            "createMode",
            f"the embedded Azure does not imitate {inputs['createMode']} (localazure/NONGOALS.md); use Default",
        )


def _storage_problems(inputs: dict[str, Any]) -> Iterable[Problem]:
    storage = inputs.get("storage", {})
    size = storage.get("storageSizeGB", 32)
    if storage.get("type", "Premium_LRS") == "Premium_LRS" and size not in _GIGABYTES:
        yield "storage.storageSizeGB", f"'{size}' is not valid. Allowed: {', '.join(map(str, _GIGABYTES))}"
    days = inputs.get("backup", {}).get("backupRetentionDays", 7)
    if days not in _RETENTION_DAYS:
        yield "backup.backupRetentionDays", f"'{days}' is not a retention in days: 7 to 35"


def _access_problems(inputs: dict[str, Any]) -> Iterable[Problem]:
    network, login = inputs.get("network", {}), inputs.get("authConfig", {})
    if network.get("delegatedSubnetResourceId") and network.get("publicNetworkAccess") == "Enabled":
        yield "network.publicNetworkAccess", "a server in a subnet has no public access: the two cannot be mixed"
    if login.get("passwordAuth", "Enabled") == "Enabled" and login and not inputs.get("administratorLogin"):
        yield "administratorLogin", "a server with password authentication needs administratorLogin and its password"
    if login and "Enabled" not in {login.get("passwordAuth", "Enabled"), login.get("activeDirectoryAuth")}:
        yield "authConfig", "at least one kind of authentication must be enabled"
