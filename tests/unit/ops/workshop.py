"""The machine of one test: programs on PATH, a checkout, a cache, and a release server on loopback."""

import base64
import hashlib
import io
import os
import platform
import sys
import tarfile
import threading
import zipfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ops.engine import PULUMI_VERSION, Sources
from ops.engine_download import ARCHITECTURES

RELEASED = ("pulumi/pulumi", "pulumi/pulumi-language-python", "pulumi/pulumi-language-go")
REPOSITORY = Path(__file__).resolve().parents[3]
UV = Path(sys.executable).parent / "uv"
PINNED_ENGINE = f"echo v{PULUMI_VERSION}"
ARCHIVE = f"pulumi-v{PULUMI_VERSION}-{platform.system().lower()}-{ARCHITECTURES[platform.machine().lower()]}.tar.gz"
CHECKSUMS = f"pulumi-{PULUMI_VERSION}-checksums.txt"

# A Go that lists two packages and "builds" the program in $ENGINE, noting how it was called.
GO = """\
case "$1" in
  version) echo "go version go1.26.8 linux/amd64" ;;
  list) echo one two ;;
  build)
    echo "$GOFLAGS $GOTOOLCHAIN $CGO_ENABLED $PWD" >> "$BUILDS"
    while [ "$1" != -o ]; do shift; done
    printf '#!/bin/sh\\n%s\\n' "$ENGINE" > "$2"
    chmod 755 "$2" ;;
esac
"""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Everything below `root`; `told` collects the lines of progress."""

    root: Path
    told: list[str] = field(default_factory=list[str])

    @property
    def checkout(self) -> Path:
        return self.root / "checkout"

    @property
    def engine(self) -> Path:
        return self.root / "cache" / "engine" / PULUMI_VERSION / "pulumi"

    @property
    def builds(self) -> list[str]:
        """The builds of `GO` so far: flags, tool chain, cgo, folder."""
        noted = self.root / "builds"
        return noted.read_text().splitlines() if noted.exists() else []

    @property
    def environ(self) -> dict[str, str]:
        return {
            "BUILDS": str(self.root / "builds"),
            "ENGINE": PINNED_ENGINE,
            "HOME": str(self.root),
            "PATH": str(self.root / "bin"),
            "PIP_FIND_LINKS": str(self.root),
            "PIP_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self.root),
            "UV_OFFLINE": "1",
            "UV_PYTHON_DOWNLOADS": "never",
        }

    def sources(self, *releases: str) -> Sources:
        return Sources(
            cache=self.root / "cache",
            checkout=self.checkout,
            environ=self.environ,
            releases=releases,
            patience=5,
        )

    def write(self, place: str, text: str) -> Path:
        path = self.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def program(self, place: str, body: str) -> Path:
        """Write a shell script that finds the system's tools, whatever PATH it is run with."""
        path = self.write(place, f"#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n")
        path.chmod(0o755)
        return path

    def wheel(self, name: str, files: Mapping[str, str]) -> str:
        """Build an executable wheel of version 1.0 where pip and uv look; return its locked requirement."""
        path = self.root / f"{name}-1.0-py3-none-any.whl"
        info = f"{name}-1.0.dist-info"
        content = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{place},sha256={_digest(text)},{len(text)}\n" for place, text in content.items())
        with zipfile.ZipFile(path, "w") as archive:
            for place, text in {**content, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
                member = zipfile.ZipInfo(place)
                member.external_attr = 0o100755 << 16
                archive.writestr(member, text)
        return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@dataclass(kw_only=True)
class Releases:
    """A release server: `files` by name, of which it sends half when in `truncated`; a `slow` one comes to no end."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    truncated: set[str] = field(default_factory=set[str])
    slow: bool = False

    def publish(self, program: str = PINNED_ENGINE, *, members: Sequence[str] = RELEASED) -> None:
        """Publish an archive with the shell script `program` as each of its members, and its checksums."""
        text = f"#!/bin/sh\n{program}\n".encode()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for member in members:
                info = tarfile.TarInfo(member)
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text))
        self.files[ARCHIVE] = packed.getvalue()
        self.files[CHECKSUMS] = f"{hashlib.sha256(packed.getvalue()).hexdigest()}  {ARCHIVE}\n".encode()


@contextmanager
def serve_releases() -> Generator[Releases]:
    """Serve releases on a free port of loopback for the time of the block."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/")
            if releases.slow:
                while not ended.wait(0.02):
                    self.wfile.write(b"H")  # never silent for long, so that no time-out of a socket ends it
                return
            if name not in releases.files:
                self.send_error(404)
                return
            body = releases.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if name in releases.truncated else body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        releases = Releases(address=f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield releases
        finally:
            ended.set()
            server.shutdown()
            thread.join()


def wait_until_exists(path: Path, seconds: float = 20) -> None:
    """Probe for a file that another process writes; raise `TimeoutError` when it does not come."""
    tick = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if path.exists():
            return
        tick.wait(0.02)
    raise TimeoutError(f"{path} did not appear within {seconds} s")


def wait_until_ended(pid: int, seconds: float = 20) -> None:
    """Probe a process until it has ended; raise `TimeoutError` when it does not."""
    tick = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if not _is_running(pid):
            return
        tick.wait(0.02)
    raise TimeoutError(f"process {pid} did not end within {seconds} s")


def _is_running(pid: int) -> bool:
    """Tell whether a process runs (an ended one that nobody has waited for does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
