"""Health probes: one attempt, and the verdicts that thresholds make of many."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Final

import aiohttp

from localazure.containers.spec import Probe

_SUCCESS: Final = range(200, 400)
_EAGER_SECONDS: Final = 0.1


async def verdicts(probe: Probe, *, port: int, client: aiohttp.ClientSession) -> AsyncGenerator[str | None]:
    """Probe for ever, and yield whenever a threshold is reached: None for healthy, else what went wrong.

    A verdict comes once per run of equal results, as in Kubernetes, on which Container Apps runs.

    Args:
        probe: what to ask and how often; its clock starts now, with the container.
        port: where the program listens on 127.0.0.1; `probe.port` is the container's view.
        client: used for HTTP probes.
    """
    await asyncio.sleep(probe.initial_delay_seconds)
    successes = failures = 0
    healthy_once = False
    while True:
        began = time.monotonic()
        trouble = await _attempt(probe, port=port, client=client)
        successes, failures = (successes + 1, 0) if trouble is None else (0, failures + 1)
        if successes == probe.success_threshold or failures == probe.failure_threshold:
            yield trouble
        due = began + probe.period_seconds
        if trouble is None or healthy_once:
            healthy_once = True
            await asyncio.sleep(max(0, due - time.monotonic()))
        else:
            healthy_once = await _healthy_before(due, probe, port=port, client=client)


async def _healthy_before(due: float, probe: Probe, *, port: int, client: aiohttp.ClientSession) -> bool:
    """Whether a program that has not answered yet does so before its next probe is due.

    Nobody waits out a period for a program that is up already; failures count once per period all the same.
    """
    while time.monotonic() < due:
        await asyncio.sleep(min(_EAGER_SECONDS, probe.period_seconds))
        if await _attempt(probe, port=port, client=client) is None:
            return True
    return False


async def _attempt(probe: Probe, *, port: int, client: aiohttp.ClientSession) -> str | None:
    try:
        async with asyncio.timeout(probe.timeout_seconds):
            if probe.path is None:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return None
            url = f"http://127.0.0.1:{port}{probe.path}"
            async with client.get(url, allow_redirects=False) as response:
                return None if response.status in _SUCCESS else f"status code {response.status}"
    except TimeoutError:
        return f"timeout after {probe.timeout_seconds} s"
    except (OSError, aiohttp.ClientError):
        return "connection refused"
