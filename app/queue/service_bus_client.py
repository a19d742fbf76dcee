"""The official client of Service Bus over AMQP, as both ends of the queue use it."""

import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.servicebus import TransportType
from azure.servicebus.aio import ServiceBusClient

from app.domain.errors import Unavailable

OPEN_S: Final = 15.0
"""Bound on a new link, the token included."""


def service_bus_client(host: str, credential: AsyncTokenCredential, tls: ssl.SSLContext) -> ServiceBusClient:
    """Make a client of a namespace, `host` or `host:port`; nothing connects yet."""
    return ServiceBusClient(
        host.partition(":")[0],
        credential,
        # The client's own way to another port than AMQP's.
        custom_endpoint_address=f"sb://{host}" if ":" in host else None,
        retry_total=0,  # whoever uses it tries again, and says so
        ssl_context=tls,
        transport_type=TransportType.Amqp,
    )


@contextmanager
def unavailable(what: str) -> Generator[None]:
    """Translate what the client raises."""
    try:
        yield
    except (AzureError, OSError, TimeoutError) as error:
        raise Unavailable(f"{what}: {error!r}") from error
