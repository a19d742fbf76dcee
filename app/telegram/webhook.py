"""What the webhook needs: the secret that Telegram shows, where updates and links are kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from app.domain.errors import Forbidden, Unavailable
from app.domain.telegram import TelegramLinks, TelegramUpdates
from app.settings.reader import Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class TelegramWebhook:
    """The parts of the webhook, and the time in UTC."""

    secret: Secret
    updates: TelegramUpdates
    links: TelegramLinks
    now: Callable[[], datetime]

    def admit(self, shown: str) -> None:
        """Return when this is the secret.

        Raises:
            Forbidden: It is not.
            Unavailable: Nobody has filled the secret in, so nothing could be told from Telegram's own.
        """
        if self.secret.is_placeholder:
            raise Unavailable("the secret of the webhook is the placeholder; set it in the key vault")
        if not compare_digest(shown.encode(), self.secret.value.encode()):
            raise Forbidden("the secret of the webhook is another one")
