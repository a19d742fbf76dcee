import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.web.checks import Check
from tests.unit.app.memory import Api


class Probe:
    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self) -> None:
        self.asked += 1
        await asyncio.sleep(0.05)


def api(probe: Probe) -> Api:
    return Api(checks=(Check(name="database", hard=True, timeout=1, probe=probe),))


def test_a33_many_who_ask_at_once_are_one_check() -> None:
    probe = Probe()
    with api(probe).client() as client, ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(client.get, ["/health/ready"] * 200))
        assert {answer.status_code for answer in answers} == {200}
        for _ in range(50):
            assert client.get("/health").status_code == 200
    assert probe.asked <= 4  # a second each, however slow the machine is


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Azure-FDID"])
def test_a33_who_comes_through_a_proxy_hears_no_part(header: str) -> None:
    with api(Probe()).client() as client:
        assert client.get("/health/ready").json() == {"status": "ok", "checks": {"database": "ok"}}
        assert client.get("/health/ready", headers={header: "203.0.113.9"}).json() == {"status": "ok"}
