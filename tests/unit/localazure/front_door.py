"""A Front Door for the tests of its parts: a profile, an endpoint, and a group with one origin."""

from dataclasses import dataclass
from typing import Any

from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import create


@dataclass(frozen=True, kw_only=True)
class FrontDoor:
    """What a route needs."""

    profile: Record
    endpoint: Record
    group: Record
    origin: Record

    @property
    def led(self) -> dict[str, Any]:
        """The input of a route that leads to the group."""
        return {"originGroup": {"id": self.group.id}}


async def front_door(azure: Azure, sku: str = "Standard_AzureFrontDoor") -> FrontDoor:
    """Create one in group `rg`."""
    return FrontDoor(
        profile=await create(azure, "cdn:Profile", sku={"name": sku}),
        endpoint=await create(azure, "cdn:AFDEndpoint"),
        group=await create(azure, "cdn:AFDOriginGroup"),
        origin=await create(azure, "cdn:AFDOrigin"),
    )
