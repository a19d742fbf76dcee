"""Real servers behind the gateway, seen by asyncpg with certificates verified and tokens for passwords."""

import asyncio
import contextlib
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # asyncpg ships no types
import psutil
import pytest
import pytest_asyncio

from localazure.errors import StateError
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from localazure.postgres.gateway import RESOURCE
from localazure.postgres.server import Endpoint, PostgresServers

pytestmark = pytest.mark.asyncio(loop_scope="module")

TENANT = "11111111-1111-1111-1111-111111111111"
MIGRATOR = Identity(client_id="c-m", object_id="aaaaaaaa-0000-0000-0000-000000000001", resource_id="/id-migrator")
API = Identity(client_id="c-a", object_id="aaaaaaaa-0000-0000-0000-000000000002", resource_id="/id-api")
VERSION = 17


@dataclass(frozen=True, kw_only=True)
class Cloud:
    authority: CertificateAuthority
    endpoint: Endpoint
    folder: Path
    servers: PostgresServers
    tokens: TokenSigner

    async def connect(self, identity: Identity, role: str, database: str = "digitalmee", **other: Any) -> Any:
        async def token() -> str:
            return self.tokens.issue_for(identity, resource=RESOURCE, lifetime_seconds=60)

        given: dict[str, Any] = {
            "password": token,
            "ssl": ssl.create_default_context(cafile=self.authority.bundle),
        }
        return await asyncpg.connect(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # no types
            host="127.0.0.1", port=self.endpoint.port, user=role, database=database, **given | other
        )

    def postmaster(self) -> int:
        return int((self.folder / "psql-dme" / "data" / "postmaster.pid").read_text().splitlines()[0])


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Cloud]:
    folder = tmp_path_factory.mktemp("postgres")
    authority = CertificateAuthority(folder / "authority")
    tokens = TokenSigner(folder / "tokens", TENANT)
    servers = PostgresServers(folder, authority, tokens)
    endpoint = await servers.create("psql-dme", VERSION)
    await servers.create_database("psql-dme", "too-early")
    await servers.set_administrator("psql-dme", "id-migrator", MIGRATOR.object_id)
    await servers.create_database("psql-dme", "digitalmee")
    made = Cloud(authority=authority, endpoint=endpoint, folder=folder, servers=servers, tokens=tokens)
    administrator = await made.connect(MIGRATOR, "id-migrator", "postgres")
    create = "SELECT pgaadauth_create_principal_with_oid($1, $2, 'service', false, false)"
    assert await administrator.fetchval(create, "id-api", API.object_id) == "Created role for id-api"
    await administrator.close()
    yield made
    await servers.stop_all()


async def test_the_nearest_version_runs_and_is_named(cloud: Cloud) -> None:
    connection = await cloud.connect(MIGRATOR, "id-migrator")
    running = await connection.fetchval("SHOW server_version")
    await connection.close()
    assert running.startswith(cloud.endpoint.version)


async def test_the_administrator_migrates_and_the_service_only_uses(cloud: Cloud) -> None:
    administrator = await cloud.connect(MIGRATOR, "id-migrator")
    await administrator.execute('CREATE TABLE task (id int); GRANT SELECT, INSERT ON task TO "id-api"')
    service = await cloud.connect(API, "id-api")
    await service.execute("INSERT INTO task VALUES (7)")
    assert await service.fetchval("SELECT id FROM task") == 7
    for forbidden in ("DROP TABLE task", "CREATE TABLE mine (id int)", "CREATE DATABASE mine"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute(forbidden)
    await service.close()
    await administrator.execute("DROP TABLE task")
    await administrator.close()


async def test_a_database_made_before_the_administrator_is_of_no_use(cloud: Cloud) -> None:
    connection = await cloud.connect(MIGRATOR, "id-migrator", "too-early")
    for forbidden in ("CREATE TABLE task (id int)", "CREATE SCHEMA migration"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(forbidden)
    await connection.close()


async def test_an_administrator_is_no_superuser_and_sees_no_files(cloud: Cloud) -> None:
    connection = await cloud.connect(MIGRATOR, "id-migrator", "postgres")
    for forbidden in ("SELECT pg_read_file('/etc/passwd')", "CREATE ROLE root SUPERUSER", "SET ROLE azuresu"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(forbidden)
    await connection.close()


async def test_only_administrators_create_principals(cloud: Cloud) -> None:
    service = await cloud.connect(API, "id-api", "postgres")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(
            f"SELECT pgaadauth_create_principal_with_oid('x', '{API.object_id}', 'service', true, false)"
        )
    await service.close()


async def test_the_mapping_is_the_security_label_and_goes_with_the_role(cloud: Cloud) -> None:
    connection = await cloud.connect(MIGRATOR, "id-migrator", "postgres")
    object_id = "aaaaaaaa-0000-0000-0000-00000000000f"
    await connection.execute(
        f"SELECT pgaadauth_create_principal_with_oid('id-brief', '{object_id}', 'service', false, false)"
    )
    listed = await connection.fetch("SELECT rolename, isadmin FROM pgaadauth_list_principals(false) ORDER BY 1")
    assert [tuple(row) for row in listed] == [("id-api", 0), ("id-brief", 0), ("id-migrator", 1)]
    label = "SELECT label FROM pg_seclabels WHERE provider = 'pgaadauth' AND objname LIKE '%id-brief%'"
    assert await connection.fetchval(label) == f"aadauth,oid={object_id},type=service"
    await connection.execute('DROP ROLE "id-brief"; CREATE ROLE "id-brief" LOGIN')
    assert await connection.fetchval(label) is None
    await connection.execute('DROP ROLE "id-brief"')
    await connection.close()


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"lifetime_seconds": -1}, "An error occurred while validating the access token"),
        ({"audience": "https://vault.azure.net"}, "does not have a valid audience claim"),
        ({"issuer": "https://login.microsoftonline.com/other/v2.0"}, "An error occurred while validating"),
        ({"oid": API.object_id}, 'password authentication failed for user "id-migrator"'),
    ],
    ids=["expired", "wrong-audience", "wrong-issuer", "wrong-object"],
)
async def test_a_token_that_does_not_fit_is_refused(cloud: Cloud, changed: dict[str, Any], text: str) -> None:
    fitting: dict[str, Any] = {
        "audience": RESOURCE,
        "issuer": f"https://sts.windows.net/{TENANT}/",
        "lifetime_seconds": 60,
        "oid": MIGRATOR.object_id,
        "subject": MIGRATOR.object_id,
    }
    (await cloud.connect(MIGRATOR, "id-migrator", password=cloud.tokens.issue(**fitting))).terminate()
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match=text):
        await cloud.connect(MIGRATOR, "id-migrator", password=cloud.tokens.issue(**fitting | changed))


