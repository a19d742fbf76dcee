"""Telemetry for the life of a process."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from app.setting_groups import TelemetrySettings
from app.telemetry.delivery import SPANS_EVERY_S, Delivery, Sender
from app.telemetry.points import Intervals
from app.telemetry.spans import Tracer, use

AT_ONCE_S: Final = 0.0
"""For what may end before the first pause does, and has something to tell all the same: a job."""


@asynccontextmanager
async def open_telemetry(
    settings: TelemetrySettings,
    *,
    client_id: str,
    role: str,
    replica: str = "",
    revision: str = "",
    spans_every: float = SPANS_EVERY_S,
) -> AsyncGenerator[Tracer]:
    """Deliver spans and numbers until the end, which takes two seconds at most.

    Args:
        settings: Where to, and which share of requests.
        client_id: Of the managed identity.
        role: Of the process.
        replica: Which of many.
        revision: Which code.
        spans_every: Seconds between two deliveries, and before the first.
    """

    def open_sender() -> Sender:
        # A quarter of a second and nine MiB: neither the start of a role nor a first request pays for it.
        from app.telemetry.insights import Insights, Source  # noqa: PLC0415 - see above

        source = Source(role=role, replica=replica, revision=revision)
        return Insights(settings.connection_string, client_id=client_id, source=source)

    delivery = Delivery(open_sender, Intervals().take, spans_every=spans_every)
    delivery.start()
    tracer = Tracer(percent=settings.trace_percent, sink=delivery.put)
    use(tracer)
    try:
        yield tracer
    finally:
        await delivery.close()
