"""The ingress: real TLS, real replicas; Azure's own edge (HTTP/2, Envoy's buffers) is not shown here."""

import asyncio
import gzip
import io
import json
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from containers_harness import Front, container, eventually, get, logs_below, post, revision_spec

from localazure.containers.errors import PortTakenError
from localazure.containers.ingress import Ingress
from localazure.containers.revision import Revision
from localazure.containers.spec import Digest, RevisionSpec
from localazure.containers.turns import WeightedTurns

MakeRevision = Callable[[RevisionSpec], Revision]


@pytest.fixture
async def start(build: Callable[[str], Digest], revision_of: MakeRevision) -> Callable[..., asyncio.Future[Revision]]:
    async def started(version: str, *, replicas: int = 1) -> Revision:
        revision = revision_of(revision_spec(container(build(version)), min_replicas=replicas))
        await revision.start(timeout_seconds=20)
        return revision

    return lambda *args, **kwargs: asyncio.ensure_future(started(*args, **kwargs))


Start = Callable[..., asyncio.Future[Revision]]


async def test_requests_are_split_exactly_by_weight(front: Front, start: Start) -> None:
    front.ingress.route([(80, await start("old")), (20, await start("new")), (0, await start("never"))])

    versions = Counter([await front.text("/version") for _ in range(100)])

    assert versions == {"old": 80, "new": 20}


async def test_a_revision_deals_requests_evenly_to_its_ready_replicas(front: Front, start: Start) -> None:
    revision = await start("1", replicas=2)
    front.ingress.route([(100, revision)])

    replicas = Counter([await front.text("/replica") for _ in range(10)])
    await post(revision.ready[0], "/fail", "/ready")
    await eventually(lambda: len(revision.ready) == 1)
    left = {await front.text("/replica") for _ in range(4)}

    assert sorted(replicas.values()) == [5, 5]
    assert len(left) == 1


async def test_a_share_of_a_revision_that_does_not_run_is_503(front: Front, start: Start) -> None:
    front.ingress.route([(1, await start("1")), (1, None)])

    statuses: list[int] = []
    for _ in range(4):
        async with front.client.get("/") as response:
            statuses.append(response.status)

    assert sorted(statuses) == [200, 200, 503, 503]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
async def test_a_request_for_a_name_that_is_not_its_own_is_404_and_reaches_nobody(
    front: Front, start: Start, host: str
) -> None:
    front.ingress.route([(100, await start("1"))])

    async with front.client.get("/version", headers={"Host": host.format(port=front.ingress.port)}) as response:
        stranger = response.status, await response.text()
    async with front.client.get("/version", headers={"Host": f"LocalHost:{front.ingress.port}"}) as response:
        own = response.status

    assert stranger == (404, "Error 404 - This Container App is stopped or does not exist")
    assert own == 200


async def test_a_client_that_is_not_admitted_gets_403(front: Front, start: Start) -> None:
    front.ingress.route([(100, await start("1"))])
    asked: list[str] = []

    front.ingress.admit(lambda address: bool(asked.append(address)))
    async with front.client.get("/") as response:
        assert (response.status, await response.text()) == (403, "RBAC: access denied")
    front.ingress.admit(lambda _: True)

    assert asked == ["127.0.0.1"]
    assert await front.text("/version") == "1"


async def test_without_a_ready_replica_the_answer_is_503(front: Front, start: Start) -> None:
    stopped = await start("1")
    await stopped.stop()

    for shares in [], [(100, stopped)]:
        front.ingress.route(shares)
        async with front.client.get("/") as response:
            assert (response.status, await response.text()) == (503, "no healthy upstream\n")


async def test_a_revision_without_replicas_is_called_and_a_request_waits_no_longer_than_its_time(
    trust: ssl.SSLContext, tls: ssl.SSLContext, revision_of: MakeRevision, digest: Digest
) -> None:
    revision = revision_of(revision_spec(container(digest)))
    await revision.start(timeout_seconds=20)
    await revision.scale(0, timeout_seconds=20)
    ingress = Ingress("shop", tls=tls, hold_seconds=0.1)
    await ingress.start()
    ingress.route([(100, revision)])

    async with aiohttp.ClientSession() as client, client.get(f"https://{ingress.address}", ssl=trust) as response:
        assert response.status == 503
    await ingress.close()

    assert revision.called.is_set()
    assert revision.held == 0


