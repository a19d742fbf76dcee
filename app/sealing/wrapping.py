"""What keeps the keys of people: a key that wraps them, and a store for what is wrapped."""

from dataclasses import dataclass, field
from typing import Protocol

from app.domain.models import Principal


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrapped:
    """A data key as it is stored.

    Args:
        content: The data key, encrypted.
        by: The version of the wrapping key that it was encrypted with, and that decrypts it.
    """

    content: bytes = field(repr=False)
    by: str


class WrappingKey(Protocol):
    """A key that never leaves its vault and has versions. Every method may raise `Unavailable`."""

    async def current(self) -> str:
        """Return the version that wraps now."""
        ...

    async def wrap(self, key: bytes) -> Wrapped:
        """Encrypt a data key with the current version."""
        ...

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Decrypt a data key with the version that it names."""
        ...


class SubjectKeys(Protocol):
    """The wrapped data key of each person. Every method may raise `Unavailable`, all but `find` also `Erased`."""

    async def find(self, owner: Principal) -> Wrapped | None:
        """Return the person's key, if there is one."""
        ...

    async def add(self, owner: Principal, wrapped: Wrapped) -> Wrapped:
        """Keep a key unless the person has one; returns the one that is kept."""
        ...

    async def replace(self, owner: Principal, old: Wrapped, new: Wrapped) -> None:
        """Keep the same data key wrapped anew, unless somebody else has done so."""
        ...

    async def remove(self, owner: Principal) -> None:
        """Delete the person's key for good: nothing that was sealed with it opens again."""
        ...
