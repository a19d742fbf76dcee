"""The work of the message `telegram.update`."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from app.domain.errors import Erased, Unavailable
from app.domain.models import Principal
from app.domain.processing import REPLY_DISCLOSED, ProcessingLog
from app.domain.purposes import Purpose
from app.domain.telegram import TelegramDesks, TelegramReplies, handle_update
from app.wire.documents import fit
from app.wire.telegram import UpdateOrder

_log = logging.getLogger(__name__)


class UpdateHandler:
    """Handles updates: what one changes is kept first and once, then the reply is sent.

    A reply that Telegram does not take after a few attempts is lost, as the work would have to be done again for it.
    So is one that cannot be noted in its person's processing log first.
    """

    def __init__(
        self,
        *,
        desks: TelegramDesks,
        replies: TelegramReplies,
        processing: ProcessingLog,
        now: Callable[[], datetime],
        tasks_changed: Callable[[Principal], Awaitable[None]] | None = None,
    ) -> None:
        self._tasks_changed = tasks_changed
        self._desks = desks
        self._replies = replies
        self._processing = processing
        self._now = now

    async def handle(self, document: object) -> None:
        """Do the work of a message with this body.

        Raises:
            Invalid: The body is not an order.
            Unavailable: The update has to wait.
        """
        reply = await handle_update(fit(document, UpdateOrder).update, self._desks, self._now())
        if reply is None:
            return
        if self._tasks_changed and reply.person:
            await self._tasks_changed(reply.person)
        try:
            if reply.person:
                await self._processing.note(reply.person, Purpose.TELEGRAM, REPLY_DISCLOSED, self._now())
            await self._replies.send(reply)
        except (Erased, Unavailable) as error:
            _log.warning("a reply is lost", extra={"error": repr(error)})
