"""What is watched of the service: each workload by the size that the stack declares, each job by its failures."""

from components.alerting.alerts import Alerts
from components.alerting.metric_rules import JOB_RULES, service_rules, size_rules
from components.workloads.service import Service
from components.workloads.service_args import Sizes


def watch_service(alerts: Alerts, service: Service, sizes: Sizes) -> None:
    """Watch every workload and job of the service."""
    alerts.watch("api", service.api.id, service_rules(sizes.api))
    alerts.watch("mcp", service.mcp.id, service_rules(sizes.mcp))
    alerts.watch("worker", service.worker.id, size_rules(sizes.worker))
    alerts.watch("migrate", service.migrate.id, JOB_RULES)
    alerts.watch("backup", service.backup.id, JOB_RULES)
