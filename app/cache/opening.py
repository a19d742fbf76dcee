"""The cache, opened: what the composition root of each role needs."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from azure.core.credentials_async import AsyncTokenCredential

from app.cache.answers import AnswerCache
from app.cache.link import Link
from app.cache.login import open_pool
from app.cache.news import News
from app.cache.shared import Shared
from app.settings.groups import CacheSettings
from app.telemetry.counters import CACHE_READS, Counter


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenCache:
    """The cache, and the link to Redis that limits share with it."""

    answers: AnswerCache
    link: Link


@asynccontextmanager
async def open_cache(
    settings: CacheSettings,
    credential: AsyncTokenCredential,
    *,
    release: str = "",
    authorities: str | None = None,
    reads: Counter = CACHE_READS,
) -> AsyncGenerator[OpenCache]:
    """Open the cache. It starts and works without Redis, and finds it by itself.

    Args:
        settings: Where Redis is.
        credential: Of the managed identity.
        release: Names the code that makes the answers: another release's are never served.
        authorities: A file of certificate authorities, if not the system's.
        reads: Where reads are counted.
    """
    async with open_pool(settings, credential, authorities=authorities) as pool:
        link = Link(pool)
        shared = Shared(link, release=release)
        answers = AnswerCache(shared, reads=reads)
        listening = asyncio.create_task(News(link, answers, replica=shared.replica).run())
        try:
            yield OpenCache(answers=answers, link=link)
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
            await answers.close()
            await link.close()
