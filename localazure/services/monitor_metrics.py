"""The platform metrics that alerts may ask for, per resource type, with the dimensions of each.

From Microsoft, "Supported metrics with Azure Monitor" (azure-facts.md section 4.2, D14, D15, D50 to D55). A type has
more metrics than stand here; one that is not here is refused as unknown, so a typo never passes.
"""

from collections.abc import Mapping
from typing import Final

Dimensions = frozenset[str]

_NONE: Final = Dimensions()
_APP: Final = Dimensions({"podName", "revisionName"})
_ENTITY: Final = Dimensions({"EntityName"})
_OPERATION: Final = _ENTITY | {"OperationResult"}
_REQUEST: Final = _APP | {"statusCode", "statusCodeCategory"}
_SHARD: Final = Dimensions({"InstanceId"})
_VAULT: Final = Dimensions({"ActivityName", "ActivityType"})
_VAULT_STATUS: Final = _VAULT | {"StatusCode", "StatusCodeClass"}

METRICS: Final[Mapping[str, Mapping[str, Dimensions]]] = {
    "microsoft.app/containerapps": {
        "CpuPercentage": _APP,
        "MemoryPercentage": _APP,
        "Replicas": Dimensions({"revisionName"}),
        "Requests": _REQUEST,
        "ResponseTime": Dimensions({"statusCode", "statusCodeCategory"}),
        "RestartCount": _APP,
        "UsageNanoCores": _APP,
        "WorkingSetBytes": _APP,
    },
    "microsoft.app/jobs": {"Executions": Dimensions({"executionName", "jobName", "state"})},
    "microsoft.cache/redisenterprise": {
        "cachehits": _NONE,
        "cachemisses": _NONE,
        "connectedclients": _SHARD,
        "evictedkeys": _NONE,
        "percentProcessorTime": _SHARD,
        "serverLoad": _NONE,
        "usedmemorypercentage": _NONE,
    },
    "microsoft.cdn/profiles": {
        "ByteHitRatio": Dimensions({"Endpoint"}),
        "OriginHealthPercentage": Dimensions({"Origin", "OriginGroup"}),
        "Percentage5XX": Dimensions({"Endpoint"}),
        "TotalLatency": Dimensions({"Endpoint"}),
        "WebApplicationFirewallRequestCount": Dimensions({"Action", "PolicyName", "RuleName"}),
    },
    "microsoft.containerregistry/registries": {
        "StorageUsed": _NONE,
        "SuccessfulPullCount": _NONE,
        "TotalPullCount": _NONE,
    },
    "microsoft.dbforpostgresql/flexibleservers": dict.fromkeys(
        (
            "active_connections",
            "connections_failed",
            "cpu_credits_remaining",
            "cpu_percent",
            "deadlocks",
            "disk_iops_consumed_percentage",
            "is_db_alive",
            "longest_query_time_sec",
            "memory_percent",
            "storage_percent",
        ),
        _NONE,
    ),
    "microsoft.insights/components": {
        "availabilityResults/availabilityPercentage": _NONE,
        "exceptions/count": _NONE,
        "requests/failed": _NONE,
    },
    "microsoft.keyvault/vaults": {
        "Availability": _VAULT_STATUS,
        "SaturationShoebox": _VAULT,
        "ServiceApiLatency": _VAULT_STATUS,
        "ServiceApiResult": _VAULT_STATUS,
    },
    "microsoft.servicebus/namespaces": {
        "AbandonMessage": _ENTITY,
        "ActiveMessages": _ENTITY,
        "CompleteMessage": _ENTITY,
        "DeadletteredMessages": _ENTITY,
        "IncomingMessages": _ENTITY,
        "NamespaceCpuUsage": Dimensions({"Replica"}),
        "NamespaceMemoryUsage": Dimensions({"Replica"}),
        "OutgoingMessages": _ENTITY,
        "ServerErrors": _OPERATION,
        "ThrottledRequests": _OPERATION,
    },
}
"""By resource type in lower case, because Azure compares types so."""
