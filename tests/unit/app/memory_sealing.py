"""Sealing without a secret."""

import hashlib

from app.domain.models import Principal


class MemorySealer:
    """The port `Sealer` without a secret: what is sealed says for whom and where, so a wrong place is noticed."""

    def __init__(self) -> None:
        self.places: set[str] = set()

    async def seal(self, owner: Principal, place: str, value: str) -> bytes:
        self.places.add(place)
        return f"{owner.issuer}|{owner.subject}|{place}|".encode() + value.encode()[::-1]

    async def unseal(self, owner: Principal, place: str, sealed: bytes) -> str:
        prefix = await self.seal(owner, place, "")
        if not sealed.startswith(prefix):
            raise ValueError(place)
        return sealed.removeprefix(prefix)[::-1].decode()


class MemoryIndex:
    """The port `BlindIndex` without a secret."""

    async def index(self, purpose: str, value: str) -> bytes:
        return hashlib.sha256(f"{purpose}|{value}".encode()).digest()
