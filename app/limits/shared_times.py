"""In Redis, when allowances will be whole by what all replicas have told: one script and one trip for many keys.

All keys of a limit are in one slot, which their braces name: a script must not touch two in a cluster (Redis, "Redis
cluster specification", hash tags), and 100,000 keys are some 10 MB. So what is added and the number under which it was
are kept together or not at all.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from app.cache.link import Link
from app.limits.allowance import Policy

# Beside a time stands when it was written: a clock that has jumped back since takes the time back with it, and locks
# nobody out. What cannot be ours is as if nothing were there; `pcall`, as it may be of another type.
_ADD: Final = """
local time = redis.call('time')
local now, furthest = time[1] * 1000000 + time[2], 2 * ARGV[2]
local last = tonumber(redis.call('get', KEYS[1]) or 0)
local is_new = not last or last < tonumber(ARGV[1])
if is_new then redis.call('set', KEYS[1], ARGV[1], 'px', math.ceil(furthest / 1000)) end
local whole_in, i = {}, 1
for taken in string.gmatch(ARGV[3], '%d+') do
  i = i + 1
  local kept = redis.pcall('get', KEYS[i])
  local whole, at = string.match(type(kept) == 'string' and kept or '', '^(%d+) (%d+)$')
  local ahead = (whole or 0) - math.max(now, at or 0)
  if ahead < 0 or ahead > furthest then ahead = 0 end
  if is_new then ahead = math.min(ahead + taken, furthest) end
  if is_new and ahead > 0 then
    redis.call('set', KEYS[i], string.format('%.0f %.0f', now + ahead, now), 'px', math.ceil(ahead / 1000))
  end
  whole_in[i - 1] = string.format('%.0f', ahead)
end
return table.concat(whole_in, ' ')
"""
_MICRO: Final = 1_000_000


class RedisTimes:
    """The times of one limit.

    Args:
        policy: The limit.
        link: To Redis.
    """

    def __init__(self, policy: Policy, link: Link) -> None:
        self._link = link
        self._add = link.redis.register_script(_ADD)
        self._prefix = f"limit:{{{policy.name}}}:"
        self._window = policy.window_s * _MICRO
        # The last number that this replica told; it outlives whatever is worth telling again.
        self._told = f"settled:{{{policy.name}}}:{secrets.token_hex(8)}"

    async def add(self, number: int, taken: Mapping[str, float]) -> Sequence[float]:
        """Move times on, within what a request would wait: a Redis that is too slow for those is too slow for this."""
        keys = [self._told, *(self._prefix + key for key in taken)]
        seconds = " ".join([str(round(seconds * _MICRO)) for seconds in taken.values()])
        arguments = [number, self._window, seconds]
        whole_in: bytes = await self._link.call(lambda _client: self._add(keys=keys, args=arguments))
        return [int(microseconds) / _MICRO for microseconds in whole_in.split()]
