"""Where a namespace keeps its messages: one SQLite file, which a killed daemon leaves whole."""

import sqlite3
from pathlib import Path
from typing import Final

from localazure.errors import StateError

# The indexes are what each call looks for: without them it reads the whole backlog (measured with 10,000 messages:
# 300 ms to receive and complete one, 1 ms with them).
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS address (port INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sequence (queue TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS seen (queue TEXT, id TEXT, until REAL NOT NULL, PRIMARY KEY (queue, id));
CREATE TABLE IF NOT EXISTS message (
    queue TEXT, number INTEGER, state INTEGER NOT NULL, enqueued REAL NOT NULL, expires REAL, attempts INTEGER NOT NULL,
    token TEXT, locked_until REAL, size INTEGER NOT NULL, raw BLOB NOT NULL, PRIMARY KEY (queue, number)
);
CREATE INDEX IF NOT EXISTS sizes ON message (queue, state, size);
CREATE INDEX IF NOT EXISTS due ON message (queue, enqueued) WHERE state = 2;
CREATE UNIQUE INDEX IF NOT EXISTS tokens ON message (token) WHERE token IS NOT NULL;
CREATE INDEX IF NOT EXISTS locked ON message (queue, locked_until) WHERE token IS NOT NULL;
CREATE INDEX IF NOT EXISTS expiring ON message (queue, expires) WHERE token IS NULL AND expires IS NOT NULL;
CREATE INDEX IF NOT EXISTS waiting ON message (queue, number) WHERE token IS NULL AND state = 0;
CREATE INDEX IF NOT EXISTS worn_out ON message (queue, attempts) WHERE token IS NULL AND state = 0;
CREATE INDEX IF NOT EXISTS forgettable ON seen (queue, until);
"""

_NEXT_CHANGE: Final = """
SELECT min(at) FROM (
    SELECT min(enqueued) AS at FROM message WHERE queue = :queue AND state = 2
    UNION ALL SELECT min(locked_until) FROM message WHERE queue = :queue AND token IS NOT NULL
    UNION ALL SELECT min(expires) FROM message
    WHERE queue = :queue AND token IS NULL AND expires IS NOT NULL AND state != 2
)
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the file of a namespace, made when missing.

    A commit is in the system's hands and not yet on the disk: it survives a kill, not a power cut.

    Raises:
        StateError: The file holds something else.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = sqlite3.connect(path)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
    except sqlite3.DatabaseError as error:
        database.close()
        raise StateError(f"{path} does not hold the messages of a namespace ({error}); move the file away.") from error
    path.chmod(0o600)
    return database


def kept_port(database: sqlite3.Connection) -> int:
    """The port of the namespace's address; zero before it has one."""
    row = database.execute("SELECT port FROM address").fetchone()
    return int(row[0]) if row else 0


def keep_port(database: sqlite3.Connection, port: int) -> None:
    """Remember the port of the namespace's address."""
    with database:
        database.execute("DELETE FROM address")
        database.execute("INSERT INTO address VALUES (?)", (port,))


def forget(database: sqlite3.Connection, *queues: str) -> None:
    """Drop everything that is kept of queues."""
    names = [(queue,) for queue in queues]
    with database:
        database.executemany("DELETE FROM message WHERE queue = ?", names)
        database.executemany("DELETE FROM seen WHERE queue = ?", names)
        database.executemany("DELETE FROM sequence WHERE queue = ?", names)


def next_change(database: sqlite3.Connection, queue: str) -> float | None:
    """When the next lock of a queue ends, or its next message expires or is due."""
    found = database.execute(_NEXT_CHANGE, {"queue": queue}).fetchone()[0]
    return None if found is None else float(found)
