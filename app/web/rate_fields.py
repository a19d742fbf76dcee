"""What a caller is told of limits: fields on every answer to a request that counts, and a refusal.

Probes of the platform do not count, nor does what is refused or answered before an address counts: what came past the
Front Door, and preflights.

`RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import TooMany
from app.limits.allowance import Verdict
from app.limits.limiter import Limiter, require
from app.web.fields import Field
from app.web.problems import problem_response

_POLICY: Final = b"ratelimit-policy"
_REST: Final = b"ratelimit"
_TOLD: Final = "app.limits"
"""Where the scope of a request holds what its answer will tell."""


def limiter_of(scope: Scope) -> Limiter | None:
    """Return what counts requests; the worker, which serves nobody, has none."""
    return scope["state"].get("limiter")


async def serve_within(app: ASGIApp, scope: Scope, receive: Receive, send: Send, verdicts: Sequence[Verdict]) -> None:
    """Serve a request unless it is over a limit; the answer tells the limits of the layer that is furthest in."""
    scope[_TOLD] = verdicts
    try:
        for verdict in verdicts:
            require(verdict)
    except TooMany as error:
        await problem_response(HTTPConnection[Any](scope), error)(scope, receive, send)
        return
    await app(scope, receive, send)


def rate_fields(scope: Scope) -> Sequence[Field]:
    """Return the fields that an answer to a request with this scope gets, none when nothing was counted."""
    told: Sequence[Verdict] = scope.get(_TOLD, ())
    if not told:
        return ()
    policies, rests = ", ".join(map(_policy, told)), ", ".join(map(_rest, told))
    return (_POLICY, policies.encode()), (_REST, rests.encode())


def _policy(verdict: Verdict) -> str:
    return f'"{verdict.policy.name}";q={verdict.policy.quota};w={verdict.policy.window_s}'


def _rest(verdict: Verdict) -> str:
    return f'"{verdict.policy.name}";r={verdict.remaining};t={math.ceil(verdict.whole_in_s)}'
