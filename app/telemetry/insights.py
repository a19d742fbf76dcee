"""Application Insights by its official exporter, and nothing else of Azure Monitor: no distro, no instrumentation.

Spans and points are made into the data classes of the OpenTelemetry SDK here, in the thread that delivers them.
The exporter gets everything that it does by itself switched off: files, its own statistics, settings from afar.
"""

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from azure.identity import ManagedIdentityCredential
from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from app.telemetry.points import Point
from app.telemetry.spans import Span

SEND_S: Final = 5.0
"""Bound on a connection, and on the silence of the other side."""
QUIET_S: Final = 600.0
"""How long the exporter says each of its complaints only once."""

_SWITCHES: Final = {
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
}
"""The exporter reads these from the environment alone; with one of them on it asks hosts that nobody has allowed."""
_KINDS: Final = {"client": SpanKind.CLIENT, "consumer": SpanKind.CONSUMER, "server": SpanKind.SERVER}
_SAMPLE_RATE: Final = "_MS.sampleRate"  # azure/monitor/opentelemetry/exporter/_constants.py
_SCOPE: Final = InstrumentationScope("app.telemetry")
_COMPLAINTS: Final = (
    "azure.identity._internal.decorators",
    "azure.identity._internal.get_token_mixin",
    "azure.monitor.opentelemetry.exporter.export._base",
)
"""Loggers that say of every batch why it was not delivered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Who tells.

    Args:
        role: Of the process; the "cloud role" of the application map.
        replica: Which of many.
        revision: Which code.
    """

    role: str
    replica: str = ""
    revision: str = ""

    @property
    def resource(self) -> Resource:
        """The same as OpenTelemetry says it."""
        named = {
            "service.name": self.role,
            "service.instance.id": self.replica,
            "service.version": self.revision,
        }
        return Resource({name: value for name, value in named.items() if value})


class Insights:
    """The port `Sender` on Application Insights.

    Args:
        connection_string: Names the component and where it takes telemetry in.
        client_id: Of the managed identity, which must be a Monitoring Metrics Publisher of the component.
        source: Who tells.
    """

    def __init__(self, connection_string: str, *, client_id: str, source: Source) -> None:
        os.environ.update(_SWITCHES)
        for name in _COMPLAINTS:
            logging.getLogger(name).addFilter(_SPARING)
        self._resource = source.resource
        options: dict[str, Any] = {
            "connection_string": connection_string,
            "credential": ManagedIdentityCredential(client_id=client_id),
            "disable_offline_storage": True,  # the file system is read-only
            "retry_total": 0,  # the next batch is the next attempt; what is lost is counted
            "timeout": SEND_S,
            "read_timeout": SEND_S,
        }
        self._traces = AzureMonitorTraceExporter(**options)
        self._metrics = AzureMonitorMetricExporter(**options)

    def spans(self, spans: Sequence[Span]) -> bool:
        """Deliver spans."""
        return self._traces.export([_readable(span, self._resource) for span in spans]) is SpanExportResult.SUCCESS

    def points(self, points: Sequence[Point]) -> bool:
        """Deliver the numbers of an interval."""
        return self._metrics.export(_metrics_data(points, self._resource)) is MetricExportResult.SUCCESS


def _readable(span: Span, resource: Resource) -> ReadableSpan:
    def context(span_id: str, *, remote: bool) -> SpanContext:
        return SpanContext(int(span.trace_id, 16), int(span_id, 16), remote, TraceFlags(TraceFlags.SAMPLED))

    events = ()
    if span.failure:
        kind, said = span.failure
        # Without a message, the exporter would say "Exception".
        told = {"exception.type": kind, "exception.message": kind, "exception.stacktrace": said}
        events = (Event("exception", told, span.end_ns),)
    return ReadableSpan(
        name=span.name,
        context=context(span.span_id, remote=False),
        parent=context(span.parent_id, remote=True) if span.parent_id else None,
        resource=resource,
        attributes={**span.attributes, _SAMPLE_RATE: span.share},
        events=events,
        kind=_KINDS[span.kind],
        status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
        start_time=span.start_ns,
        end_time=span.end_ns,
        instrumentation_scope=_SCOPE,
    )


def _metrics_data(points: Sequence[Point], resource: Resource) -> MetricsData:
    now = time.time_ns()
    # As histograms, because that is what the exporter gives count, smallest and largest to; it takes no buckets.
    metrics = [
        Metric(
            name=point.name,
            description="",
            unit="",
            data=Histogram(
                data_points=[
                    HistogramDataPoint(
                        attributes=dict(point.labels),
                        start_time_unix_nano=now,
                        time_unix_nano=now,
                        count=point.count,
                        sum=point.total,
                        bucket_counts=[point.count],
                        explicit_bounds=[],
                        min=point.low,
                        max=point.high,
                    )
                ],
                aggregation_temporality=AggregationTemporality.DELTA,
            ),
        )
        for point in points
    ]
    scope = ScopeMetrics(scope=_SCOPE, metrics=metrics, schema_url="")
    return MetricsData(resource_metrics=[ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")])


class _Sparing(logging.Filter):
    """Lets each complaint pass once in a while: it is made for every batch while nothing can be delivered."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.created - self._said.get(str(record.msg), 0.0) < QUIET_S:
            return False
        self._said[str(record.msg)] = record.created
        return True


_SPARING: Final = _Sparing()
