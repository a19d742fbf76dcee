"""A person with something that is found again in every column of the data map."""

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from app.domain.data_map import Column, Kind, Table
from app.domain.data_tables import PERSONAL
from app.domain.models import Principal
from app.domain.sealing import Sealer
from app.storage.database import Database

_LIMITED: Final[Mapping[tuple[str, str], Any]] = {
    ("tasks", "status"): "in_progress",
    ("profiles", "plan"): "premium",
    ("chat_messages", "author"): "model",
    ("operations", "status"): "running",
    ("operations", "progress"): 77,
}
"""What the schema allows few values of."""
_EPOCH: Final = datetime(2001, 2, 3, tzinfo=UTC)


def chat_of(owner: Principal) -> int:
    """Return a person's chat in Telegram."""
    return zlib.crc32(owner.subject.encode())


def canary(owner: Principal, table: Table, column: Column) -> Any:
    """Return what is planted in a column: the same each time, and found nowhere else."""
    if (table.name, column.name) in _LIMITED:
        return _LIMITED[table.name, column.name]
    if (table.name, column.name) == ("telegram_links", "chat"):
        return str(chat_of(owner)).encode()
    number = [(each.name, one.name) for each in PERSONAL for one in each.columns].index((table.name, column.name))
    text, moment = f"c-{owner.subject}-{number}-c", _EPOCH + timedelta(minutes=number)
    values: dict[Kind, Any] = {
        Kind.BYTES: text.encode(),
        Kind.FLAG: True,
        Kind.ID: UUID(int=chat_of(owner) << 64 | number),
        Kind.JSON: json.dumps({"found": text}),
        Kind.MOMENT: moment,
        Kind.MOMENTS: [moment, moment + timedelta(days=1)],
        Kind.NUMBER: 700_000 + number,
        Kind.TEXT: text,
    }
    return values[column.kind]


async def plant(database: Database, sealer: Sealer, owner: Principal) -> None:
    """Keep a row in every table of people."""
    for table in PERSONAL:
        row = {column.name: canary(owner, table, column) for column in table.columns}
        for column in (column for column in table.columns if column.sealed):
            place = table.place_of(column.name, owner, row)
            row[column.name] = await sealer.seal(owner, place, row[column.name])
        await insert(database, owner, table.name, row | {"issuer": owner.issuer, "subject": owner.subject})


async def insert(database: Database, owner: Principal, table: str, row: Mapping[str, Any]) -> None:
    """Keep one row."""
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    async with database.connection(owner) as connection:
        statement = f"insert into {table} ({', '.join(row)}) values ({places})"  # noqa: S608 - names of the map
        await connection.execute(statement, *row.values())