async def test_a_request_that_waits_for_a_revision_that_is_replaced_goes_to_the_next_one(
    front: Front, start: Start
) -> None:
    asleep, new = await start("old", replicas=0), await start("new")
    await asleep.scale(0, timeout_seconds=20)
    front.ingress.route([(100, asleep)])
    waiting = asyncio.create_task(front.text("/version"))
    await eventually(lambda: asleep.held == 1)

    front.ingress.route([(100, new)])
    await asleep.stop()

    assert await waiting == "new"


async def test_a_request_refused_by_one_replica_is_answered_by_another(front: Front, start: Start) -> None:
    revision = await start("1", replicas=2)
    front.ingress.route([(100, revision)])
    await post(revision.ready[0], "/exit", "1")

    bodies: list[str] = []
    for number in range(4):  # readiness has not noticed yet, or it has: no request fails either way
        async with front.client.post("/", data=f"{number}") as response:
            bodies.append(await response.text())

    assert bodies == ["0", "1", "2", "3"]


async def test_headers_pass_end_to_end_and_the_hop_is_named(front: Front, start: Start) -> None:
    front.ingress.route([(100, await start("1"))])
    sent = {
        "Authorization": "Bearer x",
        "Connection": "X-Hop",
        "X-Hop": "dropped",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "http",
        "Cookie": "c=3",
    }

    async with front.client.get("/headers?q=%2F", headers=sent) as response:
        received = {name.lower(): value for name, value in json.loads(await response.text())}
        cookies = response.headers.getall("Set-Cookie")

    assert cookies == ["a=1", "b=2"]
    assert "x-hop" not in received
    names = ("authorization", "cookie", "host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")
    assert [received[name] for name in names] == [
        "Bearer x",
        "c=3",
        front.ingress.address,
        "203.0.113.9, 127.0.0.1",
        front.ingress.address,
        "https",
    ]


async def test_the_longest_token_passes(front: Front, start: Start) -> None:
    front.ingress.route([(100, await start("1"))])
    sent = {"Authorization": "Bearer " + "x" * 16_384}

    async with front.client.get("/headers?q=" + "x" * 8192, headers=sent) as response:
        received = {name.lower(): value for name, value in json.loads(await response.text())}

    assert received["authorization"] == sent["Authorization"]


async def test_a_large_body_passes_both_ways_unchanged(front: Front, start: Start) -> None:
    front.ingress.route([(100, await start("1"))])
    body = b"0123456789abcdef" * 200_000

    async with front.client.post("/", data=io.BytesIO(body)) as response:
        assert await response.read() == body


async def test_a_client_that_asks_before_it_sends_is_told_to_continue(front: Front, start: Start) -> None:
    front.ingress.route([(100, await start("1"))])

    async with asyncio.timeout(10), front.client.post("/", data=b"body", expect100=True) as response:
        assert await response.read() == b"body"


@pytest.mark.parametrize("target", ["http://elsewhere.example/", "@elsewhere.example/", "*"])
async def test_a_request_target_other_than_a_path_is_refused(
    front: Front, start: Start, trust: ssl.SSLContext, target: str
) -> None:
    front.ingress.route([(100, await start("1"))])
    reader, writer = await asyncio.open_connection("127.0.0.1", front.ingress.port, ssl=trust)

    head = f"GET {target} HTTP/1.1\r\nHost: {front.ingress.address}"
    writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode())
    status = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    await writer.wait_closed()

    assert b" 400 " in status


async def test_a_compressed_body_stays_compressed_on_its_way(front: Front, start: Start) -> None:
    front.ingress.route([(100, await start("1"))])
    packed, headers = gzip.compress(b"plain"), {"Content-Encoding": "gzip"}

    async with front.client.post("/", data=packed, headers=headers) as response:
        assert (response.headers["Content-Length"], await response.read()) == (f"{len(packed)}", b"plain")


async def test_an_event_arrives_before_the_next_one_is_made(front: Front, start: Start) -> None:
    revision = await start("1")
    front.ingress.route([(100, revision)])

    async with front.client.get("/stream") as response:
        first = await asyncio.wait_for(response.content.readuntil(b"\n\n"), 10)
        await post(revision.ready[0], "/release")
        second = await asyncio.wait_for(response.content.readuntil(b"\n\n"), 10)

    assert (first, second) == (b"data: first\n\n", b"data: second\n\n")


async def test_a_client_that_leaves_ends_the_request_to_the_replica(front: Front, start: Start) -> None:
    revision = await start("1")
    front.ingress.route([(100, revision)])
    await post(revision.ready[0], "/release")

    async with front.client.get("/stream") as response:
        await response.content.readuntil(b"\n\n")
        response.close()

    async def cut() -> bool:
        return await get(revision.ready[0], "/cut") == "True"

    await eventually(cut)
    assert await front.ingress.drained(revision, timeout_seconds=10)


async def test_a_client_that_leaves_while_the_replica_is_silent_is_not_waited_for(front: Front, start: Start) -> None:
    revision = await start("1")
    front.ingress.route([(100, revision)])
    request = asyncio.create_task(front.text("/slow"))
    await eventually(lambda: revision.in_flight == 1)

    request.cancel()

    assert await front.ingress.drained(revision, timeout_seconds=10)


async def test_a_replica_that_dies_within_an_answer_breaks_the_connection(front: Front, start: Start) -> None:
    front.ingress.route([(100, await start("1"))])

    async with front.client.get("/die-within-body") as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_request_without_an_answer_is_a_502_and_is_not_repeated(
    front: Front, start: Start, tmp_path: Path
) -> None:
    front.ingress.route([(100, await start("1", replicas=2))])

    async with front.client.get("/hang-up") as response:
        assert response.status == 502

    assert "".join(logs_below(tmp_path)).count("hung up") == 1


async def test_an_upgrade_is_refused_openly(front: Front) -> None:
    async with front.client.get("/", headers={"Upgrade": "websocket"}) as response:
        assert response.status == 501


async def test_a_switch_of_revisions_loses_no_request(front: Front, start: Start) -> None:
    old, new = await start("old"), await start("new")
    front.ingress.route([(100, old)])
    slow = asyncio.create_task(front.text("/slow"))
    await eventually(lambda: old.in_flight == 1)
    stream = [asyncio.create_task(front.text("/version")) for _ in range(20)]

    front.ingress.route([(100, new)])
    still = await front.ingress.drained(old, timeout_seconds=0.05)
    address, stopping = old.ready[0], asyncio.create_task(old.stop())
    await eventually(lambda: old.ready == [])
    leaving = await front.ingress.drained(old, timeout_seconds=0.05)
    stream += [asyncio.create_task(front.text("/version")) for _ in range(20)]
    await post(address, "/release")
    await stopping

    assert (still, leaving) == (False, False)
    assert await slow == "released True"
    assert set(await asyncio.gather(*stream)) <= {"old", "new"}
    assert await front.ingress.drained(old, timeout_seconds=0)


async def test_a_taken_port_is_named(front: Front, tls: ssl.SSLContext) -> None:
    with pytest.raises(PortTakenError, match=f"ingress of shop: port {front.ingress.port} on 127.0.0.1"):
        await Ingress("shop", tls=tls, port=front.ingress.port).start()


async def test_a_closed_ingress_frees_its_port(tls: ssl.SSLContext) -> None:
    ingress = Ingress("shop", tls=tls)
    await ingress.start()

    await ingress.close()

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", ingress.port)) != 0


def test_turns_are_exact_in_every_run_and_spread_evenly() -> None:
    turns = WeightedTurns([(5, "a"), (1, "b"), (1, "c")])

    assert "".join(turns.next() or "" for _ in range(14)) == "aabacaa" * 2


async def test_a_negative_weight_is_refused_and_the_route_stays(front: Front, start: Start) -> None:
    revision = await start("1")
    front.ingress.route([(100, revision)])

    with pytest.raises(ValueError, match=r"at least 0, got \[101, -1\]"):
        front.ingress.route([(101, revision), (-1, revision)])

    assert await front.text("/version") == "1"
