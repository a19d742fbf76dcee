"""What Telegram says to the webhook, as far as it is read (Telegram Bot API, "Update"), and how a chat is linked."""

from typing import Annotated, Final, Self

import msgspec

from app.domain.telegram import TEXT_MAX, Line, LinkCode
from app.wire.documents import Moment

_ID_MAX: Final = 2**52
"""The bits that an id has at most (Telegram Bot API, "Chat")."""


class TelegramChat(msgspec.Struct, frozen=True):
    """Where something was written."""

    id: Annotated[int, msgspec.Meta(ge=-_ID_MAX, le=_ID_MAX)]
    type: str


class TelegramMessage(msgspec.Struct, frozen=True):
    """What was written; without a text it is something else."""

    chat: TelegramChat
    text: str = ""


class TelegramUpdate(msgspec.Struct, frozen=True):
    """One update; without a message it is about something else. Members that are not read may be there."""

    update_id: Annotated[int, msgspec.Meta(ge=0, le=_ID_MAX)]
    message: TelegramMessage | None = None

    def line(self) -> Line | None:
        """Return what a person wrote to the bot in a chat of their own; None when it is anything else."""
        if self.message is None or self.message.chat.type != "private" or not self.message.text:
            return None
        return Line(chat=self.message.chat.id, text=self.message.text.replace("\0", "")[:TEXT_MAX])


class UpdateOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of the message that orders an update to be handled: its id and nothing of what it says."""

    update: int


class TelegramLinkDocument(msgspec.Struct, frozen=True):
    """A code; the bot links the chat from which `/start` and the code come first, until it expires."""

    code: str
    command: str
    expires_at: Moment

    @classmethod
    def of(cls, link: LinkCode) -> Self:
        """Render a code."""
        return cls(code=link.code, command=f"/start {link.code}", expires_at=link.expires_at)
