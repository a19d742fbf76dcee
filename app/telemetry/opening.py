"""Telemetry for the life of a process."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.settings.groups import TelemetrySettings
from app.telemetry.delivery import CLOSE_JOB_S, CLOSE_S, Delivery, Sender
from app.telemetry.points import Intervals
from app.telemetry.spans import Tracer
from app.telemetry.tracing import use


@asynccontextmanager
async def open_telemetry(
    settings: TelemetrySettings,
    *,
    client_id: str,
    role: str,
    replica: str = "",
    revision: str = "",
    brief: bool = False,
) -> AsyncGenerator[Tracer]:
    """Deliver spans and numbers until the end, which takes two seconds at most, that of a job ten.

    Args:
        settings: Where to, and which share of requests.
        client_id: Of the managed identity.
        role: Of the process.
        replica: Which of many.
        revision: Which code.
        brief: Whether the process may end within seconds and has something to tell all the same: a job.
    """

    def open_sender() -> Sender:
        # A quarter of a second and nine MiB: neither the start of a role nor a first request pays for it.
        from app.telemetry.insights import Insights, Source  # noqa: PLC0415 - see above

        source = Source(role=role, replica=replica, revision=revision)
        return Insights(settings.connection_string, client_id=client_id, source=source)

    delivery = Delivery(open_sender, Intervals().take, brief=brief)
    delivery.start()
    tracer = Tracer(percent=settings.trace_percent, sink=delivery.put)
    use(tracer)
    try:
        yield tracer
    finally:
        await delivery.close(CLOSE_JOB_S if brief else CLOSE_S)
