"""How often a person may ask, once the token is verified."""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.auth import PRINCIPAL
from app.web.rate_fields import limiter_of, serve_within


class PersonLimit:
    """Lets a person ask so often, and less often for what is costly.

    Args:
        app: What is protected.
        costly: Methods and paths of what is costly; a path that is spelled otherwise has no route.
    """

    def __init__(self, app: ASGIApp, *, costly: Collection[tuple[str, str]] = ()) -> None:
        self._app = app
        self._costly = frozenset(costly)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        limiter = limiter_of(scope) if PRINCIPAL in scope else None
        if limiter is None:
            await self._app(scope, receive, send)
            return
        verdicts = [limiter.ask_person(scope[PRINCIPAL])]
        if verdicts[0].allowed and (scope["method"], scope["path"]) in self._costly:
            verdicts.append(await limiter.ask_costly(scope[PRINCIPAL]))
        await serve_within(self._app, scope, receive, send, verdicts)
