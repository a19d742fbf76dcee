"""Exports in blob storage, sealed: each in the folder of its person, under a random name, with its own key.

The key of an export is sealed for the person and stands beside it. So what storage still has of a deleted export
(earlier versions, soft deletion) ends with the person's key, and nobody who reads the storage alone can read it.
"""

import base64
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final
from uuid import UUID

from app.domain.erasure import person_of
from app.domain.errors import NotFound
from app.domain.export import LIFETIME, Fetched
from app.domain.models import Principal
from app.domain.sealing import Sealer
from app.storage.blob_streams import Found, StreamedContainer
from app.storage.database import Connections
from app.storage.fence import unerased
from app.storage.sealed_pieces import new_key, open_pieces, plain_size, seal_pieces

FOLDER: Final = "people/"
"""What the names of all exports begin with."""
_KEY: Final = "key"
_MADE_AT: Final = "made_at"


class BlobExports:
    """The port `ExportShelf` on blob storage, and the store `exports` of an erasure.

    Args:
        container: The container of exports.
        database: Where erasures are noted: an export appears while none has begun.
        sealer: Seals the keys.
    """

    name = "exports"

    def __init__(self, container: StreamedContainer, database: Connections, sealer: Sealer) -> None:
        self._container = container
        self._database = database
        self._sealer = sealer

    async def keep(self, owner: Principal, export_id: UUID, archive: AsyncIterator[bytes], *, now: datetime) -> int:
        """Keep an export; it appears at one moment, which no erasure has come before."""
        name, key = _name(owner, export_id), new_key()
        sealed_key = await self._sealer.seal(owner, _place(export_id), base64.b64encode(key).decode())
        size = await self._container.upload(
            name,
            seal_pieces(key, name, archive),
            metadata={_MADE_AT: now.isoformat(), _KEY: base64.b64encode(sealed_key).decode()},
            at_once=unerased(self._database, owner),
        )
        return plain_size(size)

    async def fetch(self, owner: Principal, export_id: UUID, *, now: datetime) -> Fetched:
        """Open an export of the person, while it lives."""
        found = await self._container.find(_name(owner, export_id))
        if _is_over(found, now):
            raise NotFound("the export has expired")
        sealed_key = base64.b64decode(found.metadata[_KEY])
        key = base64.b64decode(await self._sealer.unseal(owner, _place(export_id), sealed_key))
        pieces = open_pieces(key, found.name, self._container.download(found.name))
        return Fetched(size=plain_size(found.size), pieces=pieces)

    async def remove(self, owner: Principal, export_id: UUID) -> None:
        """Delete an export."""
        await self._container.delete(_name(owner, export_id))

    async def erase(self, owner: Principal) -> None:
        """Delete all exports of the person."""
        for name in [found.name async for found in self._container.listed(_folder(owner))]:
            await self._container.delete(name)

    async def holds(self, owner: Principal) -> int:
        """Count the exports of the person."""
        return len([found async for found in self._container.listed(_folder(owner))])

    async def remove_expired(self, *, now: datetime) -> int:
        """Delete everybody's exports that nobody may fetch any more; returns how many."""
        over = [found.name async for found in self._container.listed(FOLDER) if _is_over(found, now)]
        for name in over:
            await self._container.delete(name)
        return len(over)


def _folder(owner: Principal) -> str:
    return f"{FOLDER}{person_of(owner).hex()}/"


def _name(owner: Principal, export_id: UUID) -> str:
    return f"{_folder(owner)}{export_id}.zip.sealed"


def _place(export_id: UUID) -> str:
    return f"exports|key|{export_id}"


def _is_over(found: Found, now: datetime) -> bool:
    return datetime.fromisoformat(found.metadata[_MADE_AT]) + LIFETIME <= now
