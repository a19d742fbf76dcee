"""Replicas follow the load: the API of the unchanged dev stack its requests, the worker its queue."""

import json
import ssl
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.client import HTTPSConnection
from urllib.parse import urlsplit

import pytest
from azure.servicebus import ServiceBusMessage

from tests.e2e.api import Api
from tests.e2e.checkout import Checkout
from tests.e2e.identities import Workload

pytestmark = pytest.mark.e2e

BODY = b'{"title": "Arrives late"}'
REQUESTS = 101
"""In flight at once: with `concurrent_requests: 50` they need three replicas, the most that dev has."""
COOLDOWN = '"rules": args.scale_rules, "cooldown_period": 1,'
SCALE_SECONDS = 120
REQUEST_SECONDS = 60


def test_more_requests_than_one_replica_is_for_start_others_and_none_fails(checkout: Checkout) -> None:
    checkout.up()
    api = Api(checkout)
    assert "1 of 1 replicas ready" in checkout.run("status").text

    with uploads(checkout, api.url, REQUESTS) as started:
        said = status_until(checkout, "3 of 3 replicas ready")
        meanwhile = {api.ask("GET", "/api/v1/tasks").status for _ in range(6)}
        answers = Counter(finished(upload) for upload in started)

    assert "3 of 3 replicas ready" in said
    assert meanwhile == {200}
    assert answers == {201: REQUESTS}


@contextmanager
def uploads(checkout: Checkout, url: str, count: int) -> Generator[list[HTTPSConnection]]:
    """Requests of slow clients: everything is sent but the body."""
    trust = ssl.create_default_context(cafile=checkout.state / "tls" / "ca.pem")
    token, host = checkout.token(), urlsplit(url).netloc
    started = [HTTPSConnection(host, timeout=REQUEST_SECONDS, context=trust) for _ in range(count)]
    try:
        for upload in started:
            upload.putrequest("POST", "/api/v1/tasks")
            upload.putheader("Authorization", f"Bearer {token}")
            upload.putheader("Content-Type", "application/json")
            upload.putheader("Content-Length", str(len(BODY)))
            upload.endheaders()
        yield started
    finally:
        for upload in started:
            upload.close()


def finished(upload: HTTPSConnection) -> int:
    """Send the body; the status of the answer."""
    upload.send(BODY)
    with upload.getresponse() as response:
        return response.status


def test_a_message_starts_the_worker_which_goes_when_the_queue_is_empty(checkout: Checkout) -> None:
    # Azure's cooldown of five minutes, shortened; nothing else differs from what is deployed.
    with checkout.edited("components/workloads/workload.py", r'"rules": args.scale_rules,', COOLDOWN):
        checkout.up()
    until(checkout, lambda: replicas(checkout) == 0)
    (queue,) = checkout.running("queue").values()
    owner = {"issuer": checkout.outputs()["token_issuer"], "subject": "grace"}
    order = json.dumps({"owner": owner, "tasks": [{"title": "By queue"}]})

    Workload(checkout, "api").send(
        queue["address"].partition(" ")[0], ServiceBusMessage(order, subject="tasks.import", message_id="one")
    )

    api = Api(checkout, subject="grace")
    until(checkout, lambda: len(api.ask("GET", "/api/v1/tasks").body["items"]) == 1)
    until(checkout, lambda: replicas(checkout) == 0)


def replicas(checkout: Checkout) -> int:
    """How many replicas the worker has."""
    (revision,) = checkout.running("app")["ca-dme-worker-dev"]["revisions"]
    return len(revision["replicas"])


def until(checkout: Checkout, holds: Callable[[], bool]) -> None:
    """Wait until it holds; the test fails with the status at the deadline."""
    deadline = time.monotonic() + SCALE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, checkout.run("status").text
        time.sleep(0.5)


def status_until(checkout: Checkout, text: str) -> str:
    """What `make status` says as soon as it says this, or at the deadline."""
    deadline = time.monotonic() + SCALE_SECONDS
    while text not in (said := checkout.run("status").text) and time.monotonic() < deadline:
        time.sleep(0.5)
    return said
