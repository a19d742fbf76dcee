"""What the job that keeps house does for people's rights, from the parts that do it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.analytics import counts
from app.domain.erasure import ErasureLedger, PersonalStore, carry_out, is_overdue
from app.domain.errors import ProductError, Unavailable
from app.jobs.upkeep import Chore
from app.storage.abandoned_operations import AbandonedOperations
from app.storage.analytics import facts
from app.storage.database import Database
from app.storage.erasure_ledger import BlobErasureLedger
from app.storage.exports import BlobExports
from app.storage.reports import BlobReports
from app.storage.retention import Retention

_log = logging.getLogger("app.jobs.upkeep")


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What the chores work on.

    Args:
        stores: Every place that holds something of people (`app.storage.erasers`).
    """

    abandoned: AbandonedOperations
    database: Database
    erasures: ErasureLedger
    exports: BlobExports
    ledger: BlobErasureLedger
    reports: BlobReports
    retention: Retention
    stores: Sequence[PersonalStore]
    now: Callable[[], datetime]

    def chores(self) -> Sequence[Chore]:
        """Return what to do, in order.

        The ledger has what was erased before an erasure entered itself, and what an older backup does not know: so it
        is replayed, and what it lacks is entered. What is due is reported before it is deleted, so that the report
        shows what a run had to do.
        """
        return (
            Chore(name="replay the ledger of erasures", work=self._replay),
            Chore(name="finish erasures", work=self._finish),
            Chore(name="complete the ledger of erasures", work=self._complete_ledger),
            Chore(name="end operations that nobody can be doing", work=self._end_abandoned),
            Chore(name="report what is past its term", work=self._report),
            Chore(name="end what is past its term", work=self._end),
            Chore(name="remove expired exports", work=self._remove_exports),
            Chore(name="publish counts", work=self._publish),
        )

    async def _replay(self) -> Mapping[str, int]:
        return {"begun_again": await self.ledger.replay(now=self.now())}

    async def _finish(self) -> Mapping[str, int]:
        unfinished = await self.erasures.unfinished()
        failed = 0
        for erasure in unfinished:
            if is_overdue(erasure, now=self.now()):
                line = {"erasure": str(erasure.id), "requested_at": erasure.requested_at.isoformat()}
                _log.error("erasure overdue", extra=line)
            failed += not await self._carried_out(erasure.id)
        if failed:
            raise Unavailable(f"{failed} of {len(unfinished)} erasures are not complete")
        return {"erased": len(unfinished)}

    async def _carried_out(self, erasure_id: UUID) -> bool:
        try:
            await carry_out(self.erasures, erasure_id, self.stores, now=self.now)
        except ProductError as error:
            _log.warning("an erasure is not complete", extra={"erasure": str(erasure_id), "error": str(error)})
            return False
        return True

    async def _complete_ledger(self) -> Mapping[str, int]:
        return {"entered": await self.ledger.enter_missing()}

    async def _end_abandoned(self) -> Mapping[str, int]:
        return {"failed": await self.abandoned.end(now=self.now())}

    async def _report(self) -> Mapping[str, int]:
        report = await self.retention.report(now=self.now())
        await self.reports.publish(report)
        return {f"due_{due.table}": due.rows for due in report.due}

    async def _end(self) -> Mapping[str, int]:
        return await self.retention.end(now=self.now())

    async def _remove_exports(self) -> Mapping[str, int]:
        return {"removed": await self.exports.remove_expired(now=self.now())}

    async def _publish(self) -> Mapping[str, int]:
        groups = counts(await facts(self.database))
        published = await self.reports.publish_counts(groups, now=self.now())
        return {"groups": len(groups), "published": int(published)}
