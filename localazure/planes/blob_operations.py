"""The operations of the blob data plane on a container and its blobs, each on a request that is allowed already."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final, NoReturn

from aiohttp import web

from localazure.planes.blob_store import Container
from localazure.planes.blob_values import BlobError, Properties, Rules, Version
from localazure.planes.blob_xml import blob_list, block_ids

LARGEST_PAGE: Final = 5000
_RANGE: Final = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that is allowed, on a container that exists; `blob` is empty for the container itself."""

    request: web.Request
    content: Container
    rules: Rules
    container: str
    blob: str
    body: bytes

    @property
    def version(self) -> str:
        """The version asked for; empty for the current one."""
        return self.request.query.get("versionid", "")


def _container(call: Call) -> web.Response:
    immutable = "true" if call.rules.immutability_days else "false"
    said = {"x-ms-has-immutability-policy": immutable, "x-ms-has-legal-hold": "false"}
    return web.Response(headers={"ETag": '"0x0"', "Last-Modified": formatdate(0, usegmt=True), **said})


def _list(call: Call) -> web.Response:
    query = call.request.query
    asked = frozenset(query.get("include", "").split(","))
    prefix, marker = query.get("prefix", ""), int(query.get("marker") or 0)
    found = [
        each
        for each in call.content.listed(call.rules, prefix)
        if (each[2] or "versions" in asked or each[1].deleted_at is not None)
        and (each[1].deleted_at is None or "deleted" in asked)
    ]
    if "delimiter" in query:
        not_imitated("lists by folder")
    end = marker + min(int(query.get("maxresults") or LARGEST_PAGE), LARGEST_PAGE)
    following = str(end) if end < len(found) else ""
    return xml_response(blob_list(call.container, prefix, found[marker:end], following, asked))


def _get(call: Call) -> web.Response:
    version = call.content.find(call.blob, call.version)
    headers = call.request.headers
    _check(headers.get("If-Match"), version)
    if version.etag in (headers.get("If-None-Match") or "").split(","):
        return web.Response(status=304, headers={"x-ms-error-code": "ConditionNotMet", "ETag": version.etag})
    start, end, status = 0, version.size, 200
    if asked := _RANGE.fullmatch(headers.get("x-ms-range") or headers.get("Range") or ""):
        start, end, status = int(asked[1]), min(int(asked[2] or version.size - 1) + 1, version.size), 206
        if start >= version.size:
            raise BlobError(416, "InvalidRange", "The range specified is invalid for the current size of the resource.")
    said = _headers(version) | {"Accept-Ranges": "bytes"}
    if status == 206:  # noqa: PLR2004 - partial content
        said["Content-Range"] = f"bytes {start}-{end - 1}/{version.size}"
        said["x-ms-blob-content-md5"] = said.pop("Content-MD5")
    if call.request.method == "HEAD":
        return web.Response(headers=said | {"Content-Length": str(version.size)})
    return web.Response(status=status, headers=said, body=call.content.read(version, start, end))


def _put(call: Call) -> web.Response:
    if call.request.headers.get("x-ms-blob-type") != "BlockBlob" or "x-ms-copy-source" in call.request.headers:
        not_imitated("blobs other than block blobs, and copies")
    _check_body(call)
    _check_write(call)
    return _created(call.content.put(call.blob, call.body, _properties(call.request), call.rules))


def _stage(call: Call) -> web.Response:
    _check_body(call)
    call.content.stage(call.blob, call.request.query.get("blockid", ""), call.body)
    return web.Response(status=201, headers={"Content-MD5": _md5(call.body)})


def _commit(call: Call) -> web.Response:
    _check_body(call)
    _check_write(call)
    return _created(call.content.commit(call.blob, block_ids(call.body), _properties(call.request), call.rules))


