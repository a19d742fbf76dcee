"""The rules that are questions to the logs.

Columns are those of the tables that `azure-monitor` fills: Microsoft, "Azure Monitor Logs reference".
"""

from typing import Final

from components.alerting.alert_rule import LogRule, Runbook, Severity
from components.alerting.request_log import REQUESTS

RESTARTS: Final = 3
"""Restarts of one revision in 15 minutes that are more than bad luck."""
SLOW_MINIMUM_REQUESTS: Final = 20
"""Requests below which a 95th percentile is a single request."""

RESTARTING: Final = LogRule(
    name="restarts",
    severity=Severity.ERROR,
    says=f"A revision restarted its containers more than {RESTARTS} times in 15 minutes.",
    query=f"""\
ContainerAppSystemLogs
| where Reason in ("BackOff", "ContainerBackOff", "ContainerCrashing", "CrashLoopBackOff", "OOMKilled")
    or (Reason == "ProbeFailed" and Log has "iveness")
| summarize restarts = count() by ContainerAppName, RevisionName
| where restarts > {RESTARTS}""",
    window_minutes=15,
    frequency_minutes=5,
    runbook=Runbook.SATURATION,
)

EXPIRY: Final = LogRule(
    name="expiry",
    severity=Severity.WARNING,
    says="A secret, key or certificate of the vault expires within 30 days, or has expired.",
    # Logged without a subscription to the events too (Microsoft, "Azure Key Vault logging"). A vault writes to the one
    # table or the other, by its diagnostic setting.
    query="""\
union isfuzzy=true AzureDiagnostics, AZKVAuditLogs
| where OperationName endswith "NearExpiryEventGridNotification"
    or OperationName endswith "ExpiredEventGridNotification"
| summarize events = count() by OperationName""",
    window_minutes=1440,
    frequency_minutes=60,
    runbook=Runbook.VAULT,
)


def slow_rule(latency_ms: int) -> LogRule:
    """Return the rule on the 95th percentile of the time to answer."""
    return LogRule(
        name="latency",
        severity=Severity.WARNING,
        says=f"One request in twenty took longer than {latency_ms} ms, over 15 minutes.",
        query=f"""\
{REQUESTS}
| summarize requests = count(), p95 = percentile(milliseconds, 95) by ContainerAppName
| where requests >= {SLOW_MINIMUM_REQUESTS} and p95 > {latency_ms}""",
        window_minutes=15,
        frequency_minutes=5,
        runbook=Runbook.AVAILABILITY,
    )


def ingestion_rule(gigabytes_per_day: float) -> LogRule:
    """Return the rule on what a day of logs costs."""
    return LogRule(
        name="ingestion",
        severity=Severity.NOTICE,
        says=f"More than {gigabytes_per_day:g} GB of logs were taken in within a day.",
        query=f"""\
Usage
| where IsBillable == true
| summarize gigabytes = sum(Quantity) / 1000
| where gigabytes > {gigabytes_per_day:g}""",
        window_minutes=1440,
        frequency_minutes=60,
        runbook=Runbook.COST,
    )
