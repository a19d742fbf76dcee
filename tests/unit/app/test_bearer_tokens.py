"""Tokens against a real issuer: what proves a person and what does not (RFC 8725, RFC 9068, RFC 6750)."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

import jwt
import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from app.domain.errors import Unauthenticated, Unavailable
from app.domain.models import Principal, Role
from app.identity import keys as signing
from app.identity.keys import SigningKeys
from app.identity.tokens import REMEMBER_S, AccessTokens
from tests.unit.app.issuer import AUDIENCE, EC_KEY, RSA_KEY, STRANGER_KEY, Issuer, open_issuer, public_key

WITHIN_S = 10
"""Bound on a wait."""


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.moved = 0.0

    def monotonic(self) -> float:
        return 1000.0 + self.moved

    def wall(self) -> float:
        return time.time() + self.moved


class Bench:
    """An issuer, and a verifier whose clock a test moves."""

    def __init__(self, issuer: Issuer, tokens: AccessTokens, clock: Clock) -> None:
        self.issuer, self.tokens, self.clock = issuer, tokens, clock


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def bench(authority: trustme.CA) -> AsyncGenerator[Bench]:
    async with open_issuer(authority) as issuer, issuer.session() as http:
        clock = Clock()
        keys = SigningKeys(issuer=issuer.url, http=http, clock=clock.monotonic)
        tokens = AccessTokens(audience=AUDIENCE, issuer=issuer.url, keys=keys, clock=clock.wall)
        yield Bench(issuer, tokens, clock)


def segment(value: Any) -> str:
    """Encode one part of a token by hand."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned(issuer: Issuer, algorithm: str) -> str:
    return f"{segment({'alg': algorithm, 'kid': 'rsa', 'typ': 'JWT'})}.{segment(issuer.claims())}."


def signed_with_public_key(issuer: Issuer) -> str:
    """Forge HS256 with the issuer's public key as the secret (RFC 8725 section 2.1)."""
    secret = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = f"{segment({'alg': 'HS256', 'kid': 'rsa', 'typ': 'JWT'})}.{segment(issuer.claims())}"
    return f"{body}.{segment(hmac.digest(secret, body.encode(), hashlib.sha256))}"


def zero_signature(issuer: Issuer) -> str:
    """Forge ES256 with r = s = 0 (CVE-2022-21449)."""
    return f"{segment({'alg': 'ES256', 'kid': 'ec', 'typ': 'JWT'})}.{segment(issuer.claims())}.{segment(bytes(64))}"