async def test_a_forged_token_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    forger = TokenSigner(tmp_path, TENANT)
    token = forger.issue_for(MIGRATOR, resource=RESOURCE, lifetime_seconds=60)
    for password in (token, "hunter2", ""):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="validating the access token"):
            await cloud.connect(MIGRATOR, "id-migrator", password=password)


@pytest.mark.parametrize("role", ["azuresu", "azure_pg_admin", "id-unknown"])
async def test_a_role_without_an_entra_object_cannot_log_in(cloud: Cloud, role: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError, match=f'failed for user "{role}"'):
        await cloud.connect(MIGRATOR, role)


async def test_a_connection_without_encryption_is_refused(cloud: Cloud) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match=r"no pg_hba\.conf .* no encryption"):
        await cloud.connect(MIGRATOR, "id-migrator", ssl=False)


async def test_a_client_that_does_not_trust_the_authority_does_not_connect(cloud: Cloud) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await cloud.connect(MIGRATOR, "id-migrator", ssl=ssl.create_default_context())


@pytest.mark.parametrize(
    ("nonsense", "answer"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b""),
        (b"\x7f\xff\xff\xff\0\3\0\0", b""),
        (b"\0\0\0\x08\x04\xd2\x16\x2f" + b"stuffed before the encryption", b"S"),
    ],
    ids=["http", "too-long", "stuffed"],
)
async def test_bytes_that_are_no_startup_message_end_the_session(cloud: Cloud, nonsense: bytes, answer: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", cloud.endpoint.port)
    writer.write(nonsense)
    seen = b""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionResetError):
            while byte := await reader.read(1):
                seen += byte
    writer.close()
    assert seen[:1] == answer


async def test_a_running_statement_can_be_cancelled_through_the_gateway(cloud: Cloud) -> None:
    connection = await cloud.connect(API, "id-api")
    with pytest.raises(TimeoutError):
        await connection.execute("SELECT pg_sleep(60)", timeout=0.05)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def test_a_large_result_passes_whole(cloud: Cloud) -> None:
    connection = await cloud.connect(API, "id-api")
    assert len(await connection.fetchval("SELECT repeat('x', 5000000)")) == 5_000_000
    await connection.close()


async def test_psql_connects_with_a_token_for_a_password(cloud: Cloud) -> None:
    token = cloud.tokens.issue_for(API, resource=RESOURCE, lifetime_seconds=60)
    target = f"host=127.0.0.1 port={cloud.endpoint.port} user=id-api dbname=digitalmee sslmode=verify-full"
    environment = {**os.environ, "PGPASSWORD": token, "PGSSLROOTCERT": str(cloud.authority.bundle)}
    process = await asyncio.create_subprocess_exec(
        "psql", target, "-Atc", "SELECT current_user", env=environment, stdout=subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 20)
    assert said == b"id-api\n"


async def test_the_server_is_reachable_by_its_private_socket_only(cloud: Cloud) -> None:
    server = psutil.Process(cloud.postmaster())
    assert [c for c in server.net_connections("inet") if c.status == psutil.CONN_LISTEN] == []
    assert server.uids().effective != 0 or os.geteuid() != 0


