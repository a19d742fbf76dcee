"""Revisions of one app side by side: their own addresses by label, and what is left when one goes."""

import ssl
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace

import aiohttp
import pytest
from containers_harness import container, revision_spec

from localazure.containers.revision import Revision
from localazure.containers.running_app import OWN, RunningApp
from localazure.containers.scaler import Pace
from localazure.containers.spec import Digest, RevisionSpec

Ask = Callable[[str | None], Awaitable[tuple[int, str]]]
PACE = Pace(interval_seconds=3600)


def anybody(_: str) -> bool:
    return True


@pytest.fixture
async def app(
    tls: ssl.SSLContext, revision_of: Callable[[RevisionSpec], Revision], build: Callable[[str], Digest]
) -> AsyncGenerator[RunningApp]:
    """An app that deals its requests to v1 and v2, and those at the label `candidate` to v2."""
    running = RunningApp("shop", tls=tls, backlog=lambda _: 0)
    for version in ("v1", "v2"):
        revision = revision_of(replace(revision_spec(container(build(version))), name=f"shop--{version}"))
        await running.start(revision, replicas=1, timeout_seconds=60, pace=PACE)
    await running.listen({OWN: 0, "candidate": 0})
    await running.route({OWN: [(75, "shop--v1"), (25, "shop--v2")], "candidate": [(1, "shop--v2")]}, anybody)
    yield running
    await running.stop()


@pytest.fixture
def ask(trust: ssl.SSLContext) -> Ask:
    async def answer(address: str | None) -> tuple[int, str]:
        async with aiohttp.ClientSession() as client, client.get(f"https://{address}/version", ssl=trust) as response:
            return response.status, await response.text()

    return answer


async def test_weights_hold_at_the_own_address_and_a_label_leads_to_its_revision(app: RunningApp, ask: Ask) -> None:
    shares = Counter([await ask(app.address()) for _ in range(20)])
    labelled = {await ask(app.address("candidate")) for _ in range(3)}

    assert shares == {(200, "v1"): 15, (200, "v2"): 5}
    assert labelled == {(200, "v2")}


async def test_a_retired_revision_answers_503_until_the_weights_are_others(app: RunningApp, ask: Ask) -> None:
    await app.retire("shop--v2")
    during = Counter([(await ask(app.address()))[0] for _ in range(4)])
    await app.route({OWN: [(100, "shop--v1")]}, anybody)
    after = {await ask(app.address()) for _ in range(4)}

    assert during == {200: 3, 503: 1}
    assert after == {(200, "v1")}
    assert app.revisions == ["shop--v1"]


async def test_a_label_that_is_taken_away_closes_its_address(app: RunningApp, ask: Ask) -> None:
    gone = app.address("candidate")

    await app.route({OWN: [(100, "shop--v1")]}, anybody)

    assert app.address("candidate") is None
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(gone)


async def test_the_status_says_weight_label_and_replicas_of_each_revision(app: RunningApp) -> None:
    said = {each["name"]: each for each in app.status()}

    assert {name: each["weight"] for name, each in said.items()} == {"shop--v1": 75, "shop--v2": 25}
    assert said["shop--v2"]["labels"] == {"candidate": f"https://{app.address('candidate')}"}
    assert [replica["ready"] for replica in said["shop--v1"]["replicas"]] == [True]
