"""The storage accounts that are open: one blob data plane each, its content in a folder of its own.

What holds in a container is read from the subscription at every call, so it is said in one place.
"""

import shutil
from hashlib import sha256
from pathlib import Path

from localazure.access import BLOB_READERS, BLOB_WRITERS, is_granted
from localazure.planes.blob import BlobService
from localazure.planes.blob_store import Container
from localazure.planes.blob_values import Rules
from localazure.planes.files import write_atomically
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.store import Store


class StoredAccount:
    """One account: its containers by name, made when they are first used.

    Args:
        folder: where its content is kept.
        resource_id: ARM id of the account.
        store: the subscription.
    """

    def __init__(self, folder: Path, resource_id: str, store: Store) -> None:
        self._folder = folder
        self._service = f"{resource_id}/blobServices/default"
        self._store = store
        self._containers: dict[str, Container] = {}

    def is_allowed(self, object_id: str, container: str, *, writes: bool) -> bool:
        """Whether a principal holds a role that reads, or writes, a container."""
        scope = f"{self._service}/containers/{container}".rstrip("/")
        return is_granted(self._store, object_id, BLOB_WRITERS if writes else BLOB_READERS, scope)

    def rules(self, container: str) -> Rules | None:
        """What the subscription says of a container, or None when it is not there."""
        record = self._store.get(f"{self._service}/containers/{container}")
        if record is None:
            return None
        service = self._store.get(self._service)
        policy = self._store.get(f"{record.id}/immutabilityPolicies/default")
        said = service.inputs if service else {}
        deletion = said.get("deleteRetentionPolicy", {})
        return Rules(
            versioning=said.get("isVersioningEnabled", False),
            retention_days=deletion.get("days", 0) if deletion.get("enabled") else 0,
            immutability_days=policy.inputs.get("immutabilityPeriodSinceCreationInDays", 0) if policy else 0,
            version_level=record.inputs.get("immutableStorageWithVersioning", {}).get("enabled", False),
        )

    def container(self, container: str) -> Container:
        """The content of a container."""
        if container not in self._containers:
            self._containers[container] = Container(self._folder / container)
        return self._containers[container]

    def containers(self) -> list[str]:
        """The names of the containers, in order."""
        found = (record for record in self._store.records() if record.token == "storage:BlobContainer")
        return sorted(each.name for each in found if each.id.lower().startswith(f"{self._service}/".lower()))

    def drop(self, container: str) -> None:
        """Forget the content of a container."""
        self._containers.pop(container, None)
        shutil.rmtree(self._folder / container, ignore_errors=True)


class Blobs:
    """Every open account.

    Args:
        folder: where their content is kept.
        authority: signs their certificates.
        store: the subscription.
        tokens: verifies callers.
    """

    def __init__(self, folder: Path, authority: CertificateAuthority, store: Store, tokens: TokenSigner) -> None:
        self._folder = folder
        self._authority = authority
        self._store = store
        self._tokens = tokens
        self._open: dict[str, tuple[BlobService, StoredAccount, str]] = {}

    async def open(self, resource_id: str) -> str:
        """Serve an account, at the address it had if it was served before, and return that address.

        Raises:
            StateError: the port of its address is taken.
        """
        key = resource_id.lower()
        if key not in self._open:
            folder = self._folder_of(key)
            port = folder / "port"
            account = StoredAccount(folder, resource_id, self._store)
            service = BlobService(account, self._tokens)
            address = await service.start(self._authority.server_context(), _read_port(port))
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(port, address.rstrip("/").rpartition(":")[2].encode())
            self._open[key] = (service, account, address)
        return self._open[key][2]

    def account(self, resource_id: str) -> StoredAccount:
        """An open account. Raises KeyError when it is not open."""
        return self._open[resource_id.lower()][1]

    async def close(self, resource_id: str) -> None:
        """Stop serving an account; its content stays."""
        if opened := self._open.pop(resource_id.lower(), None):
            await opened[0].stop()

    async def drop(self, resource_id: str) -> None:
        """Stop serving an account and forget its content."""
        await self.close(resource_id)
        shutil.rmtree(self._folder_of(resource_id.lower()), ignore_errors=True)

    async def stop(self) -> None:
        """Stop serving every account."""
        for resource_id in list(self._open):
            await self.close(resource_id)

    def _folder_of(self, key: str) -> Path:
        return self._folder / sha256(key.encode()).hexdigest()[:16]


def _read_port(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0  # any free one
