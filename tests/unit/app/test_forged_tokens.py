"""Forged tokens on the whole API: each is refused in the same words, whatever is wrong with it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import pytest
import pytest_asyncio
from starlette.types import ASGIApp, Receive, Scope, Send

from app.identity.keys import SigningKeys
from app.identity.tokens import AccessTokens
from app.web.headers import SECURITY_HEADERS
from tests.unit.app.forged_tokens import MATRIX, ODD_KEYS
from tests.unit.app.issuer import ALGORITHMS, AUDIENCE, Issuer, open_issuer
from tests.unit.app.memory import ADDRESS, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

TASKS = "/api/v1/tasks"
REFUSAL = {
    "type": "/docs#problem-unauthenticated",
    "title": "Unauthorized",
    "status": 401,
    "detail": "the bearer token is not valid",
}
CHALLENGE = 'Bearer realm="api", error="invalid_token"'
TOLD = {
    *(name.lower() for name in SECURITY_HEADERS),
    *("content-length", "content-type", "ratelimit", "ratelimit-policy", "vary", "www-authenticate", "x-request-id"),
}
"""The names of the header fields of a refusal."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """The API with an issuer of tokens, and a client without any."""

    issuer: Issuer
    http: httpx2.AsyncClient

    async def get(self, *credentials: str, path: str = TASKS) -> httpx2.Response:
        """Ask with each of the credentials as an `Authorization` field."""
        fields = [(b"Authorization", value.encode("latin-1")) for value in credentials]
        return await self.http.get(path, headers=fields)


@asynccontextmanager
async def opened(api: Api) -> AsyncGenerator[ASGIApp]:
    """Open the state of an application, as a server does, in the loop of the test."""
    inner = api.create()
    async with api.open_state() as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            await inner({**scope, "state": {**state}}, receive, send)

        yield with_state


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncGenerator[Service]:
    async with open_issuer() as issuer, issuer.session() as session:
        issuer.keys += ODD_KEYS
        keys = SigningKeys(issuer=issuer.url, algorithms=ALGORITHMS, http=session)
        tokens = AccessTokens(audience=AUDIENCE, issuer=issuer.url, keys=keys)
        async with (
            opened(Api(tokens=tokens)) as app,
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ADDRESS) as http,
        ):
            yield Service(issuer=issuer, http=http)


async def test_a13_the_matrix_has_at_least_forty_tokens_and_no_two_alike(service: Service) -> None:
    assert len(MATRIX) >= 40
    assert len({forge(service.issuer) for forge in MATRIX.values()}) == len(MATRIX)


@pytest.mark.parametrize("forge", MATRIX.values(), ids=MATRIX)
async def test_a13_a_forged_token_proves_nobody_and_is_not_told_why(
    service: Service, forge: Callable[[Issuer], str]
) -> None:
    answer = await service.get(f"Bearer {forge(service.issuer)}")
    said = answer.json()
    assert said.pop("instance") == answer.headers["X-Request-Id"]
    assert (answer.status_code, said) == (401, REFUSAL)
    assert answer.headers["WWW-Authenticate"] == CHALLENGE
    assert set(answer.headers) == TOLD


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_good_token_proves_its_person_whatever_the_case_of_the_scheme(service: Service, scheme: str) -> None:
    assert (await service.get(f"{scheme} {service.issuer.token()}")).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "DPoP", "Bearer:", "Token", "b\xe9arer"])
async def test_a13_another_scheme_proves_nobody(service: Service, scheme: str) -> None:
    answer = await service.get(f"{scheme} {service.issuer.token()}")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


async def test_a13_two_tokens_or_one_in_the_address_are_a_malformed_request(service: Service) -> None:
    """RFC 6750 section 3.1 has 400 for these; they are refused whatever the tokens are worth."""
    good = service.issuer.token()
    for answer in (
        await service.get(f"Bearer {good}", f"Bearer {good}"),
        await service.get(f"Bearer {good}", f"Bearer {service.issuer.token(sub='bob')}"),
        await service.get(path=f"{TASKS}?access_token={good}"),
        await service.get(f"Bearer {good}", path=f"{TASKS}?access_token={good}"),
    ):
        assert answer.status_code == 400
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_request"'


async def test_a13_a_token_of_64_kb_is_not_looked_at(service: Service) -> None:
    answer = await service.get(f"Bearer {service.issuer.token(filler='f' * 48_000)}")
    assert (answer.status_code, answer.json()["type"]) == (431, "/docs#problem-header-fields-too-large")


async def test_a13_a_token_that_was_good_makes_no_other_spelling_of_it_good(service: Service) -> None:
    good = service.issuer.token(sub="carol")
    assert (await service.get(f"Bearer {good}")).status_code == 200
    for other in (good + " ", good[:-4] + "AAAA", good.swapcase(), good + "."):
        assert (await service.get(f"Bearer {other}")).status_code == 401
    assert (await service.get(f"Bearer {good}")).status_code == 200
