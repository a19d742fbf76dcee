"""The restore, wired."""

from datetime import UTC, datetime

from app.jobs.restore import restore
from app.settings.jobs import RestoreSettings
from app.storage.blob_streams import StreamedContainer
from app.wiring.ground import open_login


async def run_restore(settings: RestoreSettings) -> None:
    """Fill the empty database from the backup that the settings name, or raise `RestoreError`."""
    who, backups, audit = settings.database.client_id, settings.backups, settings.audit
    async with (
        open_login(settings.database) as login,
        StreamedContainer.open(backups.endpoint, backups.container, client_id=who) as shelf,
        StreamedContainer.open(audit.endpoint, audit.container, client_id=who) as archive,
    ):
        await restore(login, backups=shelf, archive=archive, name=settings.backup, now=datetime.now(UTC))
