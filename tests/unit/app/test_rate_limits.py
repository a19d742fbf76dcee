"""How often may be asked, seen from outside, with limits that a test can reach."""

from dataclasses import dataclass
from inspect import isawaitable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.domain.errors import NotFound, Unavailable
from app.limits.addresses import client_network
from app.limits.allowance import KEYS_MAX, LocalAllowance, Policy
from app.limits.limiter import Limiter
from app.telemetry.counters import Counter
from app.web.layers import Edge
from tests.unit.app.memory import ADA, Api, BrokenTasks
from tests.unit.app.tool_server import Tools, call

TASKS = "/api/v1/tasks"
ORIGIN = "https://app.digitalmee.test"


@dataclass
class Clock:
    now: float = 50.0

    def __call__(self) -> float:
        return self.now


def limited(*, per_person: int = 1000, per_address: int = 1000, hops: int = 1, clock: Clock | None = None) -> Api:
    limiter = Limiter(per_person=per_person, per_address=per_address, clock=clock or Clock())
    return Api(limiter=limiter, edge=Edge(cors_origins=(ORIGIN,), hops=hops))


def statuses(client: TestClient, count: int, path: str = TASKS, **headers: str) -> list[int]:
    return [client.get(path, headers=headers).status_code for _ in range(count)]


def test_a_quota_is_allowed_at_once_and_comes_back_evenly() -> None:
    clock = Clock()
    allowance = LocalAllowance(Policy(name="p", quota=60, window_s=60), clock)
    assert [allowance.take("ada").allowed for _ in range(61)] == [True] * 60 + [False]
    clock.now += 1
    assert [allowance.take("ada").allowed for _ in range(2)] == [True, False]
    clock.now += 3600
    assert [allowance.take("ada").allowed for _ in range(61)] == [True] * 60 + [False]
    assert allowance.take("bob").allowed


@given(
    quota=st.integers(1, 50),
    steps=st.lists(st.floats(-5, 30, allow_nan=False), min_size=1, max_size=200),
)
def test_a11_whatever_the_clock_does_an_allowance_is_neither_negative_nor_too_much(
    quota: int, steps: list[float]
) -> None:
    clock = Clock(1_000_000.0)
    allowance = LocalAllowance(Policy(name="p", quota=quota, window_s=60), clock)
    for step in steps:
        clock.now += step
        verdict = allowance.take("ada")
        assert 0 <= verdict.remaining <= quota
        assert verdict.retry_in_s >= 0


def test_an_allowance_tells_truly_when_the_next_request_is_allowed() -> None:
    clock = Clock()
    allowance = LocalAllowance(Policy(name="p", quota=7, window_s=60), clock)
    while (verdict := allowance.take("ada")).allowed:
        pass
    clock.now += verdict.retry_in_s - 0.01
    assert not allowance.take("ada").allowed
    clock.now += 0.02
    assert allowance.take("ada").allowed


def test_an_allowance_remembers_so_many_and_no_more() -> None:
    allowance = LocalAllowance(Policy(name="p", quota=1), Clock())
    for number in range(KEYS_MAX + 10):
        allowance.take(str(number))
    assert len(allowance) == KEYS_MAX


@pytest.mark.parametrize(
    ("forwarded", "peer", "hops", "network"),
    [
        ([], "198.51.100.7", 0, "198.51.100.7"),
        (["203.0.113.9"], "198.51.100.7", 0, "198.51.100.7"),
        (["203.0.113.9"], "10.0.0.1", 1, "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9"], "10.0.0.1", 1, "203.0.113.9"),
        (["6.6.6.6", "203.0.113.9"], "10.0.0.1", 1, "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9, 10.1.1.1"], "10.0.0.1", 2, "203.0.113.9"),
        (["203.0.113.9"], "10.0.0.1", 2, "10.0.0.1"),
        ([], "10.0.0.1", 1, "10.0.0.1"),
        (["6.6.6.6, nonsense"], "10.0.0.1", 1, "10.0.0.1"),
        (["6.6.6.6,"], "10.0.0.1", 1, "10.0.0.1"),
        (["203.0.113.9:4711"], "10.0.0.1", 1, "203.0.113.9"),
        (["[2001:db8:1:2::7]:4711"], "10.0.0.1", 1, "2001:db8:1:2::/64"),
        (["2001:db8:1:2:ffff::9"], "10.0.0.1", 1, "2001:db8:1:2::/64"),
        (["::ffff:203.0.113.9"], "10.0.0.1", 1, "203.0.113.9"),
        (["fe80::1%eth0"], "10.0.0.1", 1, "fe80::/64"),
        (["1" * 10_000], "", 1, "unknown"),
    ],
)
def test_a15_what_our_proxies_wrote_names_the_caller(forwarded: list[str], peer: str, hops: int, network: str) -> None:
    assert client_network(forwarded, peer, hops=hops) == network


@given(st.lists(st.text(st.characters(blacklist_categories=("Cs",)), max_size=30), max_size=8), st.integers(1, 3))
def test_a15_nothing_that_a_client_writes_changes_who_it_is(claims: list[str], hops: int) -> None:
    ours = ["203.0.113.9", *["10.1.1.1"] * (hops - 1)]
    assert client_network([", ".join([*claims, *ours])], "10.0.0.1", hops=hops) == "203.0.113.9"


