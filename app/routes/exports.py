"""Routes for the export of everything that is kept of a person, under `/api/v1/privacy`."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.domain.export import KIND, Fetched
from app.domain.processing import EXPORT_FETCHED
from app.domain.purposes import Purpose
from app.web.auth import principal_of
from app.web.documents import Json
from app.web.layers import route
from app.web.operation import IDEMPOTENCY_KEY, Operation, Resource, parameter
from app.web.requests import idempotency_key, path_id
from app.web.state import ApiState
from app.wire.privacy import StartedExport

ASK: Final = "/api/v1/privacy/export"
ONE: Final = "/api/v1/privacy/exports/{export_id}"
ZIP: Final = "application/zip"


async def ask_for_export(request: Request[ApiState]) -> Response:
    """Start the operation that makes an export."""
    key = idempotency_key(request)
    operation = await request.state["privacy"].operations.start(principal_of(request), KIND, {}, key)
    return Json(StartedExport(operation=operation), 202, {"Location": f"/api/v1/operations/{operation}"})


async def fetch_export(request: Request[ApiState]) -> Response:
    """Send an export to its person, and delete it once all of it is sent."""
    privacy, owner, export_id = request.state["privacy"], principal_of(request), path_id(request, "export_id")
    now = request.state["now"]()
    fetched = await privacy.exports.fetch(owner, export_id, now=now)
    if request.method == "HEAD":  # nothing is fetched by it
        await fetched.pieces.aclose()
        return Response(headers=_headers(fetched, export_id), media_type=ZIP)

    async def sent() -> None:
        await privacy.exports.remove(owner, export_id)
        await privacy.processing.note(owner, Purpose.RIGHTS, EXPORT_FETCHED, now)

    return _Download(fetched, _headers(fetched, export_id), sent)


class _Download(StreamingResponse):
    """Sends an export, closes what it comes from, and tells when all of it is sent: not when the caller has left.

    It tells so once the sending is over: a server says that the caller has left also when it has all of an answer, and
    Starlette cancels what sends then.
    """

    def __init__(self, fetched: Fetched, headers: dict[str, str], sent: Callable[[], Awaitable[None]]) -> None:
        super().__init__(fetched.pieces, headers=headers, media_type=ZIP)
        self._pieces = fetched.pieces
        self._sent = sent
        self._is_sent = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the export."""
        await super().__call__(scope, receive, send)
        if self._is_sent:
            await self._sent()

    async def stream_response(self, send: Send) -> None:
        """Send the pieces."""
        async with aclosing(self._pieces):
            await super().stream_response(send)
            self._is_sent = True


def _headers(fetched: Fetched, export_id: UUID) -> dict[str, str]:
    return {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="digitalmee-{export_id}.zip"',
        "Content-Length": str(fetched.size),
    }


_EXPORT_ID: Final = parameter("export_id", "path", "The export.", {"type": "string", "format": "uuid"})

RESOURCE: Final = Resource(
    routes=(route(ASK, POST=ask_for_export), route(ONE, GET=fetch_export)),
    operations=(
        Operation(
            method="post",
            path=ASK,
            name="askForExport",
            costly=True,
            summary="Start an export of everything that is kept of you; its operation tells how far it is",
            status=202,
            answer="StartedExport",
            parameters=(IDEMPOTENCY_KEY,),
            headers=("Location",),
            problems=(422,),
        ),
        Operation(
            method="get",
            path=ONE,
            name="fetchExport",
            summary="Fetch an export, once and within 24 hours: it is deleted when all of it is sent",
            answer="Archive",
            media_type=ZIP,
            parameters=(_EXPORT_ID,),
            headers=("Content-Disposition",),
            problems=(404,),
        ),
    ),
    documents=(StartedExport,),
    schemas={"Archive": {"type": "string", "format": "binary"}},
)
