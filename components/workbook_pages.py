"""What the workbooks show: questions in KQL over the tables that this platform fills, one page per audience."""

from dataclasses import dataclass
from typing import Final, Literal

from components.alerting.request_log import REQUESTS

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One question and the way its answer is drawn."""

    title: str
    query: str
    chart: Literal["areachart", "barchart", "table", "timechart"] = "timechart"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A workbook for one audience.

    Args:
        name: Part of its logical name.
        title: What it is called in the portal.
        about: Who it is for and what to do with it, as Markdown.
        span_ms: How far back it looks.
        panels: Its questions, from the top.
    """

    name: str
    title: str
    about: str
    span_ms: int
    panels: tuple[Panel, ...]


def _metric(provider: str, metric: str, column: str = "Average", *, by: str = "Resource") -> str:
    return f"""\
AzureMetrics
| where ResourceProvider =~ "{provider}" and MetricName == "{metric}"
| summarize value = max({column}) by bin(TimeGenerated, 5m), {by}"""


_QUEUE: Final = """\
AzureMetrics
| where ResourceProvider =~ "MICROSOFT.SERVICEBUS"
| where MetricName in ("IncomingMessages", "CompleteMessage", "AbandonMessage")
| summarize messages = sum(Total) by bin(TimeGenerated, 15m), MetricName"""
"""Flows only: Service Bus does not export how many messages wait (Microsoft, "Supported metrics": DS Export No)."""

HEALTH: Final = Page(
    name="health",
    title="Service health",
    about="For whoever is on call. From the top: do users suffer, since when, and what changed then.",
    span_ms=6 * HOUR_MS,
    panels=(
        Panel(
            title="Share of requests answered, per cent",
            query=f"{REQUESTS}\n| summarize answered = 100.0 * countif(not(bad)) / count() by bin(TimeGenerated, 5m)",
        ),
        Panel(
            title="Milliseconds to answer",
            query=f"{REQUESTS}\n| summarize p50 = percentile(milliseconds, 50), p95 = percentile(milliseconds, 95), "
            "p99 = percentile(milliseconds, 99) by bin(TimeGenerated, 5m)",
        ),
        Panel(
            title="What fails",
            query=f"{REQUESTS}\n| where bad\n| summarize failed = count(), last = max(TimeGenerated) "
            "by ContainerAppName, RevisionName, path = tostring(line.path), status\n| top 20 by failed",
            chart="table",
        ),
        Panel(
            title="Seen from outside",
            query="AppAvailabilityResults\n| summarize answered = 100.0 * countif(Success == true) / count() "
            "by bin(TimeGenerated, 15m), Location",
        ),
        Panel(
            title="What the platform did to containers",
            query='ContainerAppSystemLogs\n| where Type != "Normal"\n| summarize events = count() '
            "by bin(TimeGenerated, 15m), Reason",
            chart="barchart",
        ),
        Panel(title="Operations in and out of the queue", query=_QUEUE),
        Panel(title="Database connections", query=_metric("MICROSOFT.DBFORPOSTGRESQL", "active_connections")),
    ),
)

PRODUCT: Final = Page(
    name="product",
    title="Product",
    about="For product people: who uses what. People are pseudonyms; nobody can be read from them.",
    span_ms=30 * DAY_MS,
    panels=(
        Panel(
            title="People per day",
            query=f"{REQUESTS}\n| summarize people = dcount(tostring(line.subject)) by bin(TimeGenerated, 1d)",
            chart="barchart",
        ),
        Panel(
            title="Requests per hour",
            query=f"{REQUESTS}\n| summarize requests = count() by bin(TimeGenerated, 1h), ContainerAppName",
            chart="areachart",
        ),
        Panel(
            title="Most used operations",
            query=f'{REQUESTS}\n| extend path = replace_regex(tostring(line.path), @"[0-9a-f-]{{36}}", "ID")\n'
            "| summarize requests = count(), people = dcount(tostring(line.subject)), "
            "p95 = percentile(milliseconds, 95) by method = tostring(line.method), path\n| top 25 by requests",
            chart="table",
        ),
        Panel(
            title="Requests that were refused, by reason",
            query=f"{REQUESTS}\n| where status between (400 .. 499)\n"
            "| summarize refused = count() by bin(TimeGenerated, 1h), tostring(status)",
            chart="barchart",
        ),
    ),
)

CAPACITY: Final = Page(
    name="capacity",
    title="Cost and capacity",
    about="For whoever pays and plans: what grows, and what is paid for and not used.",
    span_ms=30 * DAY_MS,
    panels=(
        Panel(
            title="Billable logs per day, gigabytes",
            query="Usage\n| where IsBillable == true\n"
            "| summarize gigabytes = sum(Quantity) / 1000 by bin(TimeGenerated, 1d), DataType",
            chart="barchart",
        ),
        Panel(title="Replicas", query=_metric("MICROSOFT.APP", "Replicas", "Maximum")),
        Panel(title="Cores in use, nanocores per replica", query=_metric("MICROSOFT.APP", "UsageNanoCores")),
        Panel(title="Memory in use, bytes per replica", query=_metric("MICROSOFT.APP", "WorkingSetBytes")),
        Panel(title="Database storage, per cent", query=_metric("MICROSOFT.DBFORPOSTGRESQL", "storage_percent")),
        Panel(title="Database cores, per cent", query=_metric("MICROSOFT.DBFORPOSTGRESQL", "cpu_percent")),
        Panel(title="Cache memory, per cent", query=_metric("MICROSOFT.CACHE", "usedmemorypercentage", "Maximum")),
        Panel(title="Operations in and out of the queue", query=_QUEUE),
    ),
)

PAGES: Final = (HEALTH, PRODUCT, CAPACITY)
