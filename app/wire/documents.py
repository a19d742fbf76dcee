"""What every document has in common: how it is made to fit its type, how pages are asked for."""

import base64
import binascii
import re
import struct
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

import msgspec

from app.domain.errors import Invalid

LIMIT_DEFAULT: Final = 20
"""Items on a page, unless said."""
LIMIT_MAX: Final = 100

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A date-time with its offset from UTC."""

_T = TypeVar("_T")
_Document = TypeVar("_Document", bound=msgspec.Struct)
_NUMBERED: Final = struct.Struct(">q16s")
_PLACE: Final = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_INDEX: Final = re.compile(r"\[([0-9]+)\]")
_MEMBER: Final = re.compile(r"^Object (?:missing required|contains unknown) field `(?P<name>.*)`$", re.DOTALL)


def cursor_of(after: UUID | None) -> str | None:
    """Return the cursor of the page that starts after this item; None when there is no more."""
    return after and base64.urlsafe_b64encode(after.bytes).decode().rstrip("=")


def after_cursor(cursor: str | None) -> UUID | None:
    """Return where the page of a cursor starts; None without one, which is the first page.

    Raises:
        Invalid: It is no cursor.
    """
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", b"-_", validate=True)) if cursor else None
    except (binascii.Error, ValueError):
        raise no_cursor() from None


def numbered_cursor(number: int, item: UUID) -> str:
    """Return the cursor of the page that starts after this item in a list that is ordered by a number, then by ids."""
    return base64.urlsafe_b64encode(_NUMBERED.pack(number, item.bytes)).decode()


def after_numbered(cursor: str | None, moment: Callable[[int], datetime]) -> tuple[datetime, UUID] | None:
    """Return where the page of such a cursor starts; None without one, which is the first page.

    Args:
        cursor: As it came.
        moment: What the number says.

    Raises:
        Invalid: It is no cursor of such a list.
    """
    try:
        if not cursor:
            return None
        number, item = _NUMBERED.unpack(base64.b64decode(cursor, b"-_", validate=True))
        return moment(number), UUID(bytes=item)
    except (binascii.Error, struct.error, ValueError, OverflowError, OSError):
        raise no_cursor() from None


def no_cursor() -> Invalid:
    """Return what is raised for a cursor that is none."""
    return Invalid("", "cursor: expected the cursor of an earlier page")


def fit(document: Any, kind: type[_T]) -> _T:
    """Make a decoded JSON value into a msgspec type.

    Raises:
        Invalid: It does not fit; names the first member at fault.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise invalid(error) from error


def merge(document: msgspec.Struct, patch: dict[str, Any], kind: type[_Document]) -> _Document:
    """Merge a patch into the members of a document that are of this type (RFC 7396): null takes one of those away.

    Raises:
        Invalid: The outcome does not fit.
    """
    members = {name: getattr(document, name) for name in kind.__struct_fields__}
    merged = {**members, **patch}
    return fit({name: value for name, value in merged.items() if value is not None or name not in members}, kind)


def invalid(error: msgspec.ValidationError) -> Invalid:
    """Turn msgspec's place, `$.a[0].b`, into a JSON pointer, `/a/0/b`."""
    text = str(error)
    place = _PLACE.search(text)
    pointer = _INDEX.sub(r"/\1", place["path"].replace(".", "/")) if place else ""
    detail = text[: place.start()] if place else text
    if member := _MEMBER.match(detail):
        pointer += "/" + member["name"].replace("~", "~0").replace("/", "~1")
    return Invalid(pointer, detail)
