"""What the API has beside what the tool server has too: talks with a language model, and the bot's webhook."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypedDict

from app.contract import ApiEnv
from app.domain.chat import Chat
from app.domain.sealing import BlindIndex, Sealer
from app.language.opening import open_model
from app.settings import ApiSettings
from app.storage.chat import PostgresChat
from app.storage.database import Database
from app.storage.telegram import PostgresTelegramLinks, PostgresTelegramUpdates
from app.telegram.webhook import TelegramWebhook


class ApiParts(TypedDict):
    """The part of `ApiState` that is made here."""

    chat: Chat
    telegram: TelegramWebhook


@asynccontextmanager
async def open_api_parts(
    settings: ApiSettings, database: Database, *, sealer: Sealer, index: BlindIndex, now: Callable[[], datetime]
) -> AsyncGenerator[ApiParts]:
    """Open the parts. Nothing connects yet."""
    async with open_model(settings.chat) as model:
        yield ApiParts(
            chat=Chat(store=PostgresChat(database, sealer), model=model, now=now),
            telegram=TelegramWebhook(
                secret=settings.keys[ApiEnv.TELEGRAM_WEBHOOK_SECRET],
                updates=PostgresTelegramUpdates(database),
                links=PostgresTelegramLinks(database, index),
                now=now,
            ),
        )
