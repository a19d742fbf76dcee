"""Sensitive values, sealed for the person that they are about."""

from typing import Protocol

from app.domain.models import Principal


class Sealer(Protocol):
    """Encrypts what is about a person with a key of that person, which ends when the person is erased.

    A place is what a sealed value belongs to, `table|column|row`; a value that was moved elsewhere does not open.
    Both methods may raise `Unavailable`, when the key cannot be had, and `Erased`. They may ask the database for the
    key, on a connection of their own: call them before a connection is lent, not while.
    """

    async def seal(self, owner: Principal, place: str, value: str) -> bytes:
        """Encrypt a value."""
        ...

    async def unseal(self, owner: Principal, place: str, sealed: bytes) -> str:
        """Decrypt a value; one that was not sealed for this place and person raises `ValueError`."""
        ...


class BlindIndex(Protocol):
    """Finds a sealed value by equality, though nobody can read it from its index, or guess it without the key."""

    async def index(self, purpose: str, value: str) -> bytes:
        """Return 32 bytes that are the same for the same purpose and value, or raise `Unavailable`.

        Values that are to be found by each other must be spelled alike: whoever calls normalises them.
        """
        ...
