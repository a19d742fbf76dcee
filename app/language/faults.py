"""What the SDKs of providers raise, as faults of a model. They are alike: one generator makes both."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
import httpx2
import msgspec

from app.domain.language import ModelFault

_AGAIN: Final = frozenset({200, 408, 409, 429})
"""Statuses, beside those from 500, after which another attempt may help; 200 is that of an error inside a stream."""
_SERVER_ERROR: Final = 500
_TRANSPORT: Final = (httpx2.HTTPError, aiohttp.ClientError)
"""While a body is read the SDKs let through what their transport raises, and that what it has no word for."""
_SHAPE: Final = (msgspec.DecodeError, ValueError, TypeError, AttributeError, LookupError)
"""What an answer or a stream of another shape makes of us, or of the SDK."""


@contextmanager
def told(sdk: type[Exception]) -> Generator[None]:
    """Raise `ModelFault` for the errors of an SDK, of its transport, and of an answer of another shape."""
    try:
        yield
    except (sdk, *_TRANSPORT, *_SHAPE) as error:
        raise fault_of(error) from error


def fault_of(error: Exception) -> ModelFault:
    """Translate an error. Its text is left out: a provider may repeat the key, or what a person said, in it."""
    response = getattr(error, "response", None)
    if response is None:
        return ModelFault(type(error).__name__, again=True)
    status: int = response.status_code
    return ModelFault(
        f"{type(error).__name__} {status}",
        again=status in _AGAIN or status >= _SERVER_ERROR,
        retry_after_s=seconds_of(response.headers.get("retry-after", "")),
    )


def seconds_of(retry_after: str) -> float:
    """Read `Retry-After` (RFC 9110 section 10.2.3): seconds or a date; 0 when it is neither."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0
