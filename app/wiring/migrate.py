"""The migration, wired."""

from app.jobs.migrate import DatabaseRole, migrate
from app.settings.jobs import MigrateSettings
from app.wiring.ground import open_login


async def run_migrate(settings: MigrateSettings) -> None:
    """Bring the schema and the roles up to date, or raise `MigrationError`."""
    services = [
        DatabaseRole(name=name, object_id=object_id, upkeep=name == settings.upkeep_role)
        for name, object_id in settings.runtimes.items()
    ]
    reader = DatabaseRole(name=settings.reader_role, object_id=settings.reader_object_id)
    async with open_login(settings.database) as login:
        await migrate(login, services=services, reader=reader)
