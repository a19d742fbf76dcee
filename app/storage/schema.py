"""The schema's history as SQL: `migrations/` is the one description of the tables."""

from io import StringIO
from pathlib import Path
from typing import Final

NEWEST: Final = "0013"
"""The last revision in `migrations/`."""
PRODUCT_SCHEMA: Final = "public"
"""Where the product's tables are; the service may use them, not change them."""
VERSION_SCHEMA: Final = "migration"
"""Where the version of the schema is kept, out of the service's reach."""

REVISION_QUERY: Final = f"select version_num from {VERSION_SCHEMA}.alembic_version"  # noqa: S608 - a constant
"""Asks for the revision of a schema."""
TABLES_QUERY: Final = f"select tablename from pg_tables where schemaname = '{PRODUCT_SCHEMA}' order by tablename"  # noqa: S608 - a constant
"""Asks for the names of the product's tables."""

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade_sql(current: str | None) -> str:
    """Return the statements that bring a schema from the revision `current` (None: nothing yet) to the newest.

    Empty when `current` is the newest, and when this code does not know it: then a later release has migrated already,
    and its schema serves this code too, because a release only expands what earlier ones use.
    """
    if current == NEWEST:
        return ""
    # Imported for an upgrade only: it doubles the time that every new replica waits for its init container.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    output = StringIO()
    config = Config(output_buffer=output)
    config.set_main_option("script_location", _MIGRATIONS.as_posix())
    history = ScriptDirectory.from_config(config)
    known = {script.revision for script in history.walk_revisions()}
    if current is not None and current not in known:
        return ""
    command.upgrade(config, f"{current}:head" if current else "head", sql=True)
    return output.getvalue()
