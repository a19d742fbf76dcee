"""The public keys of one token issuer, fetched by its discovery document and kept."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.contract import TokenAlgorithm
from app.domain.errors import Unauthenticated, Unavailable

FRESH_S: Final = 900.0
"""Age after which keys are fetched again, so that a withdrawn key is gone within a quarter of an hour."""
STALE_S: Final = 86_400.0
"""Age up to which keys still count while the issuer does not answer."""
COOLDOWN_S: Final = 30.0
"""Least time between two attempts, whatever tokens ask for and whatever the last attempt brought."""
TIMEOUT_S: Final = 5.0
"""Bound on one request to the issuer, connection included."""
RSA_BITS_MIN: Final = 2048
CURVE: Final = "secp256r1"
_FITTING: Final = {"RSA": (TokenAlgorithm.RS256, TokenAlgorithm.PS256), "EC": (TokenAlgorithm.ES256,)}
"""What a key can sign with, by its type."""

_log = logging.getLogger(__name__)


class BadAnswerError(Exception):
    """The issuer answered something that cannot be used."""


class SigningKeys:
    """Finds an issuer's key by its id.

    Keys live `FRESH_S`; an unknown id or an old set is fetched again, at most once per `COOLDOWN_S`, by one caller.
    The others wait for its answer, but for those whose key is in the old set: it counts up to `STALE_S`, while the
    issuer is asked and while it fails.

    Args:
        issuer: The issuer; its discovery document must name exactly this one (OpenID Connect Discovery 4.3).
        algorithms: What tokens may be signed with, the preferred one first. A key has one of them: the one that it
            names, or else the first that fits its type. A key that none fits is not used.
        http: Session for the requests to the issuer.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        *,
        issuer: str,
        algorithms: Sequence[TokenAlgorithm],
        http: aiohttp.ClientSession,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._algorithms = algorithms
        self._http = http
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")

    async def find(self, key_id: str) -> jwt.PyJWK:
        """Return the key.

        Raises:
            Unauthenticated: The issuer has no such key.
            Unavailable: No key set could be had from the issuer.
        """
        if self._wants_fetch(key_id) and not (self._lock.locked() and self._age() <= STALE_S and key_id in self._keys):
            async with self._lock:
                if self._wants_fetch(key_id):
                    await self._refresh()
        if self._age() > STALE_S:
            raise Unavailable(f"no keys of the token issuer {self._issuer}")
        if key := self._keys.get(key_id):
            return key
        raise Unauthenticated("the token names a key that its issuer does not have")

    def _wants_fetch(self, key_id: str) -> bool:
        known = key_id in self._keys and self._age() < FRESH_S
        return not known and self._clock() - self._tried_at >= COOLDOWN_S

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    async def _refresh(self) -> None:
        try:
            self._keys = await self._fetch()
            self._fetched_at = self._clock()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, BadAnswerError) as error:
            _log.warning("keys of the token issuer not refreshed", extra={"error": repr(error)})
        # After the answer, not before: whoever comes in between waits for it, instead of being refused for a cooldown.
        self._tried_at = self._clock()

    async def _fetch(self) -> dict[str, jwt.PyJWK]:
        discovery = await self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if discovery.get("issuer") != self._issuer:
            raise BadAnswerError(f"the discovery document names the issuer {discovery.get('issuer')!r}")
        address = discovery.get("jwks_uri")
        if not isinstance(address, str) or not address.startswith("https://"):
            raise BadAnswerError(f"jwks_uri must be an https address, got {address!r}")
        return _usable_keys(await self._get(address), self._algorithms)

    async def _get(self, address: str) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        # No redirects: the addresses are the issuer's own word, and a redirect could leave https.
        async with self._http.get(address, timeout=timeout, allow_redirects=False) as response:
            if response.status != 200:  # noqa: PLR2004 - OK
                raise BadAnswerError(f"{address} answered {response.status}")
            document: Any = await response.json(content_type=None)
        if not isinstance(document, dict):
            raise BadAnswerError(f"{address} did not answer a JSON object")
        return cast("dict[str, Any]", document)


def _usable_keys(key_set: dict[str, Any], algorithms: Sequence[TokenAlgorithm]) -> dict[str, jwt.PyJWK]:
    """Keep the signature keys this service accepts, each with the one algorithm that counts for it.

    An id that several keys share proves nothing and is left out (RFC 7517 section 4.5 asks for distinct ids).
    """
    listed = key_set.get("keys")
    if not isinstance(listed, list) or not listed:  # an issuer always has a key: without any, something is broken there
        raise BadAnswerError("the key set lists no keys")
    usable: dict[str, jwt.PyJWK] = {}
    shared: set[str] = set()
    for entry in cast("list[object]", listed):
        if not isinstance(entry, dict):
            continue
        if (key := _usable_key(cast("dict[str, Any]", entry), algorithms)) and key.key_id:
            (shared.add(key.key_id) if key.key_id in usable else usable.update({key.key_id: key}))
    return {key_id: key for key_id, key in usable.items() if key_id not in shared}


def _usable_key(entry: dict[str, Any], algorithms: Sequence[TokenAlgorithm]) -> jwt.PyJWK | None:
    fitting = [one for one in algorithms if one in _FITTING.get(str(entry.get("kty")), ())]
    algorithm = next((one for one in fitting if entry.get("alg", one) == one), None)
    signs = entry.get("use", "sig") == "sig" and "verify" in entry.get("key_ops", ["verify"])
    if algorithm is None or not signs:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm=algorithm)
    except (jwt.PyJWTError, TypeError, ValueError):
        return None
    match key.key:
        case RSAPublicKey() as rsa if rsa.key_size >= RSA_BITS_MIN:
            return key
        case EllipticCurvePublicKey() as curve if curve.curve.name == CURVE:
            return key
        case _:
            return None
