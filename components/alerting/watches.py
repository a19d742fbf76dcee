"""What is watched: each store by its own metrics, each workload by the size that is declared, each job by failures."""

from collections.abc import Mapping

import pulumi

from app.contract import OPERATIONS_QUEUE
from components.alerting.alerts import Alerts
from components.alerting.metric_rules import (
    CACHE_RULES,
    JOB_RULES,
    VAULT_RULES,
    database_rules,
    messaging_rules,
    service_rules,
    size_rules,
)
from components.workloads.service import Service
from components.workloads.service_args import Sizes


def watch_stores(alerts: Alerts, ids: Mapping[str, pulumi.Output[str]], database_sku: str) -> None:
    """Watch what the service keeps data in, by the ids of `cache`, `database`, `messaging` and `vault`."""
    alerts.watch("cache", ids["cache"], CACHE_RULES)
    alerts.watch("database", ids["database"], database_rules(database_sku))
    alerts.watch("messaging", ids["messaging"], messaging_rules(OPERATIONS_QUEUE))
    alerts.watch("vault", ids["vault"], VAULT_RULES)


def watch_service(alerts: Alerts, service: Service, sizes: Sizes) -> None:
    """Watch every workload and job of the service."""
    alerts.watch("api", service.api.id, service_rules(sizes.api))
    alerts.watch("mcp", service.mcp.id, service_rules(sizes.mcp))
    alerts.watch("worker", service.worker.id, size_rules(sizes.worker))
    alerts.watch("migrate", service.migrate.id, JOB_RULES)
    alerts.watch("backup", service.backup.id, JOB_RULES)
    alerts.watch("restore", service.restore.id, JOB_RULES)
    alerts.watch("upkeep", service.upkeep.id, JOB_RULES)