def _delete(call: Call) -> web.Response:
    _check(call.request.headers.get("If-Match"), call.content.find(call.blob, call.version))
    call.content.delete(call.blob, call.version, call.rules)
    return web.Response(status=202, headers={"x-ms-delete-type-permanent": "false"})


def _undelete(call: Call) -> web.Response:
    call.content.undelete(call.blob, call.rules)
    return web.Response()


Operation = Callable[[Call], web.Response]

_ON_CONTAINERS: Final[dict[tuple[str, str, str], Operation]] = {
    ("GET", "container", ""): _container,
    ("GET", "container", "list"): _list,
}
_ON_BLOBS: Final[dict[tuple[str, str, str], Operation]] = {
    ("GET", "", ""): _get,
    ("PUT", "", ""): _put,
    ("PUT", "", "block"): _stage,
    ("PUT", "", "blocklist"): _commit,
    ("PUT", "", "undelete"): _undelete,
    ("DELETE", "", ""): _delete,
}


def operation_of(request: web.Request, *, on_blob: bool) -> Operation:
    """What a request asks for, by method and query. Raises BlobError for what is not imitated."""
    method = "GET" if request.method == "HEAD" else request.method
    what = (method, request.query.get("restype", ""), request.query.get("comp", ""))
    found = (_ON_BLOBS if on_blob else _ON_CONTAINERS).get(what)
    return found or not_imitated(f"{request.method} {request.path_qs}")


def not_imitated(what: str) -> NoReturn:
    """Refuse what Azure has and this has not."""
    raise BlobError(501, "NotImplemented", f"The embedded Azure does not imitate {what} (localazure/NONGOALS.md).")


def xml_response(body: bytes) -> web.Response:
    """An answer in XML."""
    return web.Response(body=body, content_type="application/xml", charset="utf-8")


def _created(version: Version) -> web.Response:
    return web.Response(status=201, headers=_headers(version))


def _headers(version: Version) -> dict[str, str]:
    """What every answer about a version says of it."""
    properties = version.properties
    encoding = {"Content-Encoding": properties.content_encoding} if properties.content_encoding else {}
    return {
        "Content-MD5": version.md5,
        "Content-Type": properties.content_type,
        "ETag": version.etag,
        "Last-Modified": version.modified,
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": version.modified,
        "x-ms-request-server-encrypted": "true",
        "x-ms-server-encrypted": "true",
        "x-ms-version-id": version.id,
        **encoding,
        **{f"x-ms-meta-{name}": value for name, value in properties.metadata.items()},
    }


def _properties(request: web.Request) -> Properties:
    headers = request.headers
    meta = {k.lower().removeprefix("x-ms-meta-"): v for k, v in headers.items() if k.lower().startswith("x-ms-meta-")}
    return Properties(
        content_type=headers.get("x-ms-blob-content-type", Properties.content_type),
        content_encoding=headers.get("x-ms-blob-content-encoding", ""),
        metadata=meta,
    )


def _check_write(call: Call) -> None:
    """Hold a write against its conditions. Raises BlobError; the codes are those of the two blob uploads."""
    current, asked = call.content.current(call.blob), call.request.headers.get("If-None-Match")
    if current and asked == "*":
        raise BlobError(409, "BlobAlreadyExists", "The specified blob already exists.")
    if current and asked == current.etag:
        raise _condition_not_met()
    _check(call.request.headers.get("If-Match"), current)


def _check(if_match: str | None, version: Version | None) -> None:
    if if_match and (version is None or if_match not in {"*", version.etag}):
        raise _condition_not_met()


def _condition_not_met() -> BlobError:
    text = "The condition specified using HTTP conditional header(s) is not met."
    return BlobError(412, "ConditionNotMet", text)


def _check_body(call: Call) -> None:
    said = call.request.headers.get("Content-MD5")
    if said and said != _md5(call.body):
        text = "The MD5 value specified in the request did not match with the MD5 value calculated by the server."
        raise BlobError(400, "Md5Mismatch", text)


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
