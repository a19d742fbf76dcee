"""What is measured beside each other, each a server of its own: `python -m tests.bench.variants <variant> <core>`.

All have the same uvicorn and the environment of a deployed replica of the API:

- `raw`: answers the same bytes to everything, the physical limit;
- `service`: the API as it is deployed;
- `silent`: the same without telemetry: no span of any request;
- `stubbed`: the same as `service`, with a language model that answers in the process;
- `peer`: FastAPI, behind the same layers.
"""

import argparse
import json
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

from app.__main__ import serve
from app.api import create_api
from app.domain.language import Prompt
from app.settings.services import ApiSettings
from app.telemetry.counters import CACHE_READS
from app.telemetry.spans import SILENT
from app.web.layers import Edge
from app.web.state import ApiState
from app.wiring.api import open_api_state
from tests.bench.peer import create_peer
from tests.load import raw


def _raw(_settings: ApiSettings) -> ASGIApp:
    return raw.app


def _service(settings: ApiSettings) -> ASGIApp:
    return create_api(lambda: open_api_state(settings), _edge(settings))


def _silent(settings: ApiSettings) -> ASGIApp:
    @asynccontextmanager
    async def open_silent() -> AsyncGenerator[ApiState]:
        async with open_api_state(settings) as state:
            state["tracer"] = SILENT
            yield state

    return create_api(open_silent, _edge(settings))


class _Stub:
    """The port `LanguageModel`, with an answer of the length that the embedded provider gives."""

    name = "stub"

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str]:
        yield f"This is message {len(prompt.said)} of our talk. You said: {prompt.said[-1][1]}"


def _stubbed(settings: ApiSettings) -> ASGIApp:
    @asynccontextmanager
    async def open_stubbed() -> AsyncGenerator[ApiState]:
        async with open_api_state(settings) as state:
            state["chat"] = replace(state["chat"], model=_Stub())
            yield state

    return create_api(open_stubbed, _edge(settings))


def _peer(settings: ApiSettings) -> ASGIApp:
    return create_peer(lambda: open_api_state(settings), _edge(settings))


def _edge(settings: ApiSettings) -> Edge:
    return Edge(
        cors_origins=settings.cors_origins, front_door_id=settings.front_door_id, hops=settings.limits.trusted_hops
    )


VARIANTS: Final[Mapping[str, Callable[[ApiSettings], ASGIApp]]] = {
    "raw": _raw,
    "service": _service,
    "silent": _silent,
    "stubbed": _stubbed,
    "peer": _peer,
}


def main() -> None:
    """Serve a variant on one core until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.variants", description=__doc__)
    parser.add_argument("variant", choices=VARIANTS)
    parser.add_argument("core", type=int)
    parser.add_argument("reads", nargs="?", type=Path, help="where to write what the cache has counted")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {arguments.core})
    settings = ApiSettings.load(os.environ)
    with suppress(SystemExit):  # how SIGTERM ends it
        serve(VARIANTS[arguments.variant](settings), settings.listen, settings.log_level)
    if arguments.reads:
        arguments.reads.write_text(json.dumps(CACHE_READS.totals()), encoding="utf-8")


if __name__ == "__main__":
    main()
