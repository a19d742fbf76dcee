"""What routes read of a request beside its body: parameters, entity tags, ids."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from starlette.requests import Request

from app.domain.errors import Invalid, NotFound
from app.domain.moments import in_utc
from app.domain.operations import KEY_MAX
from app.wire.documents import LIMIT_DEFAULT, LIMIT_MAX, Moment

_Choice = TypeVar("_Choice", bound=StrEnum)
_ETAG: Final = re.compile(r'"([0-9]{1,9})"')
_KEY: Final = re.compile(rf"[\x21-\x7e]{{1,{KEY_MAX}}}")


def entity_tag(version: int) -> dict[str, str]:
    """Return the header that names a version."""
    return {"ETag": f'"{version}"'}


def expected_versions(request: Request[Any]) -> frozenset[int] | None:
    """Read `If-Match` (RFC 9110 section 13.1.1): None when any version will do; a weak tag never matches."""
    values = request.headers.getlist("if-match")
    if not values or values == ["*"]:
        return None
    tags = [tag.strip() for value in values for tag in value.split(",")]
    return frozenset(int(match[1]) for tag in tags if (match := _ETAG.fullmatch(tag)))


def idempotency_key(request: Request[Any]) -> str | None:
    """Read `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), taken as it stands; None without one.

    Raises:
        Invalid: It is not 1 to 255 visible characters, once.
    """
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise Invalid("", f"Idempotency-Key: expected 1 to {KEY_MAX} visible characters of ASCII, once")
    return values[0]


def page_limit(request: Request[Any]) -> int:
    """Read how many items a page may have.

    Raises:
        Invalid: The parameter is not from 1 to `LIMIT_MAX`.
    """
    text = request.query_params.get("limit", str(LIMIT_DEFAULT))
    if re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= LIMIT_MAX:
        return int(text)
    raise Invalid("", f"limit: expected 1 to {LIMIT_MAX}")


def query_moment(request: Request[Any], name: str) -> datetime | None:
    """Read a date-time with its offset from UTC (RFC 3339), as one in UTC; None without the parameter.

    Raises:
        Invalid: It is none.
    """
    if (text := request.query_params.get(name)) is None:
        return None
    try:
        return in_utc("", msgspec.convert(text, Moment))
    except (msgspec.ValidationError, Invalid):
        raise Invalid("", f"{name}: expected a date-time with its offset, as 2026-12-31T12:00:00Z") from None


def query_choice(request: Request[Any], name: str, kind: type[_Choice]) -> _Choice | None:
    """Read a parameter that has one of some values; None without it.

    Raises:
        Invalid: It has another one.
    """
    if (text := request.query_params.get(name)) is None:
        return None
    if text not in set(kind):
        raise Invalid("", f"{name}: expected {', '.join(kind)}")
    return kind(text)


def path_id(request: Request[Any], name: str) -> UUID:
    """Read an id of the path.

    Raises:
        NotFound: It is no UUID, so nothing has it.
    """
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotFound(f"{name} is a UUID") from None
