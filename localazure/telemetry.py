"""The telemetry that components have taken in: the newest items of each, one JSON object per line."""

import json
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Final

from localazure.access import METRICS_PUBLISHERS, is_granted
from localazure.planes.files import write_atomically
from localazure.planes.ingestion import Ingestion, Item
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.store import Record, Store

TOKEN: Final = "applicationinsights:Component"
FILE_BYTES: Final = 1 << 20
"""Bytes of a file; a full one takes the place of the one before it, so that a component has twice as much."""


class StoredComponent:
    """One component.

    Args:
        path: the file of its newest items.
        record: what the subscription says of it.
        store: the subscription, whose role assignments decide who publishes.
    """

    def __init__(self, path: Path, record: Record, store: Store) -> None:
        self._path = path
        self._record = record
        self._store = store

    @property
    def takes_keys(self) -> bool:
        """Whether items without a token are taken: unless `disableLocalAuth` says otherwise."""
        return not self._record.inputs.get("disableLocalAuth", False)

    def is_publisher(self, object_id: str) -> bool:
        """Whether a principal holds the role on the component or above it."""
        return is_granted(self._store, object_id, METRICS_PUBLISHERS, self._record.id)

    def keep(self, items: list[Item]) -> None:
        """Append items; the oldest go when there are too many."""
        lines = "".join(f"{json.dumps(item)}\n" for item in items)
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._path.exists() and self._path.stat().st_size + len(lines) > FILE_BYTES:
            self._path.replace(self._older)
        with self._path.open("a", encoding="ascii") as file:
            file.write(lines)

    def items(self) -> list[Item]:
        """What is kept, oldest first."""
        files = (file for file in (self._older, self._path) if file.exists())
        return [json.loads(line) for file in files for line in file.read_text(encoding="ascii").splitlines()]

    def counts(self) -> dict[str, int]:
        """How many items of each kind are kept, for example `RequestData`."""
        return dict(sorted(Counter(str(item.get("data", {}).get("baseType")) for item in self.items()).items()))

    def drop(self) -> None:
        """Forget what is kept."""
        for file in (self._path, self._older):
            file.unlink(missing_ok=True)

    @property
    def file(self) -> Path:
        """The file of the newest items."""
        return self._path

    @property
    def _older(self) -> Path:
        return self._path.with_suffix(".older.jsonl")


class Telemetry:
    """The ingestion endpoint and what it has taken in.

    Args:
        folder: where items are kept.
        authority: signs the endpoint's certificate.
        store: the subscription.
        tokens: verifies callers.
    """

    def __init__(self, folder: Path, authority: CertificateAuthority, store: Store, tokens: TokenSigner) -> None:
        self._folder = folder
        self._authority = authority
        self._store = store
        self._ingestion = Ingestion(self, tokens)
        self.address = ""
        """Where telemetry is taken in; empty before it is open."""

    async def open(self) -> str:
        """Listen, at the address of the last time, and return it; the first component opens it for all.

        Raises:
            StateError: its port is taken.
        """
        if not self.address:
            port = self._folder / "port"
            known = int(port.read_text(encoding="ascii")) if port.exists() else 0
            self.address = await self._ingestion.start(self._authority.server_context(), known)
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(port, self.address.rstrip("/").rpartition(":")[2].encode())
        return self.address

    async def stop(self) -> None:
        """Stop listening; what was taken in stays."""
        await self._ingestion.stop()

    def component(self, record: Record) -> StoredComponent:
        """What is kept of a component."""
        unique = sha256(record.id.lower().encode()).hexdigest()[:8]
        return StoredComponent(self._folder / f"{record.name}-{unique}.jsonl", record, self._store)

    def by_key(self, instrumentation_key: str) -> StoredComponent | None:
        """The component of an instrumentation key, or None."""
        for record in self._store.records():
            if record.token == TOKEN and record.outputs.get("instrumentationKey") == instrumentation_key:
                return self.component(record)
        return None
