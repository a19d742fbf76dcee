"""The backup, wired."""

from datetime import UTC, datetime

from app.jobs.backup import back_up
from app.settings.jobs import BackupSettings
from app.storage.blobs import BlobContainer
from app.wiring.ground import open_login


async def run_backup(settings: BackupSettings) -> None:
    """Copy every table to the container, or raise `BackupError`."""
    backups, database = settings.backups, settings.database
    async with (
        open_login(database) as login,
        BlobContainer.open(backups.endpoint, backups.container, client_id=database.client_id) as container,
    ):
        await back_up(login, container, now=datetime.now(UTC))
