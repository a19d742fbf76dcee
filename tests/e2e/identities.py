"""The official clients of data planes, as a managed identity of a deployed checkout."""

import json
import ssl
import time
from dataclasses import dataclass
from typing import Any

from azure.core.credentials import AccessToken
from azure.servicebus import ServiceBusClient, ServiceBusMessage, TransportType
from azure.storage.blob import ContainerClient

from localazure.planes.tokens import Identity, TokenSigner
from localazure.subscription import TENANT_ID
from tests.e2e.checkout import Checkout


@dataclass(frozen=True)
class Workload:
    """The identity of a workload of the dev stack, and what it may do as that.

    Args:
        checkout: a deployed one.
        name: the workload, as in the name of its identity.
    """

    checkout: Checkout
    name: str

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token for a resource, as the identity endpoint of a container gives it."""
        state = self.checkout.state
        records: dict[str, dict[str, Any]] = json.loads((state / "azure.json").read_text())["live"]
        (record,) = (each for key, each in records.items() if key.endswith(f"/id-dme-{self.name}-dev"))
        said = record["outputs"]
        identity = Identity(client_id=said["clientId"], object_id=said["principalId"], resource_id=record["id"])
        resource = scopes[0].removesuffix("/.default")
        token = TokenSigner(state / "tokens", TENANT_ID).issue_for(identity, resource=resource, lifetime_seconds=3600)
        return AccessToken(token, int(time.time()) + 3600)

    def send(self, queue: str, message: ServiceBusMessage) -> None:
        """Send a message to the queue at this address."""
        host, _, name = queue.removeprefix("https://").partition("/")
        trust = ssl.create_default_context(cafile=self.checkout.state / "tls" / "ca.pem")
        with (
            ServiceBusClient(
                host.partition(":")[0],
                self,
                custom_endpoint_address=f"sb://{host}",
                ssl_context=trust,
                transport_type=TransportType.Amqp,
            ) as client,
            client.get_queue_sender(name) as sender,
        ):
            sender.send_messages(message)

    def blobs(self, account: str, container: str) -> list[str]:
        """The names of the blobs in a container of the account at this address."""
        trust = str(self.checkout.state / "tls" / "ca.pem")
        with ContainerClient(account, container, credential=self, connection_verify=trust) as client:
            return list(client.list_blob_names())
