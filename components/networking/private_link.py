"""What a service offers to a private endpoint: which sub-resource, and the zone that its name is looked up in.

Group ids and zones: Microsoft, "Azure Private Endpoint private DNS zone values".
"""

from dataclasses import dataclass
from enum import Enum

import pulumi


class PrivateService(Enum):
    """A kind of service: the group id of its sub-resource, and its private DNS zone."""

    CACHE = ("redisEnterprise", "privatelink.redis.azure.net")
    DATABASE = ("postgresqlServer", "privatelink.postgres.database.azure.com")
    MESSAGING = ("namespace", "privatelink.servicebus.windows.net")
    REGISTRY = ("registry", "privatelink.azurecr.io")
    STORAGE = ("blob", "privatelink.blob.core.windows.net")
    VAULT = ("vault", "privatelink.vaultcore.azure.net")

    def __init__(self, group_id: str, zone: str) -> None:
        self.group_id = group_id
        self.zone = zone


@dataclass(frozen=True, kw_only=True)
class PrivateLink:
    """A resource that is to be reached by a private endpoint."""

    service: PrivateService
    resource_id: pulumi.Output[str]
