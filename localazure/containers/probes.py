"""Health probes: one attempt, and the verdicts that thresholds make of many."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Final

import aiohttp

from localazure.containers.spec import Probe

_SUCCESS: Final = range(200, 400)


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
    while True:
        began = time.monotonic()
        trouble = await _attempt(probe, port=port, client=client)
        successes, failures = (successes + 1, 0) if trouble is None else (0, failures + 1)
        if successes == probe.success_threshold or failures == probe.failure_threshold:
            yield trouble
        await asyncio.sleep(max(0, began + probe.period_seconds - time.monotonic()))


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
