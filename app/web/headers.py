"""The security headers of every response."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.fields import Field, adding

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


class SecurityHeaders:
    """Adds each security header that the response does not have yet, so that each is there exactly once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        await self._app(scope, receive, adding(send, _missing) if scope["type"] == "http" else send)


def _missing(message: Message) -> list[Field]:
    there = {name for name, _ in message["headers"]}
    return [header for header in _ENCODED if header[0] not in there]
