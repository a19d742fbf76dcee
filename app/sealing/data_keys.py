"""The data keys of people, unwrapped and kept for a while, so that the vault is asked once and may be away."""

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from app.domain.errors import Erased, Unavailable
from app.domain.models import Principal
from app.sealing.envelope import KEY_BYTES, DataKey
from app.sealing.wrapping import SubjectKeys, Wrapped, WrappingKey

KEPT_S: Final = 300.0
"""How long an unwrapped key counts: so long a person's values open after their key has been destroyed elsewhere."""
KEPT_MAX: Final = 10_000
"""Unwrapped keys in a process."""

_log = logging.getLogger(__name__)


class DataKeys:
    """Finds the data key of a person, and makes it for the first value.

    Each person's key is loaded by one caller at a time; others wait for it, whatever becomes of that caller. It must
    not be made inside somebody's transaction: were that rolled back, values would be sealed with a key that is gone.

    Args:
        store: Wrapped keys, on connections of its own.
        wrapping: What wraps them.
        clock: Monotonic seconds.
        kept_s: Seconds that an unwrapped key counts.
        kept_max: Unwrapped keys at a time; the one that was asked for least lately goes.
    """

    def __init__(
        self,
        store: SubjectKeys,
        wrapping: WrappingKey,
        *,
        clock: Callable[[], float] = time.monotonic,
        kept_s: float = KEPT_S,
        kept_max: int = KEPT_MAX,
    ) -> None:
        self._store = store
        self._wrapping = wrapping
        self._clock = clock
        self._kept_s = kept_s
        self._kept_max = kept_max
        self._kept: OrderedDict[Principal, tuple[float, DataKey]] = OrderedDict()
        self._loading: dict[tuple[Principal, bool], asyncio.Task[DataKey]] = {}

    async def get(self, owner: Principal, *, create: bool) -> DataKey:
        """Return a person's key.

        Raises:
            Erased: There is none and none was to be made, or none can be made any more.
            Unavailable: The database or the vault does not answer.
        """
        kept = self._kept.get(owner)
        if kept and self._clock() < kept[0]:
            self._kept.move_to_end(owner)
            return kept[1]
        which = (owner, create)
        if which not in self._loading:
            load = asyncio.create_task(self._load(owner, create=create))
            self._loading[which] = load
            load.add_done_callback(lambda done: self._loaded(which, done))
        return await asyncio.shield(self._loading[which])

    def forget(self, owner: Principal) -> None:
        """Drop a person's key from memory, also one that is being loaded."""
        self._kept.pop(owner, None)
        for create in (True, False):
            self._loading.pop((owner, create), None)

    async def destroy(self, owner: Principal) -> None:
        """Delete a person's key for good, here at once and in other processes when `KEPT_S` is over."""
        await self._store.remove(owner)
        self.forget(owner)

    async def ping(self) -> None:
        """Return when keys can be wrapped, else raise `Unavailable`."""
        await self._wrapping.current()

    def _loaded(self, which: tuple[Principal, bool], load: asyncio.Task[DataKey]) -> None:
        failed = load.cancelled() or load.exception() is not None  # asked in any case, so that it counts as seen
        if self._loading.get(which) is not load:  # forgotten meanwhile
            return
        del self._loading[which]
        if not failed:
            self._kept[which[0]] = (self._clock() + self._kept_s, load.result())
            self._kept.move_to_end(which[0])
            if len(self._kept) > self._kept_max:
                self._kept.popitem(last=False)

    async def _load(self, owner: Principal, *, create: bool) -> DataKey:
        kept = await self._store.find(owner)
        if kept is None:
            if not create:
                raise Erased("the key of the person is gone, and with it what was sealed")
            key = secrets.token_bytes(KEY_BYTES)
            made = await self._wrapping.wrap(key)
            kept = await self._store.add(owner, made)
            if kept == made:
                return DataKey(key)
        key = await self._wrapping.unwrap(kept)
        await self._renew(owner, kept, key)
        return DataKey(key)

    async def _renew(self, owner: Principal, kept: Wrapped, key: bytes) -> None:
        """Wrap a key with the current version, so that an older one can be retired; what prevents it may last."""
        try:
            if kept.by != await self._wrapping.current():
                await self._store.replace(owner, kept, await self._wrapping.wrap(key))
        except (Erased, Unavailable) as error:
            _log.warning("a key of a person stays wrapped by an older version", extra={"error": str(error)})
