"""Blobs as plain values: their versions, what clients say of them, and the rules that they are kept by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Final

DAY_SECONDS: Final = 86400


class BlobError(Exception):
    """Blob Storage refuses: HTTP status, code and text.

    Codes and texts: https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the account and its containers declare; days of 0 are none."""

    versioning: bool = False
    retention_days: int = 0
    immutability_days: int = 0
    version_level: bool = False

    @property
    def locks_names(self) -> bool:
        """Whether a blob cannot be written twice: immutability that does not look at versions."""
        return self.immutability_days > 0 and not self.version_level


@dataclass(frozen=True, kw_only=True)
class Properties:
    """What a client says of a blob."""

    content_type: str = "application/octet-stream"
    content_encoding: str = ""
    metadata: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class Version:
    """One state of a blob. Times are seconds since 1970."""

    id: str
    content: str
    size: int
    md5: str
    created: float
    properties: Properties
    deleted_at: float | None = None

    @property
    def etag(self) -> str:
        """The entity tag, in its quotes."""
        return f'"0x{self.content[:15].upper()}"'

    @property
    def modified(self) -> str:
        """The time of the last change, as HTTP writes it."""
        return formatdate(self.created, usegmt=True)


@dataclass(frozen=True, kw_only=True)
class Blob:
    """Versions of a blob, oldest first; the current one is the last, unless the blob is deleted."""

    name: str
    versions: tuple[Version, ...] = ()
    current: str | None = None


def blob_of(kept: Mapping[str, Any]) -> Blob:
    """The blob that `asdict` made these values of. Raises KeyError and TypeError for other values."""
    versions: list[dict[str, Any]] = [{**v, "properties": Properties(**v["properties"])} for v in kept["versions"]]
    return Blob(name=kept["name"], versions=tuple(Version(**v) for v in versions), current=kept["current"])
