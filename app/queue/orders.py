"""What a message orders: its subject says the kind, its body is a JSON document of that kind."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Final

import msgspec

from app.domain.errors import Invalid
from app.domain.models import Principal
from app.domain.operations import import_tasks
from app.domain.ports import TaskStore
from app.queue.ports import Delivery
from app.wire.documents import fit
from app.wire.tasks import NewTask

IMPORT_MAX: Final = 100
"""Tasks of one import: what fits the time that a message has."""

Order = Callable[[TaskStore, datetime], Awaitable[None]]
"""The work of a message, given where it is kept and the time in UTC."""


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


class OwnerDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person whose things a message is about."""

    issuer: Annotated[str, msgspec.Meta(min_length=1)]
    subject: Annotated[str, msgspec.Meta(min_length=1)]


class TaskImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tasks to keep for a person: all of them or, when one breaks a rule, none."""

    owner: OwnerDocument
    tasks: Annotated[list[NewTask], msgspec.Meta(min_length=1, max_length=IMPORT_MAX)]


def _task_import(document: object) -> Order:
    order = fit(document, TaskImport)
    owner = Principal(issuer=order.owner.issuer, subject=order.owner.subject)
    contents = [task.to_content() for task in order.tasks]
    return lambda tasks, now: import_tasks(tasks, owner, contents, now=now)


KINDS: Final[Mapping[str, Callable[[object], Order]]] = {"tasks.import": _task_import}


def read_order(delivery: Delivery) -> Order:
    """Return the work of a message.

    Raises:
        Poison: It orders nothing that can be done.
    """
    if not delivery.message_id:
        raise Poison("NoMessageId", "expected an id, by which a repeated message is known")
    if delivery.subject not in KINDS:
        raise Poison("UnknownSubject", f"expected the subject {', '.join(KINDS)}, got {delivery.subject!r}")
    try:
        return KINDS[delivery.subject](msgspec.json.decode(delivery.body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Poison("InvalidBody", f"the body is not JSON: {error}") from error
    except Invalid as error:
        raise Poison("InvalidBody", str(error)) from error
