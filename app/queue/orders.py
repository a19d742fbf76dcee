"""What a message orders: its subject says the kind, its body is a JSON document of that kind.

A body that an earlier release has sent stays readable until no queue can hold it any more (14 days). A release teaches
workers a new form before anything sends it; its own members may grow, since readers of references pass over what they
do not know.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from app.domain.errors import Invalid, ProductError
from app.domain.inbox import Keep
from app.queue.ports import Delivery
from app.wire.documents import fit

HANDLE_S: Final = 20.0
"""Bound on the work of a message whose kind names none."""

_Body = TypeVar("_Body", bound=msgspec.Struct)


class Poison(Exception):  # noqa: N818 - Service Bus's word
    """A message that no further attempt can help.

    Args:
        reason: One word for the dead-letter queue.
        description: What was wrong, and what is allowed.
    """

    def __init__(self, reason: str, description: str) -> None:
        super().__init__(f"{reason}: {description}")
        self.reason = reason
        self.description = description


def poisoned(error: ProductError) -> Keep:
    """Keep nothing of a message whose work breaks a rule: it is a dead letter."""
    raise Poison(type(error).__name__, str(error)) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a message orders.

    Args:
        work: What is done outside a transaction, which must bear being done twice; gives what is to be kept, once. It
            is told which attempt it is, counted from 1.
        refused: What is kept instead when the work, or keeping it, breaks a rule of the product.
        within_s: Bound on all of it, in seconds; the message stays ours for so long.
        after: What is done once all of it is kept; when it fails, the message is done all the same.
        given_up: Tells who waits for it that the last attempt has failed; a person may put the message back later.
    """

    work: Callable[[int], Awaitable[Keep]]
    refused: Callable[[ProductError], Keep] = poisoned
    within_s: float = HANDLE_S
    after: Callable[[], Awaitable[None]] | None = None
    given_up: Callable[[], Awaitable[None]] | None = None


Reader = Callable[[object], Order]
"""Makes an order of a body; raises `Invalid` for one that does not fit."""


def reader(takes: type[_Body], work: Callable[[_Body], Awaitable[Keep]], *, within_s: float = HANDLE_S) -> Reader:
    """Make the reader of a kind of message.

    Args:
        takes: The type of its body.
        work: What it orders: `Order.work` for a body.
        within_s: Bound on the work, in seconds.
    """

    def read(document: object) -> Order:
        body = fit(document, takes)
        return Order(work=lambda _attempt: work(body), within_s=within_s)

    return read


def read_order(delivery: Delivery, readers: Mapping[str, Reader]) -> Order:
    """Return what a message orders.

    Args:
        delivery: The message.
        readers: By the subject of their messages.

    Raises:
        Poison: It orders nothing that can be done.
    """
    if not delivery.message_id:
        raise Poison("NoMessageId", "expected an id, by which a repeated message is known")
    if delivery.subject not in readers:
        raise Poison("UnknownSubject", f"expected the subject {', '.join(readers)}, got {delivery.subject!r}")
    try:
        return readers[delivery.subject](msgspec.json.decode(delivery.body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Poison("InvalidBody", f"the body is not JSON: {error}") from error
    except Invalid as error:
        raise Poison("InvalidBody", str(error)) from error
