"""The operations on a vault's keys, as the REST interface has them.

https://learn.microsoft.com/rest/api/keyvault/keys/operation-groups
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Final

from localazure.planes.key_store import OPERATIONS, Keys, KeyVersion, Lifetime
from localazure.planes.vault_calls import Asked, Json, Offered, attribute, page
from localazure.planes.vault_store import VaultError

_ACTIONS: Final = "Microsoft.KeyVault/vaults/keys/"


class KeyOperations:
    """Answers calls about keys."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def offered(self) -> Sequence[Offered]:
        """List the operations."""
        key, version = "/keys/{name}", "/keys/{name}/{version:[^/]*}"
        return [
            Offered(method=method, path=path, action=_ACTIONS + action, do=do)
            for method, path, action, do in (
                ("GET", "/keys", "read", self._list),
                ("POST", key + "/create", "create/action", self._create),
                ("POST", key + "/rotate", "rotate/action", self._rotate),
                ("GET", key + "{slash:/?}", "read", self._get),
                ("GET", key + "/versions", "read", self._versions),
                ("GET", key + "/{version}", "read", self._get),
                ("PATCH", key + "{slash:/?}", "update/action", self._change),
                ("PATCH", key + "/{version}", "update/action", self._change),
                ("POST", version + "/wrapkey", "wrap/action", self._wrap),
                ("POST", version + "/unwrapkey", "unwrap/action", self._unwrap),
            )
        ]

    def _list(self, asked: Asked) -> Json:
        return page([_item(f"{asked.uri}keys/{key.name}", key.versions[-1]) for key in self._keys.all()])

    def _versions(self, asked: Asked) -> Json:
        return page([_item(_kid(asked, version), version) for version in self._keys.get(asked.name).versions])

    def _get(self, asked: Asked) -> Json:
        return _bundle(asked, self._keys.version(asked.name, asked.version))

    def _create(self, asked: Asked) -> Json:
        body = asked.body
        made = self._keys.create(
            asked.name,
            kind=body.get("kty", ""),
            size=body.get("key_size") or 2048,
            operations=body.get("key_ops") or OPERATIONS,
            lifetime=_lifetime(asked),
            tags=body.get("tags"),
        )
        return _bundle(asked, made)

    def _rotate(self, asked: Asked) -> Json:
        return _bundle(asked, self._keys.rotate(asked.name))

    def _change(self, asked: Asked) -> Json:
        changed = self._keys.change(
            asked.name,
            asked.version,
            lifetime=_lifetime(asked),
            operations=asked.body.get("key_ops"),
            tags=asked.body.get("tags"),
        )
        return _bundle(asked, changed)

    def _wrap(self, asked: Asked) -> Json:
        return _operated(asked, self._keys.wrap)

    def _unwrap(self, asked: Asked) -> Json:
        return _operated(asked, self._keys.unwrap)


def _operated(asked: Asked, operate: Callable[[str, str, str, bytes], tuple[KeyVersion, bytes]]) -> Json:
    algorithm, value = asked.body.get("alg"), asked.body.get("value")
    if not isinstance(algorithm, str) or not isinstance(value, str):
        raise VaultError(400, "BadParameter", "Properties alg and value are required: strings are expected.")
    try:
        content = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError) as error:
        raise VaultError(400, "BadParameter", "Property value has invalid value: base64url is expected.") from error
    version, result = operate(asked.name, asked.version, algorithm, content)
    return {"kid": _kid(asked, version), "value": _base64(result)}


def _lifetime(asked: Asked) -> Lifetime:
    return Lifetime(
        enabled=attribute(asked, "enabled", bool),
        expires=attribute(asked, "exp", int),
        not_before=attribute(asked, "nbf", int),
    )


def _kid(asked: Asked, version: KeyVersion) -> str:
    return f"{asked.uri}keys/{asked.name}/{version.version}"


def _item(kid: str, version: KeyVersion) -> Json:
    attributes: dict[str, Any] = {
        "created": version.created,
        "enabled": version.enabled,
        "updated": version.updated,
        **({} if version.expires is None else {"exp": version.expires}),
        **({} if version.not_before is None else {"nbf": version.not_before}),
    }
    return {"attributes": attributes, "kid": kid, "tags": dict(version.tags)}


def _bundle(asked: Asked, version: KeyVersion) -> Json:
    public = version.pair().public_key().public_numbers()
    kid = _kid(asked, version)
    item = _item(kid, version)
    jwk = {
        "e": _base64(_big_endian(public.e)),
        "key_ops": list(version.operations),
        "kid": kid,
        "kty": version.kind,
        "n": _base64(_big_endian(public.n)),
    }
    return {"attributes": item["attributes"], "key": jwk, "tags": item["tags"]}


def _big_endian(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
