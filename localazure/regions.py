"""The public regions of Azure, and which of them have zones.

Microsoft Learn, "List of Azure regions", with sovereign clouds left out; a region that is newer than this list is
refused as unknown.
"""

from typing import Final

from localazure.engine.diff import short_location

GLOBAL: Final = "global"
"""Where a resource is that is in no region."""

_WITH_ZONES: Final = frozenset(
    (
        *(
            "australiaeast",
            "austriaeast",
            "belgiumcentral",
            "brazilsouth",
            "canadacentral",
            "centralindia",
            "centralus",
        ),
        *("chilecentral", "denmarkeast", "eastasia", "eastus", "eastus2", "francecentral", "germanywestcentral"),
        *("indonesiacentral", "israelcentral", "italynorth", "japaneast", "japanwest", "koreacentral", "malaysiawest"),
        *("mexicocentral", "newzealandnorth", "northeurope", "norwayeast", "polandcentral", "qatarcentral"),
        *("southafricanorth", "southcentralus", "southeastasia", "spaincentral", "swedencentral", "switzerlandnorth"),
        *("uaenorth", "uksouth", "westeurope", "westus2", "westus3"),
    )
)
_WITHOUT: Final = frozenset(
    (
        *("australiacentral", "australiacentral2", "australiasoutheast", "brazilsoutheast", "canadaeast"),
        *("francesouth", "germanynorth", "jioindiacentral", "jioindiawest", "koreasouth", "northcentralus"),
        *("norwaywest", "southafricawest", "southindia", "swedensouth", "switzerlandwest", "uaecentral", "ukwest"),
        *("westcentralus", "westindia", "westus"),
    )
)


def is_region(location: str) -> bool:
    """Whether there is such a region, or it is none on purpose; `West Europe` is `westeurope`."""
    return short_location(location) in _WITH_ZONES | _WITHOUT | {GLOBAL}


def lacks_zones(location: str | None) -> bool:
    """Whether a region is known to have no zones."""
    return location is not None and short_location(location) in _WITHOUT
