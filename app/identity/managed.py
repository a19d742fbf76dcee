"""The token of our own managed identity, as the password of a PostgreSQL login."""

from collections.abc import Awaitable, Callable
from typing import Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError

from app.domain.errors import Unavailable

DATABASE_SCOPE: Final = "https://ossrdbms-aad.database.windows.net/.default"
"""The resource of Azure Database for PostgreSQL in Entra (learn.microsoft.com, "Use Microsoft Entra ID")."""


def database_password(credential: AsyncTokenCredential) -> Callable[[], Awaitable[str]]:
    """Make the password source of a login; the credential keeps a token until shortly before it expires."""

    async def password() -> str:
        try:
            return (await credential.get_token(DATABASE_SCOPE)).token
        except AzureError as error:
            raise Unavailable(f"no token of the managed identity: {error!r}") from error

    return password
