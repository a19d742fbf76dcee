"""The ports `Sealer` and `BlindIndex` on data keys."""

from typing import Final

from app.domain.models import Principal
from app.sealing import envelope
from app.sealing.data_keys import DataKeys

INDEX_OWNER: Final = Principal(issuer="", subject="index")
"""Whose key makes blind indexes: nobody's, as no issuer of tokens is empty. It is kept like any person's."""


class EnvelopeSealer:
    """Seals with the key of each person."""

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys

    async def seal(self, owner: Principal, place: str, value: str) -> bytes:
        """Encrypt a value; the person's first one makes their key."""
        return envelope.seal(await self._keys.get(owner, create=True), owner, place, value)

    async def unseal(self, owner: Principal, place: str, sealed: bytes) -> str:
        """Decrypt a value; one that was not sealed for this place and person raises `ValueError`."""
        return envelope.unseal(await self._keys.get(owner, create=False), owner, place, sealed)

    async def index(self, purpose: str, value: str) -> bytes:
        """Return the blind index of a value."""
        return envelope.index(await self._keys.get(INDEX_OWNER, create=True), purpose, value)

    async def destroy(self, owner: Principal) -> None:
        """Delete a person's key: nothing that was sealed for them opens again."""
        await self._keys.destroy(owner)

    async def forget(self, owner: Principal) -> None:
        """Drop a person's key from memory, when somebody else has deleted it."""
        self._keys.forget(owner)

    async def ping(self) -> None:
        """Return when keys can be wrapped, else raise `Unavailable`."""
        await self._keys.ping()
