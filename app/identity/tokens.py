"""Bearer tokens to people: validation of access tokens, with a bounded memory of verified ones."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import jwt

from app.domain.errors import Unauthenticated
from app.domain.models import Principal, Role
from app.identity.keys import SigningKeys

LEEWAY_S: Final = 30
"""Clock difference to the issuer that is forgiven."""
REMEMBER_S: Final = 300.0
"""Longest time a verified token is remembered; it ends earlier with the token."""
REMEMBER_COUNT: Final = 10_000
TOKEN_MAX: Final = 16_384
"""Characters of the longest token that is looked at."""
SUBJECT_MAX: Final = 255
"""Characters of a subject (OpenID Connect Core, section 2)."""

# Exactly one spelling per token: a lenient base64 decoder would accept others, and each as another cache key.
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ACCESS_TOKEN_TYPES: Final = ("at+jwt", "application/at+jwt")
_DATES: Final = ("exp", "iat", "nbf")
_ID_TOKEN_CLAIMS: Final = ("nonce", "at_hash", "c_hash")


class AccessTokens:
    """Verifies access tokens of one issuer for one audience (RFC 8725, RFC 9068).

    Signature by a key of the issuer, with the one algorithm that counts for the key and never the token's wish; `iss`,
    `aud`, `exp`, `iat` and `sub` required; the audience is exactly ours, not a list that contains it. ID tokens are
    refused: see `_require_access_token`. Verified tokens are remembered by SHA-256; failures never are.

    Args:
        audience: The value that `aud` must equal.
        issuer: The value that `iss` must equal.
        keys: The issuer's keys.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, *, audience: str, issuer: str, keys: SigningKeys, clock: Callable[[], float] = time.time
    ) -> None:
        self._audience = audience
        self._issuer = issuer
        self._keys = keys
        self._clock = clock
        self._verified: dict[bytes, tuple[float, Principal]] = {}

    async def verify(self, token: str) -> Principal:
        """Return the person that the token proves.

        Raises:
            Unauthenticated: The token is not an access token of the issuer for the audience, or is no longer.
            Unavailable: The issuer's keys cannot be had.
        """
        digest = hashlib.sha256(token.encode()).digest()
        if (known := self._verified.get(digest)) and self._clock() < known[0]:
            return known[1]
        if len(token) > TOKEN_MAX or not _COMPACT.fullmatch(token):
            raise Unauthenticated("not a compact JWS")
        try:
            claims = await self._claims(token)
        except jwt.PyJWTError as error:
            raise Unauthenticated(repr(error)) from error
        principal = Principal(issuer=self._issuer, subject=_subject(claims), roles=_roles(claims))
        self._remember(digest, until=float(claims["exp"]), principal=principal)
        return principal

    async def _claims(self, token: str) -> Mapping[str, Any]:
        header = jwt.get_unverified_header(token)
        if not isinstance(key_id := header.get("kid"), str):
            raise Unauthenticated("the token names no key")
        key = await self._keys.find(key_id)
        claims = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=self._audience,
            issuer=self._issuer,
            leeway=LEEWAY_S,
            options={"require": ["iss", "aud", "exp", "iat", "sub"], "strict_aud": True},
        )
        _require_access_token(header, claims)
        _require_numeric_dates(claims)
        return claims

    def _remember(self, digest: bytes, *, until: float, principal: Principal) -> None:
        if len(self._verified) >= REMEMBER_COUNT:
            del self._verified[next(iter(self._verified))]
        self._verified.pop(digest, None)
        self._verified[digest] = (min(until, self._clock() + REMEMBER_S), principal)


def _require_access_token(header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """Refuse ID tokens.

    RFC 9068 marks access tokens with the type `at+jwt`. Entra marks neither kind: both are `JWT`. What tells them apart
    is `scp`, the scopes that a person delegated to a client: only access tokens have it (Microsoft's references of
    access-token and ID-token claims), and the claims that bind an ID token to its sign-in, which only ID tokens have.
    So an application's own token (`roles` without `scp`) is refused too: every route serves a person.
    """
    if (kind := header.get("typ")) in _ACCESS_TOKEN_TYPES:
        return
    scopes = claims.get("scp")
    if kind != "JWT" or not isinstance(scopes, str) or not scopes or any(c in claims for c in _ID_TOKEN_CLAIMS):
        raise Unauthenticated("not an access token")


def _require_numeric_dates(claims: Mapping[str, Any]) -> None:
    """Refuse dates that are no JSON numbers (RFC 7519 section 2): PyJWT reads texts, and `true` as the first second."""
    if any(type(claims[name]) not in (int, float) for name in _DATES if name in claims):
        raise Unauthenticated("a date is not a number")


def _subject(claims: Mapping[str, Any]) -> str:
    subject: str = claims["sub"]
    if not subject or len(subject) > SUBJECT_MAX or not subject.isprintable():
        raise Unauthenticated("the subject is empty, too long or not printable")
    return subject


def _roles(claims: Mapping[str, Any]) -> frozenset[Role]:
    """Return the roles that we know of those that the token names; others are other applications' business."""
    named = claims.get("roles", [])
    if not isinstance(named, list) or not all(isinstance(name, str) for name in cast("list[Any]", named)):
        raise Unauthenticated("the roles are not a list of names")
    return frozenset(Role(name) for name in cast("list[str]", named) if name in set(Role))
