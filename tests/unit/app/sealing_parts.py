"""A vault's key and a table of wrapped keys, in memory: what sealing tests and stores in memory build on."""

import asyncio
from collections.abc import Callable
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from app.domain.errors import Unavailable
from app.domain.models import Principal
from app.sealing.data_keys import DataKeys
from app.sealing.sealer import EnvelopeSealer
from app.sealing.wrapping import Wrapped

_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


@cache
def pair(_version: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class MemoryKey:
    """The port `WrappingKey`; tests rotate it, and take it away."""

    def __init__(self) -> None:
        self.newest = 1
        self.is_down = False
        self.calls: list[str] = []
        self.gate: asyncio.Event | None = None
        self.asked = asyncio.Event()

    async def current(self) -> str:
        self._answer("")
        return str(self.newest)

    async def wrap(self, key: bytes) -> Wrapped:
        await self._wait("wrap")
        return Wrapped(content=pair(self.newest).public_key().encrypt(key, _OAEP), by=str(self.newest))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        await self._wait("unwrap")
        return pair(int(wrapped.by)).decrypt(wrapped.content, _OAEP)

    async def _wait(self, call: str) -> None:
        self._answer(call)
        self.asked.set()
        await (self.gate.wait() if self.gate else asyncio.sleep(0))

    def _answer(self, call: str) -> None:
        if self.is_down:
            raise Unavailable("the vault is down")
        self.calls += [call] if call else []


class MemorySubjectKeys:
    """The port `SubjectKeys` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[Principal, Wrapped] = {}

    async def find(self, owner: Principal) -> Wrapped | None:
        await asyncio.sleep(0)
        return self.kept.get(owner)

    async def add(self, owner: Principal, wrapped: Wrapped) -> Wrapped:
        await asyncio.sleep(0)
        return self.kept.setdefault(owner, wrapped)

    async def replace(self, owner: Principal, old: Wrapped, new: Wrapped) -> None:
        if self.kept.get(owner) == old:
            self.kept[owner] = new

    async def remove(self, owner: Principal) -> None:
        self.kept.pop(owner, None)


def memory_sealer(
    store: MemorySubjectKeys, key: MemoryKey, *, clock: Callable[[], float] = lambda: 0.0, kept_max: int = 100
) -> EnvelopeSealer:
    """Make what one replica seals with."""
    return EnvelopeSealer(DataKeys(store, key, clock=clock, kept_s=300, kept_max=kept_max))
