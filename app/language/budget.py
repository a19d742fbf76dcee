"""A budget of retries: when everything fails, asking again must not double what is asked (Google, SRE book, ch. 21)."""

from typing import Final

CALLS_PER_RETRY: Final = 10
"""One more call for ten: at most 10 %."""
SAVED_MAX: Final = 10
"""Retries that can be saved up in quiet times."""


class RetryBudget:
    """Earns a retry with every ten calls. The first may be taken in advance, so that a quiet replica has one too."""

    def __init__(self) -> None:
        self._credit = 0

    def earn(self) -> None:
        """Note a call that is no retry."""
        self._credit = min(self._credit + 1, CALLS_PER_RETRY * SAVED_MAX)

    def spend(self) -> bool:
        """Take a retry if there is one."""
        if self._credit <= 0:
            return False
        self._credit -= CALLS_PER_RETRY
        return True
