"""Answers in Redis, which all replicas share: a hash per namespace, with a version and an answer per question.

The version is a token that is never used twice. Who is about to ask the source reads it first, and what the source has
said is kept only if the version is still the same: a write in between has taken the hash away. So nothing that is older
than a write is kept after it, an evicted hash brings no old answer back, and a write costs the same however many keys
there are. A hash lives `LIFE_S` in all, so that its answers need no clock.

The name of each answer holds the release that made it: another release may mean something else by the same bytes. The
version does not, as a write through one release makes the answers of all of them old.
"""

import secrets
from typing import Any, Final

from app.cache.answer import LIFE_S, VALUE_MAX, Answer, Found, pack, unpack
from app.cache.budgets import BUDGET_S
from app.cache.keys import Namespace
from app.cache.link import ForeignKeyError, Link
from app.cache.near import ON_SHELF_MAX
from app.domain.errors import Unavailable

CHANNEL: Final = "answers:old"
"""Where replicas tell each other what has become old."""
_FORMAT: Final = "1"
"""Of the values; raised when `app.cache.answer` packs otherwise."""

_READ: Final = """
local got = redis.call('hmget', KEYS[1], 'version', ARGV[1])
if not got[1] then
  redis.call('hset', KEYS[1], 'version', ARGV[2])
  redis.call('expire', KEYS[1], ARGV[3])
  return {ARGV[2], got[2]}
end
return got
"""
_KEEP: Final = """
if redis.call('hget', KEYS[1], 'version') ~= ARGV[1] then return 0 end
if redis.call('hlen', KEYS[1]) > tonumber(ARGV[4]) then return 0 end
return redis.call('hset', KEYS[1], ARGV[2], ARGV[3])
"""


class Shared:
    """The shared half of the cache. Reading and keeping never fail: trouble is as if nothing were there.

    Args:
        link: To Redis.
        release: Names the code that makes the answers.
        replica: Names this process among those that hear what has become old.
    """

    def __init__(self, link: Link, *, release: str = "", replica: str | None = None) -> None:
        self.link = link
        self.replica = replica or secrets.token_hex(8)
        self._release = f"{_FORMAT}:{release}:"
        self._read = link.redis.register_script(_READ)
        self._keep = link.redis.register_script(_KEEP)

    async def find(self, namespace: Namespace, question: str) -> Found | None:
        """Look an answer up; None when Redis cannot be asked, and then nothing is to be kept either."""
        field = self._release + question
        arguments = [field, secrets.token_hex(8), LIFE_S]
        try:
            version, value = await self.link.call(lambda _client: self._read(keys=[namespace.key], args=arguments))
        except ForeignKeyError:
            await self._repair(namespace)
            return None
        except Unavailable:
            return None
        answer = None if value is None else unpack(namespace.key, field, value)
        if value is not None and answer is None:
            await self._repair(namespace)
            return None
        return Found(version=version, answer=answer)

    async def keep(self, namespace: Namespace, question: str, answer: Answer, *, version: bytes) -> None:
        """Keep an answer that the source has given since the version was read."""
        if len(answer.body) > VALUE_MAX:
            return
        field = self._release + question
        arguments = [version, field, pack(namespace.key, field, answer), ON_SHELF_MAX]
        try:
            await self.link.call(lambda _client: self._keep(keys=[namespace.key], args=arguments))
        except (ForeignKeyError, Unavailable):
            return

    async def renew(self, namespaces: list[Namespace], *, budget_s: float = BUDGET_S) -> None:
        """Make all answers of namespaces old, and tell every replica.

        Raises:
            Unavailable: Redis has not confirmed it.
        """

        async def run(client: Any) -> None:
            async with client.pipeline(transaction=False) as pipeline:
                for namespace in namespaces:
                    pipeline.unlink(namespace.key)
                    pipeline.publish(CHANNEL, f"{self.replica} {namespace.key}")
                await pipeline.execute()

        await self.link.call(run, budget_s=budget_s)

    async def _repair(self, namespace: Namespace) -> None:
        """Take away what we cannot have put there."""
        try:
            await self.link.call(lambda client: client.unlink(namespace.key))
        except (ForeignKeyError, Unavailable):
            return
