"""Alembic's entry: prints SQL and never connects; `app.jobs.migrate` runs it, so there is one way to log in."""

from alembic import context

from app.storage.schema import VERSION_SCHEMA

context.configure(dialect_name="postgresql", transactional_ddl=False, version_table_schema=VERSION_SCHEMA)
context.run_migrations()
