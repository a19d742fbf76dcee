"""What is said about tasks on the wire: the same documents to the API, to tools and in messages, by msgspec."""

import base64
import binascii
import re
from datetime import datetime
from typing import Annotated, Any, Final, Self, TypeVar
from uuid import UUID

import msgspec

from app.domain.errors import Invalid
from app.domain.models import Task, TaskContent, TaskPage, TaskStatus
from app.domain.tasks import NOTES_MAX, TITLE_MAX, content

LIMIT_DEFAULT: Final = 20
"""Tasks on a page, unless said."""
LIMIT_MAX: Final = 100

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_MAX)]
Notes = Annotated[str, msgspec.Meta(max_length=NOTES_MAX)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

_T = TypeVar("_T")
_PLACE: Final = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_MEMBER: Final = re.compile(r"^Object (?:missing required|contains unknown) field `(?P<name>.*)`$", re.DOTALL)


class NewTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person decides about a task; unknown members are refused."""

    title: Title
    notes: Notes | None = None
    status: TaskStatus = TaskStatus.OPEN
    due: Moment | None = None

    def to_content(self) -> TaskContent:
        """Apply the rules of the product."""
        return content(title=self.title, notes=self.notes, status=self.status, due=self.due)


class TaskDocument(msgspec.Struct, frozen=True):
    """A task; `version` grows with every change and is the entity tag."""

    id: UUID
    title: Title
    notes: Notes | None
    status: TaskStatus
    due: Moment | None
    created_at: Moment
    updated_at: Moment
    version: int

    @classmethod
    def of(cls, task: Task) -> Self:
        """Render a task."""
        return cls(
            id=task.id,
            title=task.content.title,
            notes=task.content.notes,
            status=task.content.status,
            due=task.content.due,
            created_at=task.created_at,
            updated_at=task.updated_at,
            version=task.version,
        )


class TaskPageDocument(msgspec.Struct, frozen=True):
    """A page of tasks, newest first; `cursor` asks for the next page and is null on the last one."""

    items: list[TaskDocument]
    cursor: str | None

    @classmethod
    def of(cls, page: TaskPage) -> Self:
        """Render a page."""
        cursor = page.after and base64.urlsafe_b64encode(page.after.bytes).decode().rstrip("=")
        return cls(items=[TaskDocument.of(task) for task in page.tasks], cursor=cursor)


def after_cursor(cursor: str | None) -> UUID | None:
    """Return where the page of a cursor starts; None without one, which is the first page.

    Raises:
        Invalid: It is no cursor.
    """
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", b"-_", validate=True)) if cursor else None
    except (binascii.Error, ValueError):
        raise Invalid("", "cursor: expected the cursor of an earlier page") from None


def fit(document: Any, kind: type[_T]) -> _T:
    """Make a decoded JSON value into a msgspec type.

    Raises:
        Invalid: It does not fit; names the first member at fault.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise invalid(error) from error


def invalid(error: msgspec.ValidationError) -> Invalid:
    """Turn msgspec's place, `$.a.b`, into a JSON pointer, `/a/b`."""
    text = str(error)
    place = _PLACE.search(text)
    pointer = place["path"].replace(".", "/") if place else ""
    detail = text[: place.start()] if place else text
    if member := _MEMBER.match(detail):
        pointer += "/" + member["name"].replace("~", "~0").replace("/", "~1")
    return Invalid(pointer, detail)
