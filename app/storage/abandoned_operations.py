"""The end of operations that nobody can be doing any more, in PostgreSQL.

A worker tells that the last attempt has failed, but not when it is killed at it, and nobody tells when the queue itself
gives a message up. So an operation has failed when it is silent for longer than anybody may still be at it, by what the
queue declares. Put back by hand, its message is done all the same.
"""

from datetime import datetime, timedelta
from typing import Final

from app.contract import DELIVERIES_MAX, LOCK_MAX_S, MESSAGE_TTL_DAYS
from app.storage.database import Database

ABANDONED: Final = "nobody can be doing it any more; it may still be done once the cause is mended"
"""What a person is told of an operation that ended in silence."""
BATCH: Final = 1_000
"""Operations that one statement ends."""

# What waits in the outbox has its time in the queue before it; what is of the erased is about to be deleted.
_END: Final = """
with abandoned as (
    update operations set status = 'failed', problem = $1, updated_at = $2 where ctid = any (array(
        select ctid from operations
        where status in ('waiting', 'running')
        and (updated_at < $3 or (updated_at < $4 and attempts >= $5))
        and not exists (select from outbox where outbox.id = operations.id)
        and not exists (select from erasures where person = person_of(operations.issuer, operations.subject))
        limit $6 for update skip locked
    )) returning 1
)
select count(*) from abandoned
"""


class AbandonedOperations:
    """Ends operations that nobody can be doing.

    Args:
        database: Of the role that keeps house.
        longest_s: Bound on one attempt, in seconds.
    """

    def __init__(self, database: Database, *, longest_s: float) -> None:
        self._database = database
        # A worker that is killed holds the message until its lock ends; it renews that until the attempt is over.
        self._attempt = timedelta(seconds=longest_s + LOCK_MAX_S)
        # The last attempt may begin just before the message has been in the queue for too long.
        self._all_attempts = timedelta(days=MESSAGE_TTL_DAYS) + self._attempt

    async def end(self, *, now: datetime) -> int:
        """Note of each that it has failed; returns how many that were. May raise `Unavailable`."""
        total = 0
        before_last, before = now - self._attempt, now - self._all_attempts
        while True:
            async with self._database.upkeep() as connection:
                row = (ABANDONED, now, before, before_last, DELIVERIES_MAX, BATCH)
                ended: int = await connection.fetchval(_END, *row)
            total += ended
            if ended < BATCH:
                return total
