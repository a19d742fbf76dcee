"""The audit trail's anchors: heads of the chain, noted outside the database where nobody can change them.

Whoever could write every table could make the whole chain anew, or take its end away; what has been anchored tells.
The name of a blob says all that it anchors, so that listing them is reading them.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from app.domain.audit_chain import GENESIS, FlawKind, Head, Verification, cut_off
from app.storage.audit_history import PostgresAuditHistory, compare
from app.storage.blobs import BlobContainer
from app.storage.database import Database

PREFIX: Final = "anchors/"
SUPERSEDED: Final = f"{PREFIX}superseded/"
"""Below it the anchors are named that a restore has left behind."""

_NAME: Final = re.compile(re.escape(PREFIX) + r"([0-9]{20})-([0-9a-f]{64})\.json")
_NOTE: Final = "insert into audit_anchors (sequence, hash, place, at) values ($1, $2, $3, $4) on conflict do nothing"

_log = logging.getLogger(__name__)


class BrokenChainError(Exception):
    """The audit trail is not what was anchored, or does not hang together; the message says where it breaks."""


async def anchor_audit(database: Database, container: BlobContainer, now: datetime) -> Head:
    """Check the audit trail against every anchor and from the newest on, then anchor where it ends now.

    Done again, also after it was cut off anywhere, it does what is left.

    Args:
        database: Where the trail is.
        container: Where blobs are written once and kept.
        now: The time in UTC.

    Returns:
        What is anchored; the genesis when there are no events yet.

    Raises:
        BrokenChainError: Nothing is anchored then: the last good anchor stays the newest one.
        Unavailable: The database or the storage does not answer.
    """
    anchors = await _anchors(container)
    last = Head(sequence=max(anchors), hash=anchors[max(anchors)]) if anchors else GENESIS
    history = PostgresAuditHistory(database)
    verification = await _verify(history, last, anchors)
    if flaw := verification.flaw:
        _log.critical("the audit trail is broken", extra={"sequence": flaw.sequence, "kind": flaw.kind.value})
        raise BrokenChainError(f"the audit trail breaks at entry {flaw.sequence}: {flaw.kind}")
    head = verification.head
    if head.sequence == 0:
        return head
    name = _name(head)
    if head != last:
        content = {"sequence": head.sequence, "hash": head.hash.hex(), "at": now.isoformat()}
        with suppress(FileExistsError):  # another run has just written it, and the name says all
            await container.write_once(name, json.dumps(content).encode(), content_type="application/json")
    async with database.connection() as connection:
        await connection.execute(_NOTE, head.sequence, head.hash, name, now)
    _log.info("audit trail anchored", extra={"sequence": head.sequence, "checked": verification.checked})
    return head


async def supersede(container: BlobContainer, after: int, *, backup: str, now: datetime) -> int:
    """Leave behind the anchors of entries that a restored trail does not have; returns how many there are.

    They stay, and so does the note about each: it can be seen for as long what was lost, and by which restore.

    Args:
        container: Where blobs are written once and kept.
        after: The number of the last entry that is restored.
        backup: What was restored.
        now: The time in UTC.

    Raises:
        Unavailable: The storage does not answer.
    """
    lost = [match[0] for match in await _standing(container) if int(match[1]) > after]
    note = json.dumps({"backup": backup, "restored_after": after, "at": now.isoformat()}).encode()
    for name in lost:
        _log.warning("an anchor is of what was lost", extra={"anchor": name, "backup": backup})
        await container.write_once(f"{SUPERSEDED}{name.removeprefix(PREFIX)}", note, content_type="application/json")
    return len(lost)


async def _verify(history: PostgresAuditHistory, last: Head, anchors: Mapping[int, bytes]) -> Verification:
    newest = await history.newest()
    within = [number for number in anchors if number <= newest]
    flaw = compare(within, await history.hashes(within), anchors) or cut_off(newest, anchors)
    if flaw:
        return Verification(checked=0, head=GENESIS, flaw=flaw)
    return await history.follow(last, newest, anchors)


async def _anchors(container: BlobContainer) -> Mapping[int, bytes]:
    """Read the anchors; two for one number cannot both be true.

    Raises:
        BrokenChainError: There are two.
    """
    anchors: dict[int, bytes] = {}
    for match in await _standing(container):
        number, content = int(match[1]), bytes.fromhex(match[2])
        if anchors.setdefault(number, content) != content:
            raise BrokenChainError(f"entry {number} has two anchors: {FlawKind.UNLIKE_ANCHOR}")
    return anchors


async def _standing(container: BlobContainer) -> Sequence[re.Match[str]]:
    """List the anchors that no restore has left behind."""
    names = await container.names(PREFIX)
    left = {PREFIX + name.removeprefix(SUPERSEDED) for name in names if name.startswith(SUPERSEDED)}
    return [match for match in map(_NAME.fullmatch, names) if match and match[0] not in left]


def _name(head: Head) -> str:
    return f"{PREFIX}{head.sequence:020}-{head.hash.hex()}.json"
