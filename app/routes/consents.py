"""Routes for what a person consented to and what was done with their data, under `/api/v1/privacy`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.domain.consents import decide
from app.domain.purposes import Purpose
from app.web.auth import principal_of
from app.web.documents import Json, read_object
from app.web.layers import route
from app.web.operation import CURSOR, JSON, LIMIT, Operation, Resource
from app.web.requests import page_limit
from app.web.state import ApiState
from app.wire.documents import after_cursor, fit
from app.wire.privacy import (
    ConsentDocument,
    ConsentsDocument,
    Decision,
    ProcessingDocument,
    ProcessingPageDocument,
)

CONSENTS: Final = "/api/v1/privacy/consents"
PROCESSING: Final = "/api/v1/privacy/processing-log"


async def list_consents(request: Request[ApiState]) -> Response:
    """Answer what holds, by purpose."""
    current = await request.state["privacy"].consents.current(principal_of(request))
    return Json(ConsentsDocument.of(current))


async def decide_consent(request: Request[ApiState]) -> Response:
    """Keep that the caller gives or withdraws a consent: one request either way (GDPR, Article 7(3)).

    What rests on a consent ends first, so that it never goes on without.
    """
    person, decision = principal_of(request), fit(await read_object(request, JSON), Decision)
    consent = decide(
        decision.purpose, text_version=decision.text_version, given=decision.given, now=request.state["now"]()
    )
    if consent.purpose is Purpose.TELEGRAM and not consent.given:
        await request.state["telegram"].links.remove(person)
    kept = await request.state["privacy"].consents.add(person, consent)
    return Json(ConsentDocument.of(kept.purpose, kept), 201)


async def list_processing(request: Request[ApiState]) -> Response:
    """Answer a page of what was done with the caller's data."""
    page = await request.state["privacy"].processing.page(
        principal_of(request), limit=page_limit(request), after=after_cursor(request.query_params.get("cursor"))
    )
    return Json(ProcessingPageDocument.of(page))


RESOURCE: Final = Resource(
    routes=(route(CONSENTS, GET=list_consents, POST=decide_consent), route(PROCESSING, GET=list_processing)),
    operations=(
        Operation(
            method="get",
            path=CONSENTS,
            name="listConsents",
            summary="What you consent to, for every purpose that needs it",
            answer="ConsentsDocument",
        ),
        Operation(
            method="post",
            path=CONSENTS,
            name="decideConsent",
            summary="Give a consent or withdraw it; every decision is kept",
            status=201,
            answer="ConsentDocument",
            body="Decision",
            problems=(413, 415, 422),
        ),
        Operation(
            method="get",
            path=PROCESSING,
            name="listProcessing",
            summary="What was done with your data and why it was allowed, newest first",
            answer="ProcessingPageDocument",
            parameters=(LIMIT, CURSOR),
            problems=(422,),
        ),
    ),
    documents=(Decision, ConsentDocument, ConsentsDocument, ProcessingDocument, ProcessingPageDocument),
)
