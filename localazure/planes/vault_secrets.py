"""The operations on a vault's secrets, as the REST interface has them.

https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups
"""

from collections.abc import Sequence
from typing import Final

from localazure.planes.vault_calls import Asked, Json, Offered, attribute, page
from localazure.planes.vault_store import Secret, Secrets, SecretVersion, VaultError

_ACTIONS: Final = "Microsoft.KeyVault/vaults/secrets/"


class SecretOperations:
    """Answers calls about secrets."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def offered(self) -> Sequence[Offered]:
        """List the operations."""
        secret, deleted = "/secrets/{name}", "/deletedsecrets/{name}"
        return [
            Offered(method=method, path=path, action=_ACTIONS + action, do=do)
            for method, path, action, do in (
                ("GET", "/secrets", "readMetadata/action", self._list),
                ("PUT", secret, "setSecret/action", self._set),
                ("DELETE", secret, "delete", self._delete),
                ("GET", secret + "{slash:/?}", "getSecret/action", self._get),
                ("GET", secret + "/versions", "readMetadata/action", self._versions),
                ("GET", secret + "/{version}", "getSecret/action", self._get),
                ("PATCH", secret + "{slash:/?}", "update/action", self._change),
                ("PATCH", secret + "/{version}", "update/action", self._change),
                ("GET", "/deletedsecrets", "readMetadata/action", self._list_deleted),
                ("GET", deleted, "readMetadata/action", self._get_deleted),
                ("POST", deleted + "/recover", "recover/action", self._recover),
                ("DELETE", deleted, "purge/action", self._purge),
            )
        ]

    def _list(self, asked: Asked) -> Json:
        live = self._secrets.live()
        return page([_item(f"{asked.uri}secrets/{secret.name}", secret.versions[-1]) for secret in live])

    def _versions(self, asked: Asked) -> Json:
        return page([_version_item(asked, asked.name, each) for each in self._secrets.get(asked.name).versions])

    def _get(self, asked: Asked) -> Json:
        return _bundle(asked, self._secrets.read(asked.name, asked.version))

    def _set(self, asked: Asked) -> Json:
        value = asked.body.get("value")
        if not isinstance(value, str):
            raise VaultError(400, "BadParameter", "Property value has invalid value: a string is expected.")
        enabled = attribute(asked, "enabled", bool) is not False
        kind, tags = asked.body.get("contentType"), asked.body.get("tags")
        return _bundle(asked, self._secrets.set(asked.name, value, content_type=kind, enabled=enabled, tags=tags))

    def _change(self, asked: Asked) -> Json:
        kind, tags = asked.body.get("contentType"), asked.body.get("tags")
        enabled = attribute(asked, "enabled", bool)
        changed = self._secrets.change(asked.name, asked.version, content_type=kind, enabled=enabled, tags=tags)
        return _version_item(asked, asked.name, changed)

    def _delete(self, asked: Asked) -> Json:
        return self._deleted_item(asked, self._secrets.delete(asked.name))

    def _list_deleted(self, asked: Asked) -> Json:
        return page([self._deleted_item(asked, secret) for secret in self._secrets.deleted()])

    def _get_deleted(self, asked: Asked) -> Json:
        return self._deleted_item(asked, self._secrets.get_deleted(asked.name))

    def _recover(self, asked: Asked) -> Json:
        return _version_item(asked, asked.name, self._secrets.recover(asked.name).versions[-1])

    def _purge(self, asked: Asked) -> None:
        self._secrets.purge(asked.name)

    def _deleted_item(self, asked: Asked, secret: Secret) -> Json:
        at = secret.deleted_at or 0
        return _version_item(asked, secret.name, secret.versions[-1]) | {
            "deletedDate": at,
            "recoveryId": f"{asked.uri}deletedsecrets/{secret.name}",
            "scheduledPurgeDate": self._secrets.purge_date(at),
        }


def _version_item(asked: Asked, name: str, version: SecretVersion) -> Json:
    return _item(f"{asked.uri}secrets/{name}/{version.version}", version)


def _bundle(asked: Asked, version: SecretVersion) -> Json:
    return _version_item(asked, asked.name, version) | {"value": version.value}


def _item(identifier: str, version: SecretVersion) -> Json:
    attributes = {"created": version.created, "enabled": version.enabled, "updated": version.updated}
    item: Json = {"attributes": attributes, "id": identifier, "tags": dict(version.tags)}
    return item if version.content_type is None else item | {"contentType": version.content_type}
