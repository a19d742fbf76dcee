"""The engine's checkpoint of a stack in a folder, judged by the generations and locks that the engine keeps beside it.

Layout and locks: pulumi, pkg/backend/diy/store.go and lock.go. A lock has no expiry. The engine keeps a copy of the
checkpoint at the end of each update; it writes the time of writing into each, and no checksum.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import psutil

from ops.target import UsageError

HISTORY_SUFFIX: Final = ".checkpoint.json"


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One state of a stack.

    Args:
        path: its file.
        deployment: what is in it; empty for a stack that holds nothing.
        problem: why it cannot be used, or None.
    """

    path: Path
    deployment: Mapping[str, Any]
    problem: str | None

    @staticmethod
    def read(path: Path) -> "Generation":
        """Read and judge a file; one that is not there holds nothing."""
        try:
            deployment: dict[str, Any] = json.loads(path.read_bytes())["checkpoint"].get("latest") or {}
            resources: list[dict[str, Any]] = deployment.get("resources") or []
            problem = next(_problems(resources), None)
        except FileNotFoundError:
            return Generation(path=path, deployment={}, problem=None)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            return Generation(path=path, deployment={}, problem=f"it cannot be read: {type(error).__name__}: {error}")
        return Generation(path=path, deployment=deployment, problem=problem)

    @property
    def name(self) -> str:
        """What an operator calls it: the number in the name of its file."""
        return path_number(self.path)

    @property
    def time(self) -> str:
        """When the engine wrote it; empty when it never did. Later ones sort after."""
        return str(cast("Mapping[str, Any]", self.deployment.get("manifest") or {}).get("time", ""))

    @property
    def resources(self) -> Sequence[Mapping[str, Any]]:
        """What it holds, the stack itself aside."""
        found = cast("list[Mapping[str, Any]]", self.deployment.get("resources") or [])
        return [resource for resource in found if resource["type"] != "pulumi:pulumi:Stack"]

    @property
    def pending(self) -> Sequence[tuple[str, str]]:
        """URN and kind of the operations that an interrupted engine had not ended.

        A creation that a later run has taken up is done, although the engine keeps it until
        `pulumi refresh --clear-pending-creates`.
        """
        found = cast("list[Mapping[str, Any]]", self.deployment.get("pending_operations") or [])
        known = {resource["urn"] for resource in self.resources}
        pending = [(operation["resource"]["urn"], operation["type"]) for operation in found]
        return [(urn, kind) for urn, kind in pending if kind != "creating" or urn not in known]

    @property
    def failed(self) -> Sequence[str]:
        """URN of what Azure accepted and could not finish."""
        return [resource["urn"] for resource in self.resources if resource.get("initErrors")]


@dataclass(frozen=True, kw_only=True)
class Lock:
    """Who holds a stack. `alive` is false when the engine that made it is known to have gone."""

    owner: str
    age_seconds: float
    alive: bool


class Checkpoints:
    """The generations of one stack.

    Args:
        backend: the folder of the engine's backend.
        project: the project.
        stack: the stack.
    """

    def __init__(self, backend: Path, project: str, stack: str) -> None:
        self._root = backend / ".pulumi"
        self._place = Path(project) / stack
        self.live = Generation.read(self._root / "stacks" / f"{self._place}.json")

    def kept(self) -> list[Generation]:
        """The whole generations that are kept, the latest first; of those of one time, one."""
        history = (self._root / "history" / self._place).glob(f"*{HISTORY_SUFFIX}")
        backups = (self._root / "backups" / self._place).glob("*.json")
        read = [Generation.read(path) for path in [*backups, *history]]
        good = {generation.time: generation for generation in read if generation.time and not generation.problem}
        return [good[time] for time in sorted(good, reverse=True)]

    def problem(self) -> str | None:
        """What is wrong with the checkpoint that the engine would use, or None."""
        if self.live.problem:
            return self.live.problem
        newest = next(iter(self.kept()), None)
        if newest is None:
            return None
        if newest.resources and not self.live.resources:
            return f"it is lost: generation {newest.name} holds {len(newest.resources)} resources, and it holds none"
        if self.live.time < newest.time:
            return f"it is of {self.live.time}, older than generation {newest.name} of {newest.time}"
        if self.live.time == newest.time and self.live.deployment != newest.deployment:
            return f"it was changed after the engine wrote it: generation {newest.name} of the same time differs"
        return None

    def restore(self, name: str) -> Path:
        """Put a kept generation in the place of the checkpoint, and keep that aside.

        Returns:
            Where the checkpoint was moved to.

        Raises:
            UsageError: no whole generation has the name.
        """
        kept = {generation.name: generation for generation in self.kept()}
        if name not in kept:
            raise UsageError(f'RESTORE="{name}" is no whole generation. Allowed: {", ".join(kept) or "none"}.')
        live = self.live.path
        aside = live.with_name(f"{live.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}")
        live.parent.mkdir(parents=True, exist_ok=True)
        content = kept[name].path.read_bytes()
        if live.exists():
            live.rename(aside)
        live.write_bytes(content)
        self.live = Generation.read(live)
        return aside

    def locks(self) -> list[Lock]:
        """Who holds the stack; more than one only when the engine was unlucky."""
        folder = self._root / "locks" / "organization" / self._place
        return [_lock(path) for path in sorted(folder.glob("*.json"))]


def path_number(path: Path) -> str:
    """The number of `dev-123.checkpoint.json` and of `dev.123.json`."""
    return path.name.removesuffix(HISTORY_SUFFIX).removesuffix(".json").rpartition("-")[2].rpartition(".")[2]


def _problems(resources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the engine would stumble over: pkg/resource/deploy/snapshot.go, VerifyIntegrity."""
    seen: set[str] = set()
    for resource in resources:
        urn = resource["urn"]
        others: list[str] = resource.get("dependencies") or []
        needed = [resource.get("parent"), *others]
        yield from (
            f"{urn} needs {other}, which does not come before it" for other in needed if other and other not in seen
        )
        if urn in seen and not resource.get("delete"):
            yield f"{urn} is there twice"
        seen.add(urn)


def _lock(path: Path) -> Lock:
    said: dict[str, Any] = {}
    try:
        said = json.loads(path.read_bytes())
        made = datetime.fromisoformat(said["timestamp"])
        owner = f"{said['username']}@{said['hostname']} (pid {said['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        made, owner = datetime.fromtimestamp(path.stat().st_mtime, UTC), "somebody (it cannot be read)"
    age = (datetime.now(UTC) - made).total_seconds()
    return Lock(owner=owner, age_seconds=max(0.0, age), alive=_is_engine(said.get("pid")))


def _is_engine(pid: Any) -> bool:
    """Whether an engine has this number; another program may have got it since."""
    with suppress(psutil.NoSuchProcess, TypeError, ValueError):
        return psutil.Process(pid).name().startswith("pulumi")
    return False
