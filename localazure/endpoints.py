"""Where a running daemon listens, as it writes it for its clients."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from localazure.planes.files import write_atomically

FILE: Final = "daemon.json"


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """One running daemon.

    Args:
        pid: its process.
        control_port: port of the control door; `secret` opens it.
        secret: bearer token of the control door.
        azure_native_port: port of the azure-native provider.
        random_port: port of the random provider.
        language_port: port of the Python language host.
        authority: PEM file of the certificate authority that signs every address.
    """

    pid: int
    control_port: int
    secret: str
    azure_native_port: int
    random_port: int
    language_port: int
    authority: str

    def write(self, state: Path) -> None:
        """Publish, readable by the owner only; a reader sees all of it or nothing."""
        write_atomically(state / FILE, json.dumps(asdict(self)).encode())

    @staticmethod
    def read(state: Path) -> "Endpoints | None":
        """What the daemon of a state folder published last, or None."""
        try:
            return Endpoints(**json.loads((state / FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
