"""What each kind of resource has to say to the workspace.

Categories: Microsoft, "Supported categories for Azure Monitor resource logs". Left out is what can hold personal data
(the text of SQL queries) and what nothing here reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pulumi_azure_native import monitor


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """Logs and metrics of one kind of resource.

    Args:
        categories: Log categories by name.
        group: A log category group, in the place of categories.
        metrics: Whether its platform metrics are kept too.
        below: Path of the child resource that logs, below the id.
    """

    categories: tuple[str, ...] = ()
    group: str = ""
    metrics: bool = True
    below: str = ""

    @property
    def logs(self) -> list[monitor.DiagnosticsLogSettingsArgs]:
        """Its logs, as a diagnostic setting spells them."""
        groups = [self.group] if self.group else []
        return [
            *(monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in self.categories),
            *(monitor.DiagnosticsLogSettingsArgs(category_group=group, enabled=True) for group in groups),
        ]

    @property
    def all_metrics(self) -> list[monitor.DiagnosticsMetricSettingsArgs]:
        """Its metrics, as a diagnostic setting spells them."""
        return [monitor.DiagnosticsMetricSettingsArgs(category="AllMetrics", enabled=True)] if self.metrics else []


_METRICS_ONLY: Final = Diagnostics()

DIAGNOSTICS: Final[Mapping[str, Diagnostics]] = {
    "api": _METRICS_ONLY,
    "cache": _METRICS_ONLY,
    "cache-database": Diagnostics(categories=("ConnectionEvents",), metrics=False),
    "database": Diagnostics(
        categories=(
            "PostgreSQLLogs",
            "PostgreSQLFlexSessions",
            "PostgreSQLFlexTableStats",
            "PostgreSQLFlexDatabaseXacts",
        )
    ),
    "edge": Diagnostics(
        categories=("FrontDoorAccessLog", "FrontDoorHealthProbeLog", "FrontDoorWebApplicationFirewallLog")
    ),
    "mcp": _METRICS_ONLY,
    "messaging": Diagnostics(group="allLogs"),
    "registry": Diagnostics(categories=("ContainerRegistryLoginEvents", "ContainerRegistryRepositoryEvents")),
    "storage": Diagnostics(
        categories=("StorageRead", "StorageWrite", "StorageDelete"), metrics=False, below="/blobServices/default"
    ),
    "vault": Diagnostics(group="audit"),
    "worker": _METRICS_ONLY,
}
"""By what the program calls the resource. An app logs through its environment, a cache through its database."""
