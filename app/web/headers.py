"""The security headers of every response."""

from collections.abc import Iterable, Sequence
from typing import Final

from app.web.fields import Field

SECURITY_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": ("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-site",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Origin",  # so that no cache gives one origin's answer to another (the Fetch standard, 3.2.5)
}
"""OWASP ASVS 5.0, section 3.4. A route that needs another value sets the header itself."""
_ENCODED: Final = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())


_NAMES: Final = frozenset(name for name, _ in _ENCODED)


def missing(there: Iterable[Field]) -> Sequence[Field]:
    """Return the security headers that an answer with these fields does not have yet."""
    names = {name for name, _ in there}
    if names.isdisjoint(_NAMES):
        return _ENCODED
    return [header for header in _ENCODED if header[0] not in names]
