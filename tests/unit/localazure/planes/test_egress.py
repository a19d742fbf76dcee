"""Users' tokens and the way to their issuer: discovery and keys through the proxy, as a workload fetches them."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio
from aiohttp import ClientHttpProxyError, ClientSession

from localazure.errors import StateError
from localazure.planes.egress import EgressProxy
from localazure.planes.issuer import HOSTS, OpenIdIssuer
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner

ISSUERS = (
    "https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/v2.0",
    "https://digitalme.ciamlogin.com/22222222-2222-2222-2222-222222222222/v2.0",
)


@dataclass(frozen=True, kw_only=True)
class Cloud:
    bundle: Path
    issuer: OpenIdIssuer
    proxy: str

    async def fetch(self, address: str) -> Any:
        context = ssl.create_default_context(cafile=self.bundle)
        async with ClientSession() as session, session.get(address, proxy=self.proxy, ssl=context) as response:
            assert response.status == 200
            return await response.json()

    async def say(self, request: bytes) -> str:
        host, port = self.proxy.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        return answer.decode()


@pytest_asyncio.fixture
async def cloud(tmp_path: Path) -> AsyncGenerator[Cloud]:
    authority = CertificateAuthority(tmp_path)
    issuer = OpenIdIssuer(TokenSigner(tmp_path, "tenant"))
    port = await issuer.start(authority.server_context(*HOSTS))
    proxy = EgressProxy(dict.fromkeys(HOSTS, port))
    yield Cloud(bundle=authority.bundle, issuer=issuer, proxy=await proxy.start())
    await proxy.stop()
    await issuer.stop()


@pytest.mark.parametrize("issuer", ISSUERS)
async def test_a_minted_token_verifies_with_what_discovery_leads_to(cloud: Cloud, issuer: str) -> None:
    token = cloud.issuer.mint(
        issuer=issuer, audience="api://digitalme", subject="ada", roles=["Reader"], lifetime_seconds=60
    )
    discovered = await cloud.fetch(f"{issuer}/.well-known/openid-configuration")
    assert discovered["issuer"] == issuer
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("at+jwt", "RS256")
    key = jwt.PyJWKSet.from_dict(await cloud.fetch(discovered["jwks_uri"]))[header["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="api://digitalme", issuer=issuer)
    assert (claims["sub"], claims["roles"], claims["ver"]) == ("ada", ["Reader"], "2.0")
    assert claims["exp"] - claims["nbf"] == 60


@pytest.mark.parametrize("host", ["example.org", "login.microsoftonline.com.evil.org", "ciamlogin.com", "127.0.0.1"])
async def test_the_way_to_any_other_host_is_closed(cloud: Cloud, host: str) -> None:
    with pytest.raises(ClientHttpProxyError) as refused:
        await cloud.fetch(f"https://{host}/")
    assert refused.value.status == 502
    answer = await cloud.say(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.endswith(f"\r\n\r\nthe embedded Azure does not let traffic out: {host}\n")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("CONNECT login.microsoftonline.com:80", "502"),
        ("CONNECT login.microsoftonline.com", "502"),
        ("GET http://login.microsoftonline.com/", "403"),
        ("GET /", "403"),
        ("x" * 20000, "431"),
    ],
)
async def test_what_is_no_https_tunnel_is_refused(cloud: Cloud, request_line: str, status: str) -> None:
    answer = await cloud.say(f"{request_line} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ")


async def test_an_issuer_that_is_down_is_named(cloud: Cloud) -> None:
    await cloud.issuer.stop()
    answer = await cloud.say(b"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\n\r\n")
    assert "the embedded login.microsoftonline.com does not answer" in answer


async def test_stopping_ends_open_tunnels_on_both_sides() -> None:
    ended = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        ended.set()

    upstream = await asyncio.start_server(hold, "127.0.0.1", 0)
    proxy = EgressProxy({"held.example": upstream.sockets[0].getsockname()[1]})
    host, port = (await proxy.start()).removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"CONNECT held.example:443 HTTP/1.1\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    await proxy.stop()
    async with asyncio.timeout(10):
        assert await reader.read() == b""
        await ended.wait()
    writer.close()
    upstream.close()


async def test_a_taken_port_is_named(cloud: Cloud) -> None:
    taken = int(cloud.proxy.rpartition(":")[2])
    with pytest.raises(StateError, match=f"127.0.0.1:{taken}"):
        await EgressProxy({}).start(taken)
