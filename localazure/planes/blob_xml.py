"""The XML of Blob Storage: errors, lists, and the block list that a client sends."""

from collections.abc import Iterable, Mapping
from email.utils import formatdate
from xml.etree import ElementTree as ET

from localazure.planes.blob_values import BlobError, Version

Listed = tuple[str, Version, bool]
"""Name, version, and whether it is the current one."""


def error_body(code: str, message: str) -> bytes:
    """The body of a refusal."""
    root = ET.Element("Error")
    _text(root, "Code", code)
    _text(root, "Message", message)
    return _bytes(root)


def block_ids(body: bytes) -> list[str]:
    """The ids of a block list, in order. Raises BlobError for anything else than one."""
    try:
        # Only this user's processes reach the listener, and the parser expands no external entity.
        root = ET.fromstring(body.decode())  # noqa: S314 - see above
    except (ET.ParseError, UnicodeDecodeError) as error:
        raise BlobError(400, "InvalidXmlDocument", "XML specified is not syntactically valid.") from error
    return [element.text or "" for element in root if element.tag in {"Latest", "Uncommitted", "Committed"}]


def blob_list(container: str, prefix: str, found: Iterable[Listed], marker: str, asked: frozenset[str]) -> bytes:
    """One page of the blobs of a container.

    Args:
        container: its name.
        prefix: what the names begin with.
        found: the page.
        marker: what asks for the next page; empty on the last one.
        asked: what the client wants beside properties: `metadata`, `versions`, `deleted`.
    """
    root = ET.Element("EnumerationResults", ServiceEndpoint="", ContainerName=container)
    _text(root, "Prefix", prefix)
    blobs = ET.SubElement(root, "Blobs")
    for name, version, is_current in found:
        blob = ET.SubElement(blobs, "Blob")
        _text(blob, "Name", name)
        if version.deleted_at is not None:
            _text(blob, "Deleted", "true")
        if "versions" in asked:
            _text(blob, "VersionId", version.id)
            if is_current:
                _text(blob, "IsCurrentVersion", "true")
        properties = ET.SubElement(blob, "Properties")
        for key, value in _properties(version).items():
            _text(properties, key, value)
        if "metadata" in asked:
            metadata = ET.SubElement(blob, "Metadata")
            for key, value in version.properties.metadata.items():
                _text(metadata, key, value)
    _text(root, "NextMarker", marker)
    return _bytes(root)


def container_list(names: Iterable[str]) -> bytes:
    """The containers of an account, in one page."""
    root = ET.Element("EnumerationResults", ServiceEndpoint="")
    containers = ET.SubElement(root, "Containers")
    for name in names:
        container = ET.SubElement(containers, "Container")
        _text(container, "Name", name)
        properties = ET.SubElement(container, "Properties")
        _text(properties, "Last-Modified", formatdate(0, usegmt=True))
        _text(properties, "Etag", '"0x0"')
    _text(root, "NextMarker", "")
    return _bytes(root)


def _properties(version: Version) -> Mapping[str, str]:
    return {
        "Creation-Time": version.modified,
        "Last-Modified": version.modified,
        "Etag": version.etag.strip('"'),
        "Content-Length": str(version.size),
        "Content-Type": version.properties.content_type,
        "Content-Encoding": version.properties.content_encoding,
        "Content-MD5": version.md5,
        "BlobType": "BlockBlob",
        "ServerEncrypted": "true",
    }


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _bytes(root: ET.Element) -> bytes:
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)