def changed_claims(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{segment(issuer.claims(sub='bob'))}.{signature}"


FORGED: dict[str, Callable[[Issuer], str]] = {
    "empty": lambda _: "",
    "not a token": lambda _: "hello",
    "two parts": lambda i: i.token().rpartition(".")[0],
    "five parts, as encrypted": lambda i: i.token() + ".a.b",
    "no algorithm": lambda i: unsigned(i, "none"),
    "no algorithm, mixed case": lambda i: unsigned(i, "nOnE"),
    "signature stripped": lambda i: i.token().rpartition(".")[0] + ".",
    "signature of another key": lambda i: i.token(key=STRANGER_KEY),
    "public key as a shared secret": signed_with_public_key,
    "elliptic signature of zeros": zero_signature,
    "claims changed after signing": changed_claims,
    "another RSA algorithm": lambda i: i.token(algorithm="RS512"),
    "PSS padding": lambda i: i.token(algorithm="PS256"),
    "elliptic key named by an RSA token": lambda i: i.token(headers={"kid": "ec"}),
    "RSA key named by an elliptic token": lambda i: i.token(key=EC_KEY, algorithm="ES256"),
    "unknown key": lambda i: i.token(headers={"kid": "other"}),
    "key id is a path": lambda i: i.token(headers={"kid": "../../etc/passwd"}),
    "key id is SQL": lambda i: i.token(headers={"kid": "' or 1=1 --"}),
    "key id of 10 kB": lambda i: i.token(headers={"kid": "k" * 10_000}),
    "own key in the header": lambda i: i.token(key=STRANGER_KEY, headers={"jwk": public_key(STRANGER_KEY, "rsa")}),
    "own key address in the header": lambda i: i.token(key=STRANGER_KEY, headers={"jku": "https://evil.test/keys"}),
    "critical extension": lambda i: i.token(headers={"crit": ["exp"]}),
    "expired": lambda i: i.token(exp=int(time.time()) - 61),
    "not valid yet": lambda i: i.token(nbf=int(time.time()) + 120),
    "issued in the future": lambda i: i.token(iat=int(time.time()) + 120),
    "no expiry": lambda i: i.token(exp=None),
    "no issue time": lambda i: i.token(iat=None),
    "no subject": lambda i: i.token(sub=None),
    "no audience": lambda i: i.token(aud=None),
    "no issuer": lambda i: i.token(iss=None),
    "empty subject": lambda i: i.token(sub=""),
    "subject with a null character": lambda i: i.token(sub="a\0b"),
    "subject is a number": lambda i: raw_claims(i, {**i.claims(), "sub": 7}),
    "endless expiry": lambda i: raw_claims(i, {**i.claims(), "exp": float("inf")}),
    "another audience": lambda i: i.token(aud="api://other"),
    "audience among others": lambda i: i.token(aud=[AUDIENCE, "api://other"]),
    "another issuer": lambda i: i.token(iss="https://evil.test"),
    "issuer with a slash more": lambda i: i.token(iss=i.url + "/"),
    "ID token: no scope": lambda i: i.token(scp=None),
    "ID token: nonce": lambda i: i.token(nonce="n"),
    "ID token: access token hash": lambda i: i.token(at_hash="h"),
    "scope is a list": lambda i: i.token(scp=["Tasks.ReadWrite"]),
    "token of an application": lambda i: i.token(scp=None, roles=["Tasks.ReadWrite"]),
    "another type": lambda i: i.token(headers={"typ": "logout+jwt"}),
    "white space inside": lambda i: i.token().replace(".", ". ", 1),
    "padding": lambda i: i.token() + "==",
    "longer than 16 kB": lambda i: i.token(filler="f" * 20_000),
    "header nested 10,000 deep": lambda _: f"{segment(b'[' * 10_000)}.e30.e30",
    "header is a list": lambda _: f"{segment([1])}.e30.e30",
    "nested token": lambda i: i.token(headers={"cty": "JWT"}, exp=None, sub=i.token()),
}


def raw_claims(_issuer: Issuer, claims: dict[str, Any]) -> str:
    """Sign claims that PyJWT would not encode."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), RSA_KEY, "RS256", {"kid": "rsa", "typ": "JWT"})


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
async def test_a_forged_token_proves_nobody(bench: Bench, forge: Callable[[Issuer], str]) -> None:
    with pytest.raises(Unauthenticated):
        await bench.tokens.verify(forge(bench.issuer))


GOOD: dict[str, Callable[[Issuer], str]] = {
    "of Entra": lambda i: i.token(),
    "of RFC 9068": lambda i: i.token(headers={"typ": "at+jwt"}, scp=None),
    "signed with an elliptic key": lambda i: i.token(key=EC_KEY, algorithm="ES256", headers={"kid": "ec"}),
    "expired within the leeway": lambda i: i.token(exp=int(time.time()) - 5),
}


@pytest.mark.parametrize("issue", GOOD.values(), ids=GOOD)
async def test_an_access_token_proves_its_subject_at_its_issuer(bench: Bench, issue: Callable[[Issuer], str]) -> None:
    assert await bench.tokens.verify(issue(bench.issuer)) == Principal(issuer=bench.issuer.url, subject="ada")


async def test_a_remembered_token_is_forgotten_when_it_expires(bench: Bench) -> None:
    token = bench.issuer.token(exp=int(time.time()) + 60)
    await bench.tokens.verify(token)
    bench.issuer.down, bench.clock.moved = True, signing.STALE_S + 1  # only the memory could answer now
    with pytest.raises(Unavailable):
        await bench.tokens.verify(token)


async def test_a_remembered_token_needs_no_key(bench: Bench) -> None:
    token = bench.issuer.token()
    await bench.tokens.verify(token)
    bench.issuer.down, bench.clock.moved = True, REMEMBER_S - 1
    assert (await bench.tokens.verify(token)).subject == "ada"
    assert bench.issuer.fetches == 1


@pytest.mark.parametrize("keys", [[], [public_key(RSA_KEY, "rsa")]], ids=["empty key set", "known keys"])
async def test_a_flood_of_unknown_key_ids_asks_the_issuer_once(bench: Bench, keys: list[dict[str, Any]]) -> None:
    bench.issuer.keys = keys
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await bench.tokens.verify(bench.issuer.token(headers={"kid": f"unknown-{number}"}))
    assert bench.issuer.fetches == 1


async def test_keys_outlive_an_outage_of_the_issuer_of_an_hour(bench: Bench) -> None:
    await bench.tokens.verify(bench.issuer.token())
    bench.issuer.down, bench.clock.moved = True, 3600.0
    assert (await bench.tokens.verify(bench.issuer.token(exp=int(time.time()) + 9000))).subject == "ada"
    assert bench.issuer.fetches == 2


async def test_a_rotated_key_is_found_with_one_more_fetch(bench: Bench) -> None:
    await bench.tokens.verify(bench.issuer.token())
    bench.issuer.keys.append(public_key(STRANGER_KEY, "next"))
    bench.clock.moved = signing.COOLDOWN_S
    token = bench.issuer.token(key=STRANGER_KEY, headers={"kid": "next"})
    assert (await bench.tokens.verify(token)).subject == "ada"
    assert bench.issuer.fetches == 2


async def hold_back(bench: Bench, token: str) -> asyncio.Task[Principal]:
    """Verify a token in the background until the issuer has been asked, which does not answer yet."""
    bench.issuer.asked.clear()
    bench.issuer.answers.clear()
    first = asyncio.create_task(bench.tokens.verify(token))
    await asyncio.wait_for(bench.issuer.asked.wait(), WITHIN_S)
    return first


async def test_who_comes_while_the_first_keys_are_on_their_way_waits_for_them(bench: Bench) -> None:
    first = await hold_back(bench, bench.issuer.token())
    others = [asyncio.create_task(bench.tokens.verify(bench.issuer.token(sub=f"s{n}"))) for n in range(5)]
    await asyncio.sleep(0)  # the others have begun
    bench.issuer.answers.set()
    people = await asyncio.wait_for(asyncio.gather(first, *others), WITHIN_S)
    assert [person.subject for person in people] == ["ada", "s0", "s1", "s2", "s3", "s4"]
    assert bench.issuer.fetches == 1


async def test_a_known_key_serves_while_the_issuer_is_asked_for_an_old_set(bench: Bench) -> None:
    await bench.tokens.verify(bench.issuer.token())
    bench.clock.moved = signing.FRESH_S
    first = await hold_back(bench, bench.issuer.token(exp=int(time.time()) + 9000))
    other = bench.tokens.verify(bench.issuer.token(sub="bob", exp=int(time.time()) + 9000))
    assert (await asyncio.wait_for(other, WITHIN_S)).subject == "bob"
    assert not first.done()
    bench.issuer.answers.set()
    assert (await asyncio.wait_for(first, WITHIN_S)).subject == "ada"


async def test_a_caller_that_goes_away_leaves_the_keys_to_the_next(bench: Bench) -> None:
    first = await hold_back(bench, bench.issuer.token())
    first.cancel()
    await asyncio.wait([first], timeout=WITHIN_S)
    bench.issuer.answers.set()
    assert (await bench.tokens.verify(bench.issuer.token())).subject == "ada"


async def test_a_withdrawn_key_stops_counting_when_the_set_is_no_longer_fresh(bench: Bench) -> None:
    await bench.tokens.verify(bench.issuer.token())
    bench.issuer.keys = [public_key(EC_KEY, "ec")]
    bench.clock.moved = signing.FRESH_S
    with pytest.raises(Unauthenticated):
        await bench.tokens.verify(bench.issuer.token(exp=int(time.time()) + 9000))


@pytest.mark.parametrize(
    "unusable",
    [
        [public_key(RSA_KEY, "rsa"), public_key(STRANGER_KEY, "rsa")],
        [public_key(RSA_KEY, "rsa", use="enc")],
        [public_key(RSA_KEY, "rsa", key_ops=["encrypt"])],
        [public_key(RSA_KEY, "rsa", alg="PS256")],
        [{"kty": "oct", "kid": "rsa", "k": "c2VjcmV0"}],
        [{"kty": "RSA", "kid": "rsa"}, "not a key"],
    ],
    ids=["shared id", "encrypts", "may not verify", "another algorithm", "symmetric", "malformed"],
)
async def test_a_key_that_is_not_a_signature_key_is_left_out(bench: Bench, unusable: list[Any]) -> None:
    bench.issuer.keys = unusable
    with pytest.raises(Unauthenticated):
        await bench.tokens.verify(bench.issuer.token())


async def test_a_discovery_document_of_another_issuer_is_not_believed(bench: Bench) -> None:
    bench.issuer.named_issuer = bench.issuer.url + "/"
    with pytest.raises(Unavailable):
        await bench.tokens.verify(bench.issuer.token())


async def test_an_issuer_that_never_answered_makes_tokens_unavailable_not_invalid(bench: Bench) -> None:
    bench.issuer.down = True
    with pytest.raises(Unavailable):
        await bench.tokens.verify(bench.issuer.token())


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (None, set[Role]()),
        ([], set[Role]()),
        (["admin"], {Role.ADMIN}),
        (["user", "premium", "Tasks.ReadWrite", "ADMIN"], {Role.USER, Role.PREMIUM}),
    ],
    ids=["no claim", "none", "one", "known beside unknown"],
)
async def test_the_roles_of_a_person_are_those_that_the_token_names_and_we_know(
    bench: Bench, claim: Any, roles: set[Role]
) -> None:
    token = bench.issuer.token(roles=claim)
    for _ in range(2):  # also from memory
        assert (await bench.tokens.verify(token)).roles == roles


@pytest.mark.parametrize("claim", ["admin", {"admin": True}, [["admin"]], ["admin", 7], [None], 7, True], ids=str)
async def test_a_malformed_claim_of_roles_is_refused(bench: Bench, claim: Any) -> None:
    with pytest.raises(Unauthenticated):
        await bench.tokens.verify(bench.issuer.token(roles=claim))
