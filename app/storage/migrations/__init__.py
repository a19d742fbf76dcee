"""The history of the schema, forward only; see `app.storage.schema`."""
