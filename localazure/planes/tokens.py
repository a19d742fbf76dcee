"""The signing key of the embedded Entra tenant: issues access tokens and verifies them for the data planes.

Claims of a managed identity's token: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
(version 1.0 tokens, which Azure resources get).
"""

import base64
import hashlib
import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from localazure.planes.files import write_atomically

_REQUIRED: Final = ["aud", "exp", "iat", "iss", "nbf", "oid", "sub"]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A managed identity: its three names in Azure, GUIDs but for the ARM id."""

    client_id: str
    object_id: str
    resource_id: str


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a verified token says about its bearer."""

    application_id: str
    audience: str
    expires_at: int
    issuer: str
    object_id: str
    tenant_id: str


class TokenSigner:
    """The tenant's RS256 key, made once, kept 0600, named by its RFC 7638 thumbprint.

    Args:
        folder: Where the key lives; created when missing.
        tenant_id: GUID of the Entra tenant that the tokens speak for.

    """

    def __init__(self, folder: Path, tenant_id: str) -> None:
        self.tenant_id = tenant_id
        self._issuer = f"https://sts.windows.net/{tenant_id}/"
        self._key = _load_key(folder / "signing-key.pem")
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self._public = {name: str(public[name]) for name in ("e", "kty", "n")}
        canonical = json.dumps(self._public, separators=(",", ":"), sort_keys=True).encode()
        digest = hashlib.sha256(canonical).digest()
        self._key_id = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def issue(
        self,
        *,
        issuer: str,
        audience: str,
        subject: str,
        lifetime_seconds: int,
        typ: str = "JWT",
        **claims: Any,
    ) -> str:
        """Sign a token that is valid from now on.

        Args:
            issuer: The `iss` claim.
            audience: The `aud` claim.
            subject: The `sub` claim.
            lifetime_seconds: Seconds until it expires; zero or less makes an expired token.
            typ: The `typ` header.
            claims: Further claims; they win over the ones made here.

        Returns:
            The compact form of the signed token.

        """
        now = int(time.time())
        payload = {
            "aud": audience,
            "exp": now + lifetime_seconds,
            "iat": now,
            "iss": issuer,
            "jti": str(uuid.uuid4()),
            "nbf": now,
            "sub": subject,
            "tid": self.tenant_id,
        }
        headers = {"kid": self._key_id, "typ": typ}
        return jwt.encode(payload | claims, self._key, algorithm="RS256", headers=headers)

    def issue_for(self, identity: Identity, *, resource: str, lifetime_seconds: int) -> str:
        """Sign the token that Azure's resource `resource` accepts from a managed identity."""
        return self.issue(
            issuer=self._issuer,
            audience=resource,
            subject=identity.object_id,
            lifetime_seconds=lifetime_seconds,
            appid=identity.client_id,
            idtyp="app",
            oid=identity.object_id,
            ver="1.0",
            xms_mirid=identity.resource_id,
        )

    def verify(self, token: str, *, audience: str) -> Claims:
        """Check a token that a caller shows to an Azure resource.

        Args:
            token: The compact form.
            audience: The resource, for example `https://vault.azure.net`, with or without a slash at the end.

        Returns:
            What the token says.

        Raises:
            jwt.InvalidTokenError: The subclass says what is wrong: signature, time, audience or issuer
                (the tenant's own tokens for resources pass, those minted for the API's users do not).

        """
        bare = audience.rstrip("/")
        decoded = jwt.decode(
            token,
            self._key.public_key(),
            algorithms=["RS256"],
            audience=[bare, f"{bare}/"],
            issuer=self._issuer,
            options={"require": _REQUIRED},
        )
        claims = {name: str(value) for name, value in decoded.items()}
        return Claims(
            application_id=claims.get("appid", ""),
            audience=claims["aud"],
            expires_at=int(claims["exp"]),
            issuer=claims["iss"],
            object_id=claims["oid"],
            tenant_id=claims.get("tid", ""),
        )

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Give the public key as a JSON Web Key Set (RFC 7517)."""
        return {"keys": [self._public | {"alg": "RS256", "kid": self._key_id, "use": "sig"}]}


def _load_key(path: Path) -> rsa.RSAPrivateKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form = serialization.PrivateFormat.PKCS8
        encoding = serialization.Encoding.PEM
        write_atomically(path, made.private_bytes(encoding, form, serialization.NoEncryption()))
    # Only its owner may write the file, so its numbers are not proved again, which takes 50 ms of a start.
    key = serialization.load_pem_private_key(path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True)
    return cast("rsa.RSAPrivateKey", key)
