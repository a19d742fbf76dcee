"""The dependency layer of an image: a virtual environment per lock file, shared by images with that lock."""

import hashlib
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from localazure.containers.atomic import whole_folder
from localazure.containers.errors import DependencyError

_INSTALL_SECONDS: Final = 600


def environment_for(lock: Path, *, layers: Path) -> Path:
    """Return the environment with exactly the packages of `lock`, made on first use and kept in `layers`.

    Its name covers the lock, the interpreter and the platform, so checkouts may share `layers`.

    Raises:
        DependencyError: uv could not install what the lock names; carries what uv said.
    """
    identity = f"{sys.version}|{sysconfig.get_platform()}|".encode() + lock.read_bytes()
    target = layers / hashlib.sha256(identity).hexdigest()[:16]
    if target.is_dir():
        return target
    with whole_folder(target) as partial:
        # Relocatable, since the environment is renamed once it is complete.
        _uv("venv", "--relocatable", "--allow-existing", "--python", sys.executable, str(partial))
        python = str(partial / "bin" / "python")
        # Byte code now, since containers do not write any and would compile at every start.
        options = ("--require-hashes", "--allow-empty-requirements", "--compile-bytecode")
        _uv("pip", "sync", *options, "--python", python, str(lock))
    return target


def _uv(*arguments: str) -> None:
    command = [sys.executable, "-m", "uv", "--quiet", "--no-progress", *arguments]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except subprocess.CalledProcessError as error:
        raise DependencyError(f"uv {' '.join(arguments)}: {error.stderr.strip()}") from error
    except subprocess.TimeoutExpired as error:
        raise DependencyError(f"uv {' '.join(arguments)}: not done after {_INSTALL_SECONDS} s") from error