def test_a15_an_address_is_stopped_whatever_it_claims_and_however_it_spells_the_path() -> None:
    api = limited(per_address=10)
    variants = [TASKS, "/API/v1/tasks", "/api/v1/tasks/", "/api/v1/%74asks", "//api/v1/tasks", "/nothing", "/docs"]
    with api.client() as client:
        seen = [
            client.get(variants[n % len(variants)], headers={"X-Forwarded-For": f"6.6.6.{n}, 203.0.113.9"}).status_code
            for n in range(15)
        ]
        assert 429 not in seen[:10]
        assert seen[10:] == [429] * 5
        assert statuses(client, 1, "/docs", **{"X-Forwarded-For": "203.0.113.10"}) == [200]


def test_a15_addresses_of_one_ipv6_network_are_one_caller() -> None:
    with limited(per_address=10).client() as client:
        seen = [client.get("/docs", headers={"X-Forwarded-For": f"2001:db8:1:2::{n:x}"}).status_code for n in range(12)]
    assert seen == [200] * 10 + [429] * 2


def test_a_person_is_stopped_on_every_address_and_nobody_else_is() -> None:
    api = limited(per_person=5)
    with api.client("ada") as client:
        seen = [client.get(TASKS, headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in range(7)]
        assert seen == [200] * 5 + [429] * 2
    with api.client("bob") as client:
        assert statuses(client, 1) == [200]


def test_a_refusal_says_when_to_come_back_to_pages_too() -> None:
    clock = Clock()
    with limited(per_person=2, clock=clock).client("ada") as client:
        statuses(client, 2)
        answer = client.get(TASKS, headers={"Origin": ORIGIN})
        assert answer.status_code == 429
        assert answer.json()["type"] == "/docs#problem-too-many"
        assert answer.headers["Retry-After"] == "30"
        assert answer.headers["RateLimit-Policy"] == '"person";q=2;w=60'
        assert answer.headers["RateLimit"] == '"person";r=0;t=60'
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        clock.now += int(answer.headers["Retry-After"])
        assert statuses(client, 2) == [200, 429]


def test_every_answer_tells_what_is_left() -> None:
    with limited(per_person=10, per_address=50).client("ada") as client:
        rests = [client.get(TASKS).headers["RateLimit"] for _ in range(2)]
        anonymous = client.get("/docs").headers
    assert rests == ['"person";r=9;t=6', '"person";r=8;t=12']
    assert anonymous["RateLimit-Policy"] == '"address";q=50;w=60'
    assert anonymous["RateLimit"].startswith('"address";r=47;')


FAILURES = {
    401: ("", NotFound()),
    404: ("ada", NotFound()),
    500: ("ada", RuntimeError("bug")),
    503: ("ada", Unavailable("db")),
}


@pytest.mark.parametrize("status", FAILURES)
def test_a_failure_tells_once_what_is_left_to_pages_too(status: int) -> None:
    token, error = FAILURES[status]
    limiter = Limiter(per_person=10, per_address=50, clock=Clock())
    api = Api(limiter=limiter, edge=Edge(cors_origins=(ORIGIN,)), tasks=BrokenTasks(error))
    with api.client(token) as client:
        answer = client.get(f"{TASKS}/019aaf5e-0000-7000-8000-000000000000", headers={"Origin": ORIGIN})
    limit = '"person";q=10;w=60' if token else '"address";q=50;w=60'
    assert (answer.status_code, answer.headers.get_list("RateLimit-Policy")) == (status, [limit])
    assert len(answer.headers.get_list("RateLimit")) == 1
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_a_preflight_and_a_probe_take_nothing_and_tell_nothing() -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    with limited(per_address=50).client() as client:
        free = [client.options(TASKS, headers=asked), client.get("/health")]
        counted = client.get("/docs")
    assert [(answer.status_code, "RateLimit" in answer.headers) for answer in free] == [(200, False)] * 2
    assert counted.headers["RateLimit"].startswith('"address";r=49;')


def test_guessing_tokens_is_stopped_and_a_good_token_of_the_same_address_passes() -> None:
    with limited(per_address=20).client() as client:
        seen = statuses(client, 12, Authorization="Bearer guess")
        good = statuses(client, 1, Authorization="Bearer ada")
    assert seen == [401] * 10 + [429] * 2
    assert good == [200]


@pytest.mark.parametrize("limit", ["address", "person", "costly", "tools", "refusals"])
async def test_a_refusal_is_counted_by_the_limit_that_it_is_over(limit: str) -> None:
    answers = Counter("limiter.answers")
    limiter = Limiter(per_person=5, per_address=2, clock=Clock(), answers=answers)
    asks = {
        "address": lambda: limiter.ask_address("203.0.113.9"),
        "person": lambda: limiter.ask_person(ADA),
        "costly": lambda: limiter.ask_costly(ADA),
        "tools": lambda: limiter.ask_tool(ADA),
        "refusals": lambda: limiter.ask_refusal("203.0.113.9"),
    }
    ask = asks[limit]
    verdicts = [await verdict if isawaitable(verdict := ask()) else verdict for _ in range(7)]
    assert answers.totals() == {limit: sum(not verdict.allowed for verdict in verdicts)}


def test_probes_of_the_platform_are_not_counted_and_strangers_are() -> None:
    with limited(per_address=3).client() as client:
        assert statuses(client, 10, "/health") == [200] * 10
        assert statuses(client, 5, "/health", **{"X-Forwarded-For": "203.0.113.9"}) == [200] * 3 + [429] * 2


def test_a_model_that_calls_tools_too_often_is_told_so() -> None:
    tools = Tools(limiter=Limiter(per_person=100, per_address=1000, clock=Clock()))
    tools.limiter.tools = Limiter(per_person=3, per_address=1, clock=Clock()).tools
    with tools.client("ada") as client:
        results = [call(client, "list_tasks") for _ in range(4)]
    assert [good for good, _ in results] == [True] * 3 + [False]
    assert "more often than allowed" in results[3][1]
