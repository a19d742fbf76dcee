"""A real token issuer on loopback, over TLS: discovery, keys and tokens."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import jwt
import trustme
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from app.contract import TokenAlgorithm

ALGORITHMS = (TokenAlgorithm.RS256, TokenAlgorithm.ES256)
"""What its keys sign with."""
AUDIENCE = "api://digitalme"

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kid: str, **members: Any) -> dict[str, Any]:
    """Describe the public half as a JSON Web Key."""
    if isinstance(key, rsa.RSAPrivateKey):
        described = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        described = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**described, "kid": kid, "use": "sig", **members}


class Issuer:
    """Answers what a test tells it to and counts what it was asked."""

    def __init__(self, authority: trustme.CA) -> None:
        self.authority = authority
        self.url = ""
        self.keys = [public_key(RSA_KEY, "rsa"), public_key(EC_KEY, "ec")]
        self.named_issuer: str | None = None
        self.fetches = 0
        self.down = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = asyncio.Event()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Make the claims of a good access token; None takes a claim away."""
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 600, "scp": "Tasks.ReadWrite"}
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def token(
        self, *, headers: dict[str, Any] | None = None, key: Any = RSA_KEY, algorithm: str = "RS256", **changes: Any
    ) -> str:
        """Sign a token, good but for the changes."""
        return jwt.encode(self.claims(**changes), key, algorithm=algorithm, headers={"kid": "rsa", **(headers or {})})

    async def discovery(self, _request: web.Request) -> web.Response:
        self.fetches += 1
        self.asked.set()
        await self.answers.wait()
        if self.down:
            return web.Response(status=503)
        return web.json_response({"issuer": self.named_issuer or self.url, "jwks_uri": f"{self.url}/keys"})

    async def key_set(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": self.keys})

    def session(self) -> aiohttp.ClientSession:
        """Open a session that trusts the issuer."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType] - also takes pyOpenSSL's
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))


@asynccontextmanager
async def open_issuer(authority: trustme.CA | None = None) -> AsyncGenerator[Issuer]:
    """Serve an issuer."""
    issuer = Issuer(authority or trustme.CA())
    server = web.Application()
    server.router.add_get("/.well-known/openid-configuration", issuer.discovery)
    server.router.add_get("/keys", issuer.key_set)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType] - as above
    runner = web.AppRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    issuer.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield issuer
    finally:
        await runner.cleanup()
