"""Bring together everything that is kept of a person, for them to take away."""

from typing import Final

import msgspec

from app.operations.kind import Ending, Job, Kind

EXPORT_S: Final = 3_600.0
"""Bound on one export."""


class PrivacyExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing: an export is of whoever asks for it."""


async def export(_order: PrivacyExport, job: Job) -> Ending:
    """Make the export; one that is made twice leaves one more archive, which ends by itself."""
    receipt = await job.state["export"](job.owner, job.report)
    return Ending(
        result={
            "export": str(receipt.export_id),
            "expires_at": receipt.expires_at.isoformat(),
            "size": receipt.size,
            "rows": dict(receipt.rows),
        }
    )


PRIVACY_EXPORT: Final = Kind(
    name="privacy.export",
    summary="Bring together everything that is kept of you, as an archive that is yours to fetch once.",
    takes=PrivacyExport,
    work=export,
    within_s=EXPORT_S,
)
