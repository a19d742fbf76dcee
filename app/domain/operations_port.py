"""What starts work that outlives a request."""

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from app.domain.models import Principal


class OperationStarter(Protocol):
    """Keeps an operation of a person and sees to it that a worker works it off."""

    async def start(
        self,
        owner: Principal,
        kind: str,
        input: Mapping[str, Any],  # noqa: A002 - the word of the product
        idempotency_key: str | None,
    ) -> UUID:
        """Return the operation's id: a new one, or that of the operation with the same key and input.

        Raises:
            Erased: The person has been erased.
            Invalid: The key was used with another input.
            Unavailable: It cannot be kept.
        """
        ...
