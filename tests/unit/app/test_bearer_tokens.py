"""Tokens against a real issuer: what proves a person and what does not (RFC 8725, RFC 9068, RFC 6750)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme

from app.contract import TokenAlgorithm
from app.domain.errors import Unauthenticated, Unavailable
from app.domain.models import Principal, Role
from app.identity import keys as signing
from app.identity.keys import SigningKeys
from app.identity.tokens import LEEWAY_S, REMEMBER_S, AccessTokens
from tests.unit.app.issuer import ALGORITHMS, AUDIENCE, EC_KEY, RSA_KEY, STRANGER_KEY, Issuer, open_issuer, public_key

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


@asynccontextmanager
async def open_bench(authority: trustme.CA, algorithms: Sequence[TokenAlgorithm]) -> AsyncGenerator[Bench]:
    """Serve an issuer whose tokens may be signed with these."""
    async with open_issuer(authority) as issuer, issuer.session() as http:
        clock = Clock()
        keys = SigningKeys(issuer=issuer.url, algorithms=algorithms, http=http, clock=clock.monotonic)
        tokens = AccessTokens(audience=AUDIENCE, issuer=issuer.url, keys=keys, clock=clock.wall)
        yield Bench(issuer, tokens, clock)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def bench(authority: trustme.CA) -> AsyncGenerator[Bench]:
    async with open_bench(authority, ALGORITHMS) as bench:
        yield bench


GOOD: dict[str, Callable[[Issuer], str]] = {
    "of Entra": lambda i: i.token(),
    "of RFC 9068": lambda i: i.token(headers={"typ": "at+jwt"}, scp=None),
    "signed with an elliptic key": lambda i: i.token(key=EC_KEY, algorithm="ES256", headers={"kid": "ec"}),
    "expired within what is forgiven": lambda i: i.token(exp=int(time.time()) - LEEWAY_S + 20),
    "issued within what is forgiven": lambda i: i.token(iat=int(time.time()) + LEEWAY_S),
    "valid within what is forgiven": lambda i: i.token(nbf=int(time.time()) + LEEWAY_S),
}


@pytest.mark.parametrize("issue", GOOD.values(), ids=GOOD)
async def test_an_access_token_proves_its_subject_at_its_issuer(bench: Bench, issue: Callable[[Issuer], str]) -> None:
    assert await bench.tokens.verify(issue(bench.issuer)) == Principal(issuer=bench.issuer.url, subject="ada")


RS256, PS256, ES256 = TokenAlgorithm


@pytest.mark.parametrize(
    ("algorithms", "members", "signed", "good"),
    [
        ([RS256], {}, "RS256", True),
        ([PS256], {}, "PS256", True),
        ([PS256], {"alg": "PS256"}, "PS256", True),
        ([PS256], {}, "RS256", False),
        ([PS256], {"alg": "RS256"}, "RS256", False),
        ([RS256], {"alg": "PS256"}, "PS256", False),
        ([ES256], {}, "RS256", False),
        ([RS256, PS256], {}, "RS256", True),
        ([RS256, PS256], {}, "PS256", False),
        ([RS256, PS256], {"alg": "PS256"}, "PS256", True),
        ([RS256, PS256], {"alg": "PS256"}, "RS256", False),
        ([PS256, RS256], {}, "PS256", True),
    ],
)
async def test_a13_a_key_counts_with_the_one_algorithm_that_it_and_the_settings_name(
    authority: trustme.CA, algorithms: list[TokenAlgorithm], members: dict[str, str], signed: str, *, good: bool
) -> None:
    async with open_bench(authority, algorithms) as bench:
        bench.issuer.keys = [public_key(RSA_KEY, "rsa", **members)]
        token = bench.issuer.token(algorithm=signed)
        if good:
            assert (await bench.tokens.verify(token)).subject == "ada"
        else:
            with pytest.raises(Unauthenticated):
                await bench.tokens.verify(token)


async def test_a13_a_type_of_key_that_is_not_configured_is_not_used(authority: trustme.CA) -> None:
    async with open_bench(authority, [RS256, PS256]) as bench:
        with pytest.raises(Unauthenticated, match="does not have"):
            await bench.tokens.verify(bench.issuer.token(key=EC_KEY, algorithm="ES256", headers={"kid": "ec"}))


def test_a11_a_clock_that_is_off_is_forgiven_a_minute_at_most() -> None:
    assert 0 < LEEWAY_S <= 60


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
async def test_a14_a_flood_of_unknown_key_ids_asks_the_issuer_once_in_30_seconds(
    bench: Bench, keys: list[dict[str, Any]]
) -> None:
    bench.issuer.keys = keys
    refusal = Unauthenticated if keys else Unavailable
    for second in range(121):
        bench.clock.moved = float(second)
        for number in range(3):
            with pytest.raises(refusal):
                await bench.tokens.verify(bench.issuer.token(headers={"kid": f"unknown-{second}-{number}"}))
    assert bench.issuer.fetches == 1 + 120 // 30


@pytest.mark.parametrize("trouble", ["down", "empty"])
async def test_a14_known_keys_serve_for_hours_while_the_issuer_is_down_or_lists_none(
    bench: Bench, trouble: str
) -> None:
    await bench.tokens.verify(bench.issuer.token())
    bench.issuer.down = trouble == "down"
    bench.issuer.keys = []
    for minutes in range(15, 180, 15):
        bench.clock.moved = minutes * 60.0
        token = bench.issuer.token(exp=int(time.time()) + 20_000, jti=str(minutes))
        assert (await bench.tokens.verify(token)).subject == "ada"
    bench.issuer.down, bench.issuer.keys = False, [public_key(STRANGER_KEY, "next")]
    bench.clock.moved += signing.COOLDOWN_S
    token = bench.issuer.token(exp=int(time.time()) + 20_000, key=STRANGER_KEY, headers={"kid": "next"})
    assert (await bench.tokens.verify(token)).subject == "ada"


async def test_a14_a_rotated_key_is_found_with_one_more_fetch_and_the_old_one_counts_beside_it(bench: Bench) -> None:
    await bench.tokens.verify(bench.issuer.token())
    bench.issuer.keys.append(public_key(STRANGER_KEY, "next"))
    bench.clock.moved = signing.COOLDOWN_S
    token = bench.issuer.token(key=STRANGER_KEY, headers={"kid": "next"})
    assert (await bench.tokens.verify(token)).subject == "ada"
    assert (await bench.tokens.verify(bench.issuer.token(sub="bob"))).subject == "bob"
    assert bench.issuer.fetches == 2


async def hold_back(bench: Bench, token: str) -> asyncio.Task[Principal]:
    """Verify a token in the background until the issuer has been asked, which does not answer yet."""
    bench.issuer.asked.clear()
    bench.issuer.answers.clear()
    first = asyncio.create_task(bench.tokens.verify(token))
    await asyncio.wait_for(bench.issuer.asked.wait(), WITHIN_S)
    return first


async def test_a14_who_comes_while_the_first_keys_are_on_their_way_waits_for_them(bench: Bench) -> None:
    first = await hold_back(bench, bench.issuer.token())
    others = [asyncio.create_task(bench.tokens.verify(bench.issuer.token(sub=f"s{n}"))) for n in range(5)]
    await asyncio.sleep(0)  # the others have begun
    bench.issuer.answers.set()
    people = await asyncio.wait_for(asyncio.gather(first, *others), WITHIN_S)
    assert [person.subject for person in people] == ["ada", "s0", "s1", "s2", "s3", "s4"]
    assert bench.issuer.fetches == 1


async def test_a14_a_known_key_serves_while_the_issuer_is_asked_for_an_old_set(bench: Bench) -> None:
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


async def test_a14_a_withdrawn_key_stops_counting_when_the_set_is_no_longer_fresh(bench: Bench) -> None:
    await bench.tokens.verify(bench.issuer.token())
    bench.issuer.keys = [public_key(EC_KEY, "ec")]
    bench.clock.moved = signing.FRESH_S
    with pytest.raises(Unauthenticated):
        await bench.tokens.verify(bench.issuer.token(exp=int(time.time()) + 9000))


async def test_a_discovery_document_of_another_issuer_is_not_believed(bench: Bench) -> None:
    bench.issuer.named_issuer = bench.issuer.url + "/"
    with pytest.raises(Unavailable):
        await bench.tokens.verify(bench.issuer.token())


async def test_a14_an_issuer_that_never_answered_makes_tokens_unavailable_not_invalid(bench: Bench) -> None:
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
