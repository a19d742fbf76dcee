"""A virtual environment as a file of `requirements/` says, installed by `uv`: the one on PATH, or one put into `.uv/`.

Proxies, indexes and certificates are the business of pip and uv: their environment reaches them unchanged.
"""

import hashlib
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.commands import Report, SetupError, run
from ops.locks import exclusive

OLDEST_UV = (0, 5)
INSTALL_SECONDS = 1800.0
OFFLINE_HINT = (
    "The first setup needs a Python package index. Behind a mirror or a proxy set UV_DEFAULT_INDEX for uv,"
    " PIP_INDEX_URL for pip, HTTPS_PROXY and SSL_CERT_FILE for both, then run `make setup` again."
)


def sync_dependencies(
    checkout: Path, environ: Mapping[str, str], report: Report, *, group: str = "dev", venv: str = ".venv"
) -> None:
    """Bring a virtual environment of the checkout to `requirements/GROUP.txt`, hashes checked, if it is not there yet.

    The stamp inside it is removed first and written last: the next run repairs an interrupted one.

    Raises:
        SetupError: There is no `uv` and none can be had, the packages cannot be installed, or it is a link.
    """
    requirements = checkout / "requirements" / f"{group}.txt"
    folder = checkout / venv
    wanted = _stamp(requirements, folder)
    if _is_current(folder, wanted):
        return
    if folder.is_symlink():  # what it leads to may be another checkout's, and is not ours to change
        raise SetupError(
            f"{folder} is a link to {folder.readlink()}. Remove the link; setup makes a folder in its place."
        )
    with exclusive(checkout / ".uv" / "lock", report):
        if _is_current(folder, wanted):
            return
        uv = find_uv(checkout, environ, report)
        try:
            _make_venv(folder, uv, environ, report)
            report(f"installing requirements/{requirements.name}")
            _sync(folder, requirements, uv, environ, report)
            (folder / "setup-stamp").write_text(wanted, encoding="utf-8")
        except OSError as error:
            raise SetupError(
                f"cannot write {error.filename or folder}: {error.strerror or error}. Free space or fix the rights."
            ) from error


def find_uv(checkout: Path, environ: Mapping[str, str], report: Report) -> Path:
    """Return `uv` on PATH if it is recent enough, else the one in `.uv/` of the checkout."""
    found = shutil.which("uv", path=environ.get("PATH", ""))
    if found and _uv_version(Path(found)) >= OLDEST_UV:
        return Path(found)
    own = checkout / ".uv" / "venv" / "bin" / "uv"
    if _uv_version(own) >= OLDEST_UV:
        return own
    oldest = ".".join(str(part) for part in OLDEST_UV)
    report(f"uv on PATH is older than {oldest}: not used" if found else "no uv on PATH: installing one into .uv/")
    _bootstrap_uv(own.parent.parent, checkout / "requirements" / "uv.txt", environ)
    return own


def base_interpreter() -> Path:
    """Return the Python under this one: an active `.venv` must not be the base of its own successor."""
    if sys.prefix == sys.base_prefix:
        return Path(sys.executable)
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def _stamp(requirements: Path, venv: Path) -> str:
    # The place is part of it: scripts in .venv/bin name their interpreter by its full path.
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    return f"{platform.python_version()} {digest} {venv}\n"


def _read_stamp(venv: Path) -> str:
    stamp = venv / "setup-stamp"
    return stamp.read_text(encoding="utf-8") if stamp.is_file() and (venv / "bin" / "python").exists() else ""


def _is_current(venv: Path, wanted: str) -> bool:
    return _read_stamp(venv) == wanted


def _make_venv(venv: Path, uv: Path, environ: Mapping[str, str], report: Report) -> None:
    """Keep a whole environment of this Python for an incremental sync; replace any other."""
    version, _, rest = _read_stamp(venv).partition(" ")
    (venv / "setup-stamp").unlink(missing_ok=True)
    if version == platform.python_version() and rest.endswith(f" {venv}\n"):
        return
    report(f"making {venv.name} with Python {platform.python_version()}")
    if venv.exists():
        shutil.rmtree(venv)
    run([uv, "venv", "--quiet", "--python", base_interpreter(), venv], seconds=120, environ=environ)


def _sync(venv: Path, requirements: Path, uv: Path, environ: Mapping[str, str], report: Report) -> None:
    python = venv / "bin" / "python"
    try:
        run(
            [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, requirements],
            seconds=INSTALL_SECONDS,
            environ=environ,
            pulse=lambda _: report(f"still installing requirements/{requirements.name}"),
        )
    except SetupError as error:
        raise SetupError(f"requirements/{requirements.name} cannot be installed: {error}\n{OFFLINE_HINT}") from error


def _uv_version(uv: Path) -> tuple[int, ...]:
    """Return the version that `uv` answers; empty, hence older than any, when it does not run."""
    if not uv.exists():
        return ()
    try:
        answer = run([uv, "--version"], seconds=20)
    except SetupError:
        return ()
    match = re.match(r"uv (\d+)\.(\d+)", answer)
    return tuple(int(part) for part in match.groups()) if match else ()


def _bootstrap_uv(venv: Path, requirements: Path, environ: Mapping[str, str]) -> None:
    shutil.rmtree(venv, ignore_errors=True)
    try:
        run([base_interpreter(), "-m", "venv", venv], seconds=120, environ=environ)
    except SetupError as error:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        raise SetupError(
            f"no uv on PATH, and this Python cannot make a virtual environment for one: {error}\n"
            f"Install uv, or the package with venv and ensurepip (Debian, Ubuntu: apt install {package})."
        ) from error
    command = [
        venv / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "-r",
        requirements,
    ]
    try:
        run(command, seconds=INSTALL_SECONDS, environ=environ)
    except SetupError as error:
        raise SetupError(
            f"no uv on PATH, and requirements/uv.txt cannot be installed: {error}\n{OFFLINE_HINT}"
        ) from error
