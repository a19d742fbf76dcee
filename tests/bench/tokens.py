"""What the check of a token costs, remembered and not."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from app.contract import TokenAlgorithm
from app.identity.keys import SigningKeys
from app.identity.tokens import AccessTokens
from tests.bench.page import Goal, Row
from tests.unit.app.issuer import public_key

ROUNDS: Final = 30
TOKENS: Final = 200
_ISSUER: Final = "https://issuer.test/v2.0"
_AUDIENCE: Final = "api://bench"


class _OneKey(SigningKeys):
    """Keys that have been fetched: the network is not what is measured."""

    def __init__(self, key: rsa.RSAPrivateKey, http: aiohttp.ClientSession) -> None:
        super().__init__(issuer=_ISSUER, algorithms=[TokenAlgorithm.RS256], http=http)
        self._key = jwt.PyJWK(public_key(key, "one", alg="RS256"))

    async def find(self, key_id: str) -> jwt.PyJWK:  # noqa: ARG002 - it has one
        """Return the key."""
        return self._key


async def _measure() -> tuple[list[float], list[float]]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    tokens = [_token(key, number) for number in range(TOKENS)]
    full, remembered = list[float](), list[float]()
    async with aiohttp.ClientSession() as http:
        for _ in range(ROUNDS):
            access = AccessTokens(audience=_AUDIENCE, issuer=_ISSUER, keys=_OneKey(key, http))
            for times in (full, remembered):  # the second time around each of them is known
                began = time.process_time()
                for token in tokens:
                    await access.verify(token)
                times.append((time.process_time() - began) / TOKENS)
    return full, remembered


def _token(key: rsa.RSAPrivateKey, number: int) -> str:
    now = datetime.now(UTC)
    claims: dict[str, Any] = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": f"load-{number}",
        "iat": now,
        "exp": now + timedelta(hours=1),
        "roles": ["user"],
        "scp": "access",
    }
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "one"})


def cached_check() -> Row:
    """Measure both, in turns."""
    full, remembered = asyncio.run(_measure())
    ratio = statistics.median(again / first for first, again in zip(full, remembered, strict=True))
    return Row(
        what="A remembered token's check, against a full one",
        value=f"{statistics.median(remembered) * 1e6:.1f} us, in full {statistics.median(full) * 1e6:.0f} us",
        ratio=ratio,
        goal=Goal.at_most(0.2, ratio),
    )
