"""The certificate authority and the files it is kept in."""

import asyncio
import ssl
from pathlib import Path

import pytest

from localazure.planes.files import write_atomically
from localazure.planes.tls import CertificateAuthority


async def _handshake(server: ssl.SSLContext, bundle: Path, name: str) -> str:
    listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=server)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        client = ssl.create_default_context(cafile=bundle)
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
        version: str = writer.get_extra_info("ssl_object").version()
        writer.close()
        await writer.wait_closed()
    return version


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "login.microsoftonline.com", "t.ciamlogin.com"])
async def test_a_client_with_the_bundle_trusts_the_names_asked_for(tmp_path: Path, name: str) -> None:
    authority = CertificateAuthority(tmp_path)
    context = authority.server_context("login.microsoftonline.com", "*.ciamlogin.com")
    assert await _handshake(context, authority.bundle, name) == "TLSv1.3"


async def test_a_client_does_not_trust_another_name(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        await _handshake(authority.server_context(), authority.bundle, "example.org")


async def test_the_authority_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    first = CertificateAuthority(tmp_path / "new")
    trusted_before = first.bundle.read_bytes()
    first.bundle.unlink()
    second = CertificateAuthority(tmp_path / "new")
    assert second.bundle.read_bytes() == trusted_before
    assert b"PRIVATE KEY" not in trusted_before
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()} == {
        "authority.pem": 0o600,
        "ca.pem": 0o644,
    }
    assert await _handshake(second.server_context(), second.bundle, "localhost")


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    write_atomically(kept, b"old")
    with pytest.raises(TypeError):
        write_atomically(kept, "no bytes")  # pyright: ignore[reportArgumentType]  # the fault under test
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert kept.read_bytes() == b"old"
