"""Routes for the erasure of the caller, under `/api/v1/privacy`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.domain.erasure import confirmation_of
from app.domain.errors import Invalid
from app.web.auth import principal_of
from app.web.documents import Json, read_object
from app.web.layers import route
from app.web.operation import JSON, Operation, Resource
from app.web.state import ApiState
from app.wire.documents import fit
from app.wire.privacy import Confirmation, ErasureDocument

ERASE: Final = "/api/v1/privacy/erase"
ERASURE: Final = "/api/v1/privacy/erasure"


async def erase(request: Request[ApiState]) -> Response:
    """Begin the caller's erasure: with the answer nothing is kept for them any more; a worker does the rest."""
    owner = principal_of(request)
    confirmed = fit(await read_object(request, JSON), Confirmation)
    if confirmed.confirm != confirmation_of(owner):
        raise Invalid("/confirm", f"expected what GET {ERASURE} tells you as `confirm`")
    erasure = await request.state["privacy"].erasures.begin(owner, now=request.state["now"]())
    return Json(ErasureDocument.of(erasure, confirmed.confirm), 202, {"Location": ERASURE})


async def get_erasure(request: Request[ApiState]) -> Response:
    """Answer how far the caller's erasure is, and what a request for one must repeat."""
    owner = principal_of(request)
    erasure = await request.state["privacy"].erasures.find(owner)
    return Json(ErasureDocument.of(erasure, confirmation_of(owner)))


RESOURCE: Final = Resource(
    routes=(route(ERASE, POST=erase), route(ERASURE, GET=get_erasure)),
    operations=(
        Operation(
            method="post",
            path=ERASE,
            name="erase",
            summary="Erase everything that is kept of you, for ever; repeat `confirm` of the erasure document",
            status=202,
            answer="ErasureDocument",
            body="Confirmation",
            headers=("Location",),
            problems=(413, 415, 422),
        ),
        Operation(
            method="get",
            path=ERASURE,
            name="getErasure",
            summary="How far your erasure is, and its receipt when it is done",
            answer="ErasureDocument",
        ),
    ),
    documents=(Confirmation, ErasureDocument),
)