async def test_a_killed_server_comes_back_with_its_data(cloud: Cloud) -> None:
    administrator = await cloud.connect(MIGRATOR, "id-migrator")
    await administrator.execute("CREATE TABLE kept AS SELECT 42 AS id")
    killed = cloud.postmaster()
    os.kill(killed, signal.SIGKILL)
    administrator.terminate()
    async with asyncio.timeout(30):
        while True:
            try:
                administrator = await cloud.connect(MIGRATOR, "id-migrator")
                break
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)
    assert await administrator.fetchval("SELECT id FROM kept") == 42
    assert cloud.postmaster() != killed
    await administrator.execute("DROP TABLE kept")
    await administrator.close()


async def test_a_stopped_server_starts_again_on_its_port_with_its_data(cloud: Cloud) -> None:
    administrator = await cloud.connect(MIGRATOR, "id-migrator")
    await administrator.execute("CREATE TABLE kept AS SELECT 42 AS id")
    await administrator.close()
    await cloud.servers.stop_all()
    assert await cloud.servers.create("psql-dme", VERSION) == cloud.endpoint
    administrator = await cloud.connect(MIGRATOR, "id-migrator")
    assert await administrator.fetchval("SELECT id FROM kept") == 42
    await administrator.execute("DROP TABLE kept")
    await administrator.close()


_DAEMON = """
import asyncio, pathlib, sys
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.postgres.server import PostgresServers

async def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    servers = PostgresServers(folder, CertificateAuthority(folder), TokenSigner(folder, "t"))
    await servers.create("psql-dme", 17)
    print("up", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_server_dies_with_its_daemon_and_its_data_serves_the_next(tmp_path: Path) -> None:
    daemon = await asyncio.create_subprocess_exec(sys.executable, "-c", _DAEMON, str(tmp_path), stdout=subprocess.PIPE)
    assert daemon.stdout is not None
    assert await asyncio.wait_for(daemon.stdout.readline(), 30) == b"up\n"
    pidfile = tmp_path / "psql-dme" / "data" / "postmaster.pid"
    orphan = psutil.Process(int(pidfile.read_text().splitlines()[0]))
    daemon.kill()
    await daemon.wait()
    await asyncio.to_thread(psutil.wait_procs, [orphan], 20)
    assert not orphan.is_running()
    servers = PostgresServers(tmp_path, CertificateAuthority(tmp_path), TokenSigner(tmp_path, "t"))
    await servers.create("psql-dme", VERSION)
    await servers.drop("psql-dme")


async def test_a_taken_port_is_named(cloud: Cloud) -> None:
    with pytest.raises(StateError, match=f"cannot listen on 127.0.0.1:{cloud.endpoint.port}"):
        await cloud.servers.create("psql-other", VERSION, cloud.endpoint.port)


async def test_a_dropped_server_leaves_no_process_and_no_file(cloud: Cloud) -> None:
    await cloud.servers.create("psql-brief", VERSION)
    postmaster = int((cloud.folder / "psql-brief" / "data" / "postmaster.pid").read_text().splitlines()[0])
    await cloud.servers.drop("psql-brief")
    assert not psutil.pid_exists(postmaster)
    assert not (cloud.folder / "psql-brief").exists()


async def test_a_removed_administrator_cannot_log_in_and_can_be_made_again(cloud: Cloud) -> None:
    other = Identity(client_id="c", object_id="aaaaaaaa-0000-0000-0000-00000000000e", resource_id="/id")
    await cloud.servers.set_administrator("psql-dme", "id-other", other.object_id)
    connection = await cloud.connect(other, "id-other", "postgres")
    await connection.execute("CREATE DATABASE owned")
    await connection.close()
    await cloud.servers.remove_administrator("psql-dme", "id-other")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await cloud.connect(other, "id-other", "postgres")
    await cloud.servers.set_administrator("psql-dme", "id-other", MIGRATOR.object_id)
    connection = await cloud.connect(MIGRATOR, "id-other", "postgres")
    await connection.execute("DROP DATABASE owned")
    await connection.execute("CREATE DATABASE made")
    await connection.close()
    await cloud.servers.drop_database("psql-dme", "made")


async def test_a_database_is_created_once_and_dropped_with_its_sessions(cloud: Cloud) -> None:
    first = await cloud.servers.create_database("psql-dme", "brief", "UTF8", "C.UTF-8")
    assert first == await cloud.servers.create_database("psql-dme", "brief", "UTF8", "C.UTF-8")
    session = await cloud.connect(API, "id-api", "brief")
    await cloud.servers.drop_database("psql-dme", "brief")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await session.fetchval("SELECT 1")
    session.terminate()


@pytest.mark.parametrize("name", ["..", "UPPER", "a", "-psql", "a/b"])
async def test_a_malformed_server_name_is_refused(cloud: Cloud, name: str) -> None:
    for change in (cloud.servers.create(name, VERSION), cloud.servers.drop(name)):
        with pytest.raises(StateError, match="expected 3-63"):
            await change
