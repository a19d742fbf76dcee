"""Blobs that come and go: streamed in and out, listed, replaced, deleted."""

import asyncio
import base64
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, ContentSettings

from app.domain.errors import NotFound, Unavailable
from app.storage.blobs import UPLOAD_S, BlobContainer

REQUEST_S: Final = 60.0
"""Bound on what is not a stream, its retries included."""
COMMIT_S: Final = 4.0
"""Bound on the request that makes a blob appear: others may wait for it."""
_JSON: Final = ContentSettings(content_type="application/json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A blob, as its container lists it."""

    name: str
    size: int
    metadata: Mapping[str, str]


class StreamedContainer(BlobContainer):
    """A container whose blobs are streamed."""

    async def upload(
        self,
        name: str,
        blocks: AsyncIterator[bytes],
        *,
        metadata: Mapping[str, str],
        at_once: AbstractAsyncContextManager[None],
    ) -> int:
        """Write a blob block by block, and let it appear inside `at_once`; returns its size in bytes.

        Until then nobody sees any of it, and Azure forgets blocks that never belong to a blob within a week
        (Microsoft, "Put Block"). Raises what `at_once` and `blocks` raise, and `Unavailable`.
        """
        blob, listed, size = self._client.get_blob_client(name), list[BlobBlock](), 0
        async with asyncio.timeout(UPLOAD_S):
            async for block in blocks:
                block_id = base64.b64encode(len(listed).to_bytes(6)).decode()
                with _told(name):
                    await blob.stage_block(block_id, BytesIO(block), len(block))
                listed.append(BlobBlock(block_id))
                size += len(block)
        async with at_once:
            with _told(name):
                async with asyncio.timeout(COMMIT_S):
                    await blob.commit_block_list(listed, metadata=dict(metadata))
        return size

    async def find(self, name: str) -> Found:
        """Return what a blob says of itself, or raise `NotFound` or `Unavailable`."""
        with _told(name):
            async with asyncio.timeout(REQUEST_S):
                said = await self._client.get_blob_client(name).get_blob_properties()
        return Found(name=name, size=said.size, metadata=said.metadata or {})

    async def download(self, name: str) -> AsyncIterator[bytes]:
        """Give a blob piece by piece, or raise `NotFound` or `Unavailable`."""
        sdk: Any = self._client  # its types know the content as Unknown
        with _told(name):
            async with asyncio.timeout(REQUEST_S):
                stream = await sdk.download_blob(name)
            async for piece in stream.chunks():
                yield piece

    async def listed(self, prefix: str) -> AsyncIterator[Found]:
        """Give the blobs of a prefix, or raise `Unavailable`."""
        with _told(prefix):
            async for each in self._client.list_blobs(name_starts_with=prefix, include=["metadata"]):
                yield Found(name=each.name, size=each.size, metadata=each.metadata or {})

    async def delete(self, name: str) -> None:
        """Delete a blob, if it is there; may raise `Unavailable`."""
        try:
            with _told(name):
                async with asyncio.timeout(REQUEST_S):
                    await self._client.delete_blob(name)
        except NotFound:
            return

    async def write(self, name: str, document: bytes, *, replaces: bool) -> None:
        """Write a small JSON document.

        Raises:
            FileExistsError: Something has the name, and it was not to be replaced.
            Unavailable: The storage does not answer in time, or refuses.
        """
        with _told(name):
            async with asyncio.timeout(REQUEST_S):
                await self._client.upload_blob(name, document, overwrite=replaces, content_settings=_JSON)

    async def read(self, name: str) -> bytes:
        """Read a small document, or raise `NotFound` or `Unavailable`."""
        return b"".join([piece async for piece in self.download(name)])


@contextmanager
def _told(name: str) -> Generator[None]:
    """Translate what the client raises."""
    try:
        yield
    except ResourceExistsError as error:
        raise FileExistsError(f"{name} is there already") from error
    except ResourceNotFoundError as error:
        raise NotFound(f"no blob {name}") from error
    except (AzureError, TimeoutError) as error:
        raise Unavailable(f"{name}: {error!r}") from error
