"""Blob storage as what a backup needs of it: files that are written once."""

import asyncio
import io
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Self

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.identity.aio import ManagedIdentityCredential
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import ContainerClient

from app.domain.errors import Unavailable

CONNECT_TIMEOUT_S: Final = 10
"""Bound on a new connection."""
READ_TIMEOUT_S: Final = 60
"""Bound on the wait for an answer to one request."""
RETRIES: Final = 3
"""How often one request is tried again."""
PIECE_BYTES: Final = 4 * 1024 * 1024
"""How much of a blob one request brings: no blob is ever whole in memory."""
UPLOAD_S: Final = 3_600.0
"""Bound on one file, its retries included."""


class BlobContainer:
    """One container, as its managed identity may use it."""

    def __init__(self, client: ContainerClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def open(cls, endpoint: str, container: str, *, client_id: str) -> AsyncGenerator[Self]:
        """Open the container of an account by its blob endpoint; nothing connects yet."""
        async with (
            ManagedIdentityCredential(client_id=client_id) as credential,
            ContainerClient(
                endpoint,
                container,
                credential=credential,
                connection_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retry_total=RETRIES,
                max_single_get_size=PIECE_BYTES,
                max_chunk_get_size=PIECE_BYTES,
            ) as client,
        ):
            yield cls(client)

    async def write_once(self, name: str, file: Path | bytes, *, content_type: str) -> None:
        """Upload a file, or its content, under a name that nothing has yet.

        Raises:
            FileExistsError: Something has the name; it is left as it is.
            Unavailable: The storage does not answer in time, or refuses.
        """
        settings = ContentSettings(content_type=content_type)
        try:
            with io.BytesIO(file) if isinstance(file, bytes) else file.open("rb") as content:
                async with asyncio.timeout(UPLOAD_S):
                    await self._client.upload_blob(name, content, overwrite=False, content_settings=settings)
        except ResourceExistsError as error:
            raise FileExistsError(f"{name} is there already") from error
        except (AzureError, TimeoutError) as error:
            raise Unavailable(f"{self._client.url}/{name} cannot be written: {error}") from error

    async def names(self, prefix: str) -> Sequence[str]:
        """List the names that begin so, in their order.

        Raises:
            Unavailable: The storage does not answer in time, or refuses.
        """
        try:
            return [name async for name in self._client.list_blob_names(name_starts_with=prefix)]
        except AzureError as error:
            raise Unavailable(f"{self._client.url} cannot be listed: {error}") from error
