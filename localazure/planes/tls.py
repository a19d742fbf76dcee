"""The certificate authority of the embedded Azure: every listener speaks TLS, one bundle trusts them all."""

import ssl
from pathlib import Path
from typing import Final

import trustme

from localazure.planes.files import write_atomically

_ALWAYS: Final = ("127.0.0.1", "localhost")


class CertificateAuthority:
    """A private authority, made once and kept.

    Key and certificate are one file (0600), so an interrupted start leaves either both or none; the bundle
    that clients trust is derived from it.

    Args:
        folder: Where the authority lives; created when missing.

    Attributes:
        bundle: PEM file of the authority's certificate, without any key: the value of `SSL_CERT_FILE`.

    """

    def __init__(self, folder: Path) -> None:
        keep = folder / "authority.pem"
        if not keep.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            made = trustme.CA(organization_name="localazure")
            write_atomically(keep, made.private_key_pem.bytes() + made.cert_pem.bytes())
        both = keep.read_bytes()
        begin = both.index(b"-----BEGIN CERTIFICATE-----")
        self._authority = trustme.CA.from_pem(cert_bytes=both[begin:], private_key_bytes=both[:begin])
        self.bundle = folder / "ca.pem"
        if not self.bundle.exists() or self.bundle.read_bytes() != both[begin:]:
            write_atomically(self.bundle, both[begin:], mode=0o644)

    def server_context(self, *names: str) -> ssl.SSLContext:
        """Make the TLS side of a listener.

        Args:
            names: Host names (a first label of `*` is a wildcard) and addresses that clients may ask for;
                127.0.0.1 and localhost always are among them.

        Returns:
            A server context with a fresh certificate and TLS 1.2 as its floor, as Azure's front ends have.

        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        identities = dict.fromkeys((*names, *_ALWAYS))
        leaf = self._authority.issue_cert(*identities)
        leaf.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # also takes pyOpenSSL's type
        return context
