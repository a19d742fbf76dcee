"""The engine out of its official release archive, checked against the checksums published beside it."""

import hashlib
import platform
import queue
import shutil
import tarfile
import threading
import time
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError

from ops.commands import PULSE, Report, SetupError

CHUNK = 1 << 20
STALL_SECONDS = 30.0
DOWNLOAD_SECONDS = 1800.0
ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def download_engine(folder: Path, *, version: str, releases: tuple[str, ...], patience: float, report: Report) -> Path:
    """Download the archive for this machine into `folder` and return the executable taken out of it.

    Args:
        folder: An empty folder.
        version: Of the engine, without a leading v.
        releases: Addresses of folders with archives and checksums, tried in this order.
        patience: Seconds until a server that does not answer counts as unreachable.
        report: Takes a line of progress about every ten seconds.

    Raises:
        SetupError: No address has the archive whole, with the published checksum; says why for each.
    """
    archive = f"pulumi-v{version}-{platform.system().lower()}-{_architecture()}.tar.gz"
    failures: list[str] = []
    for base in releases:
        try:
            checksums = _answer_within(patience, f"{base}/pulumi-{version}-checksums.txt")
            expected = _published_checksum(checksums, archive)
            report(f"downloading {base}/{archive}")
            _download(f"{base}/{archive}", folder / archive, report)
            _check(folder / archive, expected)
            return _take_out(folder / archive, folder)
        except (OSError, HTTPException, ValueError, KeyError, tarfile.TarError) as error:
            failures.append(f"{base}/{archive}: {error}")
    raise SetupError("; ".join(failures))


def _architecture() -> str:
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise SetupError(f"no official archive for a {machine} machine; there are {', '.join(sorted(ARCHITECTURES))}")
    return ARCHITECTURES[machine]


def _answer_within(seconds: float, url: str) -> str:
    """Return the text at an address, or raise an OSError after so many seconds.

    In a thread, since a name look-up on a machine without network has no timeout of its own.
    """
    answers: queue.SimpleQueue[str | Exception] = queue.SimpleQueue()

    def fetch() -> None:
        try:
            with _open(url, timeout=seconds) as response:
                answers.put(response.read(CHUNK).decode())
        except Exception as error:  # noqa: BLE001 - raised by the thread that waits
            answers.put(error)

    threading.Thread(target=fetch, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _open(url: str, *, timeout: float) -> HTTPResponse:
    try:
        return urllib.request.urlopen(url, timeout=timeout)  # noqa: S310 - addresses are constants of ops.engine
    except HTTPError as error:
        with error:
            raise OSError(f"HTTP status {error.code} {error.reason}") from None


def _published_checksum(checksums: str, archive: str) -> str:
    for line in checksums.splitlines():
        digest, _, name = line.partition(" ")
        if name.strip().lstrip("*") == archive:
            return digest.lower()
    raise ValueError("not in the published checksums")


def _download(url: str, target: Path, report: Report) -> None:
    start = told = time.monotonic()
    with _open(url, timeout=STALL_SECONDS) as response, target.open("wb") as file:
        size, length = 0, int(response.headers.get("Content-Length") or 0)
        while chunk := response.read(CHUNK):
            file.write(chunk)
            size += len(chunk)
            now = time.monotonic()
            if now - start > DOWNLOAD_SECONDS:
                raise TimeoutError(f"not complete within {DOWNLOAD_SECONDS:.0f} s")
            if now - told >= PULSE:
                told = now
                report(f"downloaded {size >> 20} of {length >> 20} MiB")


def _check(archive: Path, expected: str) -> None:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != expected:
        size = archive.stat().st_size
        raise ValueError(f"{size} bytes arrived with SHA-256 {digest}, published is {expected}: refused")


def _take_out(archive: Path, folder: Path) -> Path:
    """Take the engine out, and what runs Python programs for it on Azure."""
    engine = folder / "pulumi"
    with tarfile.open(archive) as content:
        names = [name for name in content.getnames() if name.startswith("pulumi/pulumi-language-python")]
        for name in ("pulumi/pulumi", *names):
            member = content.extractfile(name)
            if member is None:
                raise ValueError(f"its {name} is not a file")
            target = folder / Path(name).name
            with member, target.open("wb") as file:
                shutil.copyfileobj(member, file)
            target.chmod(0o755)
    return engine
