"""Routes whose answers are kept: `cached` for what reads, `changing` for what writes."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from app.cache.answer import Answer
from app.cache.keys import Kind, Namespace, question
from app.domain.errors import NotFound
from app.web.auth import principal_of
from app.web.fields import fields
from app.web.state import State

Handler = Callable[[Request[State]], Awaitable[Response]]

_OK: Final = 200
_NOTHING: Final = Answer(status=404, etag="", media_type="", body=b"")
"""That there is no such thing; the write that makes it takes this away too."""


def cached(kind: Kind, build: Handler) -> Handler:
    """Make a handler that answers with kept bytes, or with 304 when the caller has them already.

    Args:
        kind: What the answer is about: it stays until a write of this kind by the same person.
        build: Makes the answer, a whole one, of nothing but the path, the query and the person.
    """

    async def serve(request: Request[State]) -> Response:
        async def load() -> Answer:
            try:
                return _answer(await build(request))
            except NotFound:
                return _NOTHING

        namespace = Namespace(principal_of(request), kind)
        asked = question(request.scope["path"], request.scope["query_string"])
        answer = await request.state["cache"].get(namespace, asked, load)
        if answer.status != _OK:
            raise NotFound("it has not been there")
        if _has(request, answer.etag):
            return Response(status_code=304, headers={"ETag": answer.etag})
        return _KeptResponse(answer)

    return serve


def changing(kind: Kind, work: Handler) -> Handler:
    """Make a handler after which every kept answer about this kind of the caller's things is old.

    Also when it fails: what has failed may have been done all the same.
    """

    async def serve(request: Request[State]) -> Response:
        try:
            return await work(request)
        finally:
            await request.state["cache"].changed(principal_of(request), kind)

    return serve


class _KeptResponse(Response):
    """Kept bytes as they are; nothing is looked for in header fields that are known."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = _OK
        self.background = None
        self.body = answer.body
        self.raw_headers = [
            (b"etag", answer.etag.encode()),
            (b"content-type", answer.media_type.encode()),
            (b"content-length", b"%d" % len(answer.body)),
        ]


def _answer(response: Response) -> Answer:
    if response.status_code != _OK:
        raise TypeError(f"only an answer with status {_OK} can be kept, got {response.status_code}")
    body = bytes(response.body)
    etag = response.headers.get("etag") or f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    return Answer(status=_OK, etag=etag, media_type=response.media_type or "", body=body)


def _has(request: Request[Any], etag: str) -> bool:
    """Compare as `If-None-Match` does: weakly (RFC 9110 section 13.1.2)."""
    values = fields(request.scope, b"if-none-match")
    tags = {tag.strip().removeprefix("W/") for value in values for tag in value.split(",")}
    return bool(values) and (etag in tags or tags == {"*"})
