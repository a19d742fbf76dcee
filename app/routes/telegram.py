"""Routes for the bot in Telegram: its webhook, and the link of a person's chat."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.domain.consents import require_consent
from app.domain.purposes import Purpose
from app.domain.telegram import new_code
from app.web.auth import principal_of
from app.web.documents import Json, read_object
from app.web.layers import route
from app.web.operation import JSON, Operation, Resource, parameter
from app.web.state import ApiState
from app.wire.documents import fit
from app.wire.telegram import TelegramChat, TelegramLinkDocument, TelegramMessage, TelegramUpdate

WEBHOOK_PATH: Final = "/api/v1/telegram/webhook"
LINK_PATH: Final = "/api/v1/users/telegram-link"
SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header, not the secret
"""What Telegram names the secret in (Telegram Bot API, "setWebhook")."""


async def take_update(request: Request[ApiState]) -> Response:
    """Keep an update for the worker. It is 200 also for one that is known or of no interest: else it comes again."""
    telegram = request.state["telegram"]
    telegram.admit(request.headers.get(SECRET_HEADER, ""))
    update = fit(await read_object(request, JSON), TelegramUpdate)
    if line := update.line():
        await telegram.updates.keep(update.update_id, line, telegram.now())
    return Response()


async def offer_link(request: Request[ApiState]) -> Response:
    """Give a code that links a chat; the chat that is linked now is not any more. Who withdraws ends the link."""
    telegram, person = request.state["telegram"], principal_of(request)
    require_consent(await request.state["privacy"].consents.current(person), Purpose.TELEGRAM)
    now = telegram.now()
    link = new_code(now)
    await telegram.links.offer(person, link.code, now)
    return Json(TelegramLinkDocument.of(link), 201)


async def remove_link(request: Request[ApiState]) -> Response:
    """Forget the caller's chat."""
    await request.state["telegram"].links.remove(principal_of(request))
    return Response(status_code=204)


RESOURCE: Final = Resource(
    routes=(route(WEBHOOK_PATH, POST=take_update), route(LINK_PATH, POST=offer_link, DELETE=remove_link)),
    operations=(
        Operation(
            method="post",
            path=WEBHOOK_PATH,
            name="takeTelegramUpdate",
            summary="An update of the bot, by Telegram alone; it shows the secret that it was given with the address",
            body="TelegramUpdate",
            parameters=(parameter(SECRET_HEADER, "header", "The secret of the webhook.", {"type": "string"}),),
            problems=(400, 403, 413, 415, 422, 503),
            open=True,
        ),
        Operation(
            method="post",
            path=LINK_PATH,
            name="offerTelegramLink",
            summary="Get a code that links your chat with the bot, if you consent to that; it ends the link before",
            status=201,
            answer="TelegramLinkDocument",
            problems=(409,),
        ),
        Operation(
            method="delete",
            path=LINK_PATH,
            name="removeTelegramLink",
            summary="End the link with your chat",
            status=204,
        ),
    ),
    documents=(TelegramChat, TelegramLinkDocument, TelegramMessage, TelegramUpdate),
)
