"""What resources can send to a workspace: log categories and category groups, per resource type.

From Microsoft, "Supported categories for Azure Monitor resource logs" (azure-facts.md sections 3.12, 3.15 and 4.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Sends:
    """What a type can send.

    Args:
        categories: log categories.
        groups: category groups.
        metrics: metric categories.
    """

    categories: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset({"AllMetrics"})


_ALL: Final = frozenset({"allLogs"})
_AUDIT: Final = frozenset({"allLogs", "audit"})
_NO_METRICS: Final = frozenset[str]()

SENDS: Final[Mapping[str, Sends]] = {
    "microsoft.app/containerapps": Sends(),
    "microsoft.app/jobs": Sends(),
    "microsoft.app/managedenvironments": Sends(
        categories=frozenset(
            {
                "AppEnvSessionConsoleLogs",
                "AppEnvSessionLifecycleLogs",
                "AppEnvSessionPoolEventLogs",
                "AppEnvSpringAppConsoleLogs",
                "ContainerAppConsoleLogs",
                "ContainerAppSystemLogs",
            }
        ),
        groups=_AUDIT,
    ),
    "microsoft.cache/redisenterprise": Sends(),
    "microsoft.cache/redisenterprise/databases": Sends(
        categories=frozenset({"ConnectionEvents"}), groups=_AUDIT, metrics=_NO_METRICS
    ),
    "microsoft.cdn/profiles": Sends(
        categories=frozenset({"FrontDoorAccessLog", "FrontDoorHealthProbeLog", "FrontDoorWebApplicationFirewallLog"}),
        groups=_AUDIT,
    ),
    "microsoft.containerregistry/registries": Sends(
        categories=frozenset({"ContainerRegistryLoginEvents", "ContainerRegistryRepositoryEvents"}), groups=_AUDIT
    ),
    "microsoft.dbforpostgresql/flexibleservers": Sends(
        categories=frozenset(
            {
                "PostgreSQLFlexDatabaseXacts",
                "PostgreSQLFlexPGBouncer",
                "PostgreSQLFlexQueryStoreRuntime",
                "PostgreSQLFlexQueryStoreWaitStats",
                "PostgreSQLFlexSessions",
                "PostgreSQLFlexTableStats",
                "PostgreSQLLogs",
                "PostgreSQLQueryStoreSqlText",
            }
        ),
        groups=_AUDIT,
    ),
    "microsoft.keyvault/vaults": Sends(
        categories=frozenset({"AuditEvent", "AzurePolicyEvaluationDetails"}), groups=_AUDIT
    ),
    "microsoft.network/networksecuritygroups": Sends(
        categories=frozenset({"NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"}),
        groups=_ALL,
        metrics=_NO_METRICS,
    ),
    "microsoft.network/virtualnetworks": Sends(categories=frozenset({"VMProtectionAlerts"}), groups=_ALL),
    "microsoft.operationalinsights/workspaces": Sends(
        categories=frozenset({"Audit", "Jobs", "SummaryLogs"}), groups=_AUDIT
    ),
    "microsoft.servicebus/namespaces": Sends(
        categories=frozenset(
            {
                "ApplicationMetricsLogs",
                "DataDRLogs",
                "DiagnosticErrorLogs",
                "OperationalLogs",
                "RuntimeAuditLogs",
                "VNetAndIPFilteringLogs",
            }
        ),
        groups=_AUDIT,
    ),
    "microsoft.storage/storageaccounts": Sends(metrics=frozenset({"AllMetrics", "Capacity", "Transaction"})),
    "microsoft.storage/storageaccounts/blobservices": Sends(
        categories=frozenset({"StorageDelete", "StorageRead", "StorageWrite"}),
        groups=_AUDIT,
        metrics=frozenset({"AllMetrics", "Capacity", "Transaction"}),
    ),
}
"""By resource type in lower case, because Azure compares types so."""
