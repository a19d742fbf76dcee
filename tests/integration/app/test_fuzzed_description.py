"""The API does what its own description says, whatever is asked: by schemathesis, on a real database and cache.

Examples are drawn from the description, half of them to break it, and always the same ones.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import uuid4

import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.core.parameters import ParameterLocation

from app.routes.catalog import RESOURCES
from app.routes.openapi import describe
from app.routes.telegram import SECRET_HEADER
from tests.integration.app.fuzz_scene import TELEGRAM_SECRET, FuzzScene, open_fuzz_scene
from tests.integration.app.replica_process import WITHIN_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

DESCRIPTION: Final = describe(RESOURCES)
SCHEMA: Final[Any] = schemathesis.openapi.from_dict(DESCRIPTION)
OPERATIONS: Final = [(method.upper(), path) for path, methods in DESCRIPTION["paths"].items() for method in methods]
PROTECTED: Final = [
    (method, path) for method, path in OPERATIONS if "security" in DESCRIPTION["paths"][path][method.lower()]
]
_known: Any = checks  # its types are partly unknown
_known.load_all_checks()
CHECKS: Final[Any] = _known.CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
EXAMPLES: Final = 30
"""Of an operation; ten times as many found nothing more."""
REFUSED: Final = 4
"""Examples of an operation without a token."""
EVERY_HEALTH_CHECK: Final[Any] = list[Any](HealthCheck)  # iterable by its metaclass, which its types do not say
DAY: Final = {"starts_at": "2026-12-01T08:00:00Z", "ends_at": "2026-12-01T09:00:00Z", "recurrence": "FREQ=DAILY"}
FILE: Final = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:one@test\r\n"
    "DTSTAMP:20261201T080000Z\r\nDTSTART:20261201T080000Z\r\nDTEND:20261201T090000Z\r\nSUMMARY:Run\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)
THINGS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "task_id": ("/api/v1/tasks", {"title": "Write"}),
    "event_id": ("/api/v1/calendar/events", {"title": "Run", **DAY}),
    "operation_id": ("/api/v1/operations", {"kind": "tasks.import", "input": {"tasks": [{"title": "t"}]}}),
}
"""How a thing is made whose id a path names."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[FuzzScene]:
    async with open_fuzz_scene(tmp_path_factory.mktemp("fuzzed")) as opened:
        yield opened


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who calls one operation; run in a thread, as the servers of the scene are in the loop."""

    scene: FuzzScene
    http: requests.Session

    def new(self, name: str) -> str:
        """Make a thing; gives its id."""
        path, document = THINGS[name]
        answer = self.http.post(self.scene.url + path, json=document, timeout=WITHIN_S)
        assert answer.ok, answer.text
        return answer.json()["id"]

    def make_sense(self, case: Any) -> None:
        """Put what exists and what fits together where the description can say of which kind it is, and no more."""
        members: dict[str, Any] = case.path_parameters or {}
        case.path_parameters = {name: self.new(name) if name in THINGS else members[name] for name in members}
        if "from" in case.operation.query:
            case.query = {**(case.query or {}), "from": "2026-12-01T00:00:00Z", "to": "2026-12-09T00:00:00Z"}
        if SECRET_HEADER in (case.headers or {}):
            case.headers[SECRET_HEADER] = TELEGRAM_SECRET
        if case.media_type == "text/calendar":
            case.body = FILE
        if isinstance(case.body, dict):
            body = cast("dict[str, Any]", case.body)
            case.body = {name: DAY.get(name, body[name]) for name in body}

    def call(self, case: Any) -> int:
        """Call, and compare the answer with the description; gives its status."""
        sent = dict(self.http.headers)
        answer = case.call(base_url=self.scene.url, session=self.http, headers=sent, timeout=WITHIN_S)
        case.validate_response(answer, checks=CHECKS)
        return answer.status_code


def run(cases: st.SearchStrategy[Any], examples: int, check: Callable[..., None]) -> None:
    """Check so many examples, the same in every run."""
    bounded = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=EVERY_HEALTH_CHECK,
    )
    bounded(given(case=cases, sense=st.booleans())(check))()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_whatever_is_asked_the_answer_is_as_described_and_no_failure(
    scene: FuzzScene, method: str, path: str
) -> None:
    operation = SCHEMA[path][method]

    def fuzz() -> None:
        with requests.Session() as http:
            # A person of their own: one operation erases whoever calls it.
            http.headers["Authorization"] = f"Bearer {scene.issuer.token(sub=uuid4().hex, roles=['admin'])}"
            caller = Caller(scene=scene, http=http)

            def check(*, case: Any, sense: bool) -> None:
                if sense:
                    caller.make_sense(case)
                status = caller.call(case)
                body = case.meta and case.meta.components.get(ParameterLocation.BODY)
                assert sense or not (body and body.mode.is_negative) or status >= 400, "a body that does not fit"

            cases = operation.as_strategy(GenerationMode.POSITIVE)
            if operation.body or operation.query or operation.headers or operation.path_parameters:
                cases |= operation.as_strategy(GenerationMode.NEGATIVE)
            run(cases, EXAMPLES, check)

    await asyncio.to_thread(fuzz)


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_without_a_good_token_whatever_is_asked_is_refused_as_described(
    scene: FuzzScene, method: str, path: str
) -> None:
    def fuzz() -> None:
        with requests.Session() as http:
            caller = Caller(scene=scene, http=http)

            def check(*, case: Any, sense: bool) -> None:
                if sense and case.headers:
                    case.headers.pop("Authorization", None)
                assert caller.call(case) == 401

            run(SCHEMA[path][method].as_strategy(GenerationMode.POSITIVE), REFUSED, check)

    await asyncio.to_thread(fuzz)


async def test_the_description_that_is_served_is_the_one_that_was_fuzzed(scene: FuzzScene) -> None:
    async with scene.api.http.get("/openapi.json") as answer:
        assert await answer.json() == DESCRIPTION
