"""What the upkeep leaves in blob storage for others to read: reports and counts, in which nobody is recognised."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from app.domain.analytics import Group, K
from app.domain.purposes import Purpose
from app.domain.retention import RetentionReport
from app.storage.blob_streams import StreamedContainer

RETENTION: Final = "reports/retention.json"
"""The last report of what is past its term."""
ANALYTICS: Final = "analytics/"
"""The folder of monthly counts."""


class BlobReports:
    """The port `RetentionReports`, and where reports and counts are published."""

    def __init__(self, container: StreamedContainer) -> None:
        self._container = container

    async def latest(self) -> RetentionReport:
        """Return the last report."""
        return msgspec.json.decode(await self._container.read(RETENTION), type=RetentionReport)

    async def publish(self, report: RetentionReport) -> None:
        """Put a report in the place of the last."""
        await self._container.write(RETENTION, msgspec.json.encode(report), replaces=True)

    async def publish_counts(self, counts: Mapping[Group, int], *, now: datetime) -> bool:
        """Publish the counts of a month, once: what differs between two days could tell of one person.

        Returns whether it was the first time.
        """
        groups: list[dict[str, Any]] = [{**dict(group), "people": people} for group, people in counts.items()]
        document = {"purpose": Purpose.ANALYTICS, "as_of": now.date().isoformat(), "k": K, "groups": groups}
        try:
            await self._container.write(f"{ANALYTICS}{now:%Y-%m}.json", json.dumps(document).encode(), replaces=False)
        except FileExistsError:
            return False
        return True
