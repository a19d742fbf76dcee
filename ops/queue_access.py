"""How an operator reaches the queue of a stack: its address, and the operator's own login."""

import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from azure.core.credentials import AccessToken, TokenCredential
from azure.identity import AzureCliCredential
from azure.servicebus import ServiceBusClient, TransportType

from app.contract import OPERATIONS_QUEUE
from localazure.client import Client
from ops.engine import find_engine
from ops.local_cloud import LocalCloud
from ops.target import ROOT, Target, UsageError, report

AZ_SECONDS: Final = 120
LIFETIME_SECONDS: Final = 3600
RETRIES: Final = 1


@dataclass(frozen=True, kw_only=True)
class QueueAccess:
    """Where a namespace is, and as whom it is asked.

    Args:
        host: `host` or `host:port` of the namespace.
        credential: the operator's; it needs the role Azure Service Bus Data Owner on the queue.
        tls: how the namespace is verified.
    """

    host: str
    credential: TokenCredential
    tls: ssl.SSLContext

    def client(self) -> ServiceBusClient:
        """Make the official client; nothing connects yet."""
        return ServiceBusClient(
            self.host.partition(":")[0],
            self.credential,
            custom_endpoint_address=f"sb://{self.host}" if ":" in self.host else None,
            retry_total=RETRIES,
            ssl_context=self.tls,
            transport_type=TransportType.Amqp,
        )


def queue_access(environ: Mapping[str, str]) -> QueueAccess:
    """Find the queue of the stack. Raises UsageError when it is not deployed, or `az` is missing."""
    target, engine = Target.of(environ), find_engine(report)
    if target.cloud == "azure":
        return azure_queue(engine, target.stack, environ)
    return local_queue(LocalCloud(engine, environ, target.stack).client(), target.stack)


def local_queue(client: Client, stack: str) -> QueueAccess:
    """Find the queue of a stack in the embedded Azure. Raises UsageError when it is not deployed."""
    group = f"-{stack}/providers/"
    for running in client.status()["running"]:
        if running["kind"] == "queue" and running["name"] == OPERATIONS_QUEUE and group in running["id"]:
            tls = ssl.create_default_context(cafile=client.endpoints.authority)
            host = running["address"].removeprefix("https://").partition("/")[0]
            return QueueAccess(host=host, credential=cast("TokenCredential", OperatorCredential(client)), tls=tls)
    raise UsageError(f"{stack} has no queue here; run `make up STACK={stack}` first.")


def azure_queue(engine: Path, stack: str, environ: Mapping[str, str]) -> QueueAccess:
    """Ask the engine for the group of a stack and the Azure CLI for its namespace; both use the ambient login.

    Raises:
        UsageError: One of them cannot tell, or `az` is missing.
    """
    az = shutil.which("az", path=environ.get("PATH"))
    if az is None:
        raise UsageError("`az` is not on PATH, and its login opens the queue. Install it and run `az login`.")
    outputs = _said([str(engine), "stack", "output", "--json", "--stack", stack], environ)
    group = json.loads(outputs)["resource_group"]
    asked = [az, "servicebus", "namespace", "list", "--resource-group", group, "--query", "[].name", "--output", "tsv"]
    names = _said(asked, environ).split()
    if len(names) != 1:
        raise UsageError(f"{group} has {len(names)} Service Bus namespaces, expected one; deploy {stack} first.")
    host = f"{names[0]}.servicebus.windows.net"
    return QueueAccess(host=host, credential=AzureCliCredential(), tls=ssl.create_default_context())


class OperatorCredential:
    """Tokens of the operator of the embedded Azure."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Return a token for the resource of a scope."""
        resource = scopes[0].removesuffix("/.default").rstrip("/")
        return AccessToken(self._client.operator_token(resource), int(time.time()) + LIFETIME_SECONDS)


def _said(command: list[str], environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=dict(environ), check=False, capture_output=True, text=True, timeout=AZ_SECONDS
    )
    if done.returncode:
        raise UsageError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout
