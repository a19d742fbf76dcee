"""Real servers behind the gateway, seen by the official client with certificates verified and tokens for passwords."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
import redis.asyncio
from redis import CredentialProvider, exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from localazure.errors import StateError
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from localazure.redis.gateway import RESOURCE
from localazure.redis.server import Memory
from localazure.redis.servers import RedisServers

pytestmark = pytest.mark.asyncio(loop_scope="module")

TENANT = "11111111-1111-1111-1111-111111111111"
API = Identity(client_id="c-a", object_id="aaaaaaaa-0000-0000-0000-000000000001", resource_id="/id-api")
OTHER = Identity(client_id="c-o", object_id="aaaaaaaa-0000-0000-0000-000000000002", resource_id="/id-other")
MEMORY = Memory(limit_bytes=0, policy="allkeys-lru")


class Entra(CredentialProvider):
    """A managed identity as the client sees it: its object id and a fresh token."""

    def __init__(self, user: str, token: str) -> None:
        self._user, self._token = user, token

    async def get_credentials_async(self) -> tuple[str, str]:
        return self._user, self._token


def _redis(**options: Any) -> Any:
    """A client that tries once; untyped, as its commands are."""
    return redis.asyncio.Redis(host="127.0.0.1", socket_timeout=30, retry=Retry(NoBackoff(), 0), **options)


@dataclass(frozen=True, kw_only=True)
class Cloud:
    authority: CertificateAuthority
    folder: Path
    port: int
    servers: RedisServers
    tokens: TokenSigner

    def token(self, identity: Identity = API, *, resource: str = RESOURCE, seconds: int = 600) -> str:
        return self.tokens.issue_for(identity, resource=resource, lifetime_seconds=seconds)

    @asynccontextmanager
    async def client(
        self, token: str | None = None, *, user: str = API.object_id, protocol: int = 2
    ) -> AsyncGenerator[Any]:
        client = _redis(
            port=self.port,
            ssl=True,
            ssl_ca_certs=str(self.authority.bundle),
            credential_provider=Entra(user, token or self.token()),
            protocol=protocol,
            decode_responses=True,
        )
        try:
            yield client
        finally:
            await client.aclose()

    async def process(self) -> psutil.Process:
        async with self.client() as client:
            return psutil.Process((await client.info("server"))["process_id"])


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Cloud]:
    folder = tmp_path_factory.mktemp("redis")
    authority, tokens = CertificateAuthority(folder / "authority"), TokenSigner(folder / "tokens", TENANT)
    servers = RedisServers(folder / "servers", authority, tokens)
    port = await servers.create("amr-dme", MEMORY)
    await servers.admit("amr-dme", API.object_id.upper())
    yield Cloud(authority=authority, folder=folder, port=port, servers=servers, tokens=tokens)
    await servers.stop_all()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_the_official_client_works_with_a_token_for_a_password(cloud: Cloud, protocol: int) -> None:
    async with cloud.client(protocol=protocol) as client:
        await client.set("key", "value", ex=60)
        async with client.pipeline() as pipeline:
            answers = await pipeline.incr("count").get("key").hset("map", mapping={"a": "1"}).hgetall("map").execute()
        assert answers == [1, "value", 1, {"a": "1"}]
        await client.delete("key", "count", "map")


async def test_a_large_value_passes_whole(cloud: Cloud) -> None:
    value = "x" * 5_000_000
    async with cloud.client() as client:
        await client.set("large", value)
        assert await client.get("large") == value
        await client.delete("large")


async def test_messages_reach_a_subscriber(cloud: Cloud) -> None:
    async with cloud.client(protocol=3) as client, client.pubsub() as listener:
        await listener.subscribe("news")
        async with asyncio.timeout(30):
            while (message := await listener.get_message(timeout=30)) is None or message["type"] != "subscribe":
                pass
            await client.publish("news", "here")
            while (message := await listener.get_message(timeout=30)) is None or message["type"] != "message":
                pass
        assert message["data"] == "here"


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("bad", ["expired", "other audience", "other tenant's key", "another's token", "no token"])
async def test_a_bad_token_is_refused_in_the_words_of_redis(cloud: Cloud, bad: str, protocol: int) -> None:
    stranger = TokenSigner(cloud.folder / "stranger", TENANT)
    token = {
        "expired": cloud.token(seconds=-1),
        "other audience": cloud.token(resource="https://vault.azure.net"),
        "other tenant's key": stranger.issue_for(API, resource=RESOURCE, lifetime_seconds=600),
        "another's token": cloud.token(OTHER),
        "no token": "password",
    }[bad]
    with pytest.raises(exceptions.AuthenticationError, match="invalid username-password pair"):
        async with cloud.client(token, protocol=protocol) as client:
            await client.ping()


async def test_an_identity_without_an_access_policy_is_refused(cloud: Cloud) -> None:
    with pytest.raises(exceptions.AuthenticationError, match="invalid username-password pair"):
        async with cloud.client(cloud.token(OTHER), user=OTHER.object_id) as client:
            await client.ping()


async def _talk(cloud: Cloud, *commands: bytes) -> list[bytes]:
    """Send bare bytes over TLS; the first line of each answer, empty at the end of the connection."""
    context = ssl.create_default_context(cafile=cloud.authority.bundle)
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", cloud.port, ssl=context)
        answers: list[bytes] = []
        for command in commands:
            writer.write(command)
            answers.append(await reader.readline())
        writer.close()
    return answers


async def test_nothing_works_before_a_login(cloud: Cloud) -> None:
    answers = await _talk(cloud, b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n")
    assert all(answer.startswith(b"-NOAUTH ") for answer in answers)


async def test_a_login_as_the_administrator_does_not_get_round_the_gateway(cloud: Cloud) -> None:
    two, three = b"*3\r\n$4\r\nauth\r\n", b"*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n"
    who = b"$10\r\nlocalazure\r\n$3\r\nany\r\n"
    answers = await _talk(cloud, two + who, three + who)
    assert all(answer.startswith(b"-WRONGPASS ") for answer in answers)


async def test_bytes_that_are_no_command_end_the_connection(cloud: Cloud) -> None:
    answer, end = await _talk(cloud, b"GET / HTTP/1.1\r\n", b"")
    assert answer == b"-ERR Protocol error: expected '*', got 'G'\r\n"
    assert end == b""


@pytest.mark.parametrize("command", ["CONFIG GET *", "ACL LIST", "SHUTDOWN", "SAVE"])
async def test_commands_that_azure_blocks_are_refused(cloud: Cloud, command: str) -> None:
    async with cloud.client() as client:
        with pytest.raises(exceptions.NoPermissionError):
            await client.execute_command(*command.split())


async def test_there_is_one_logical_database(cloud: Cloud) -> None:
    async with cloud.client() as client:
        with pytest.raises(exceptions.ResponseError, match="out of range"):
            await client.execute_command("SELECT", 1)


async def test_a_connection_ends_when_its_token_expires_and_lives_on_with_a_new_one(cloud: Cloud) -> None:
    token = cloud.token(seconds=8)
    async with cloud.client(token) as brief, cloud.client(token) as renewed, renewed.client() as one:
        assert await brief.ping()
        assert await one.execute_command("AUTH", API.object_id, cloud.token())
        with pytest.raises(exceptions.ConnectionError):
            await brief.blpop("nothing", timeout=60)
        assert await one.ping()


async def test_a_removed_policy_ends_the_connections_of_its_identity(cloud: Cloud) -> None:
    await cloud.servers.admit("amr-dme", OTHER.object_id)
    async with cloud.client(cloud.token(OTHER), user=OTHER.object_id) as client:
        assert await client.ping()
        await cloud.servers.expel("amr-dme", OTHER.object_id)
        with pytest.raises(exceptions.RedisError):
            await client.ping()


async def test_the_eviction_policy_and_the_limit_can_change_while_it_runs(cloud: Cloud) -> None:
    changed = Memory(limit_bytes=50_000_000, policy="volatile-ttl")
    assert await cloud.servers.create("AMR-dme", changed) == cloud.port
    async with cloud.client() as client:
        memory = await client.info("memory")
    await cloud.servers.create("amr-dme", MEMORY)
    assert (memory["maxmemory"], memory["maxmemory_policy"]) == (50_000_000, "volatile-ttl")


async def test_a_client_without_encryption_or_trust_does_not_connect(cloud: Cloud) -> None:
    bare = _redis(port=cloud.port)
    with pytest.raises(exceptions.ConnectionError):
        await bare.ping()
    await bare.aclose()
    trusting_others = _redis(port=cloud.port, ssl=True)
    with pytest.raises(exceptions.ConnectionError, match="certificate verify failed"):
        await trusting_others.ping()
    await trusting_others.aclose()


async def test_the_server_is_reachable_by_its_private_socket_only(cloud: Cloud) -> None:
    process = await cloud.process()
    assert [c for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN] == []


async def test_a_killed_server_comes_back_with_its_data_and_its_users(cloud: Cloud) -> None:
    async with cloud.client() as client:
        await client.set("kept", "yes")
    killed = await cloud.process()
    os.kill(killed.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while True:
        try:
            async with cloud.client() as client:
                assert await client.get("kept") == "yes"
            break
        except exceptions.RedisError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    assert (await cloud.process()).pid != killed.pid


async def test_a_stopped_database_starts_again_on_its_port_with_its_data(cloud: Cloud) -> None:
    async with cloud.client() as client:
        await client.set("kept", "yes")
    await cloud.servers.stop_all()
    assert await cloud.servers.create("amr-dme", MEMORY) == cloud.port
    await cloud.servers.admit("amr-dme", API.object_id)
    async with cloud.client() as client:
        assert await client.get("kept") == "yes"


async def test_a_taken_port_is_named(cloud: Cloud) -> None:
    (cloud.folder / "servers" / "amr-late").mkdir()
    (cloud.folder / "servers" / "amr-late" / "server.json").write_text(f'{{"port": {cloud.port}}}')
    with pytest.raises(StateError, match=f"cannot listen on 127.0.0.1:{cloud.port}"):
        await cloud.servers.create("amr-late", MEMORY)


async def test_a_server_that_cannot_start_says_why(cloud: Cloud) -> None:
    with pytest.raises(StateError, match=r"does not start: .*maxmemory-policy"):
        await cloud.servers.create("amr-bad", Memory(limit_bytes=0, policy="nonsense"))


async def test_a_dropped_database_leaves_no_process_and_no_file(cloud: Cloud) -> None:
    await cloud.servers.create("amr-brief", MEMORY)
    [process] = [p for p in psutil.Process().children() if "redis-server" in " ".join(p.cmdline()) and _of(p, "brief")]
    await cloud.servers.drop("amr-brief")
    assert not process.is_running()
    assert not (cloud.folder / "servers" / "amr-brief").exists()
    with pytest.raises(StateError, match="no Redis database of cluster 'amr-brief' runs"):
        await cloud.servers.admit("amr-brief", API.object_id)


def _of(process: psutil.Process, name: str) -> bool:
    return process.cwd().endswith(name)


_DAEMON = """
import asyncio, pathlib, sys
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.redis.server import Memory
from localazure.redis.servers import RedisServers

async def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    servers = RedisServers(folder / "servers", CertificateAuthority(folder), TokenSigner(folder, "t"))
    await servers.create("amr-dme", Memory(limit_bytes=0, policy="noeviction"))
    print("up", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_server_dies_with_its_daemon_and_the_next_one_takes_its_place(tmp_path: Path) -> None:
    daemon = await asyncio.create_subprocess_exec(sys.executable, "-c", _DAEMON, str(tmp_path), stdout=subprocess.PIPE)
    assert daemon.stdout is not None
    assert await asyncio.wait_for(daemon.stdout.readline(), 60) == b"up\n"
    [orphan] = psutil.Process(daemon.pid).children()
    daemon.kill()
    await daemon.wait()
    await asyncio.to_thread(psutil.wait_procs, [orphan], 30)
    assert not orphan.is_running()
    servers = RedisServers(tmp_path / "servers", CertificateAuthority(tmp_path), TokenSigner(tmp_path, "t"))
    await servers.create("amr-dme", MEMORY)
    await servers.drop("amr-dme")
