"""The embedded cloud of a checkout: its daemon, the engine's state, and the private copy of a stack file.

The tracked stack files stay untouched: `pulumi stack init` appends a salt to the stack file it works on, so it works in
a folder of its own, and the engine is given a private file that holds the salt and the tracked content
(local-azure.md section 1.8).
"""

import asyncio
import json
import os
import secrets
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil
import yaml

from localazure.client import Client, make_folder
from localazure.containers.images import ImageStore, build_image
from localazure.planes.files import write_atomically
from localazure.user_cache import user_cache
from ops.engine_run import ask_engine
from ops.locks import exclusive
from ops.stack_file import PROJECT, RELEASE, read_stack_file
from ops.target import ROOT, UsageError, report

LOCK: Final = "command.lock"
WORKLOADS: Final = ("api", "mcp", "worker")
"""What runs the image; a release names each."""


class LocalCloud:
    """The embedded cloud of one state folder, seen from one stack.

    Args:
        engine: the Pulumi CLI.
        environ: the environment that the engine's is made from.
        stack: dev, staging or prod.
    """

    def __init__(self, engine: Path, environ: Mapping[str, str], stack: str) -> None:
        self.engine = engine
        self.stack = stack
        self.state = Path(environ.get("LOCALAZURE_STATE") or ROOT / ".localazure").resolve()
        # A person's own settings of Pulumi (backend, stack, passphrase, options) are about other clouds.
        self._environ = {name: value for name, value in environ.items() if not name.startswith("PULUMI_")}
        self.backend = self.state / "pulumi"
        self._checkpoint = self.backend / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
        self.config_file = self.state / "stacks" / f"{stack}.yaml"

    def exists(self) -> bool:
        """Whether there is anything of this cloud."""
        return self.state.is_dir()

    @contextmanager
    def held(self) -> Generator[int]:
        """Keep other commands that change this cloud waiting for the time of the block.

        Yields:
            The descriptor of the lock. An engine that gets it holds the lock too, so that one whose command was killed
            is waited for.
        """
        make_folder(self.state)
        with exclusive(self.state / LOCK, report, holder="command") as descriptor:
            try:
                yield descriptor
            except OSError as error:
                error.filename = error.filename or str(self.state)  # a write to a full disk does not say where
                raise

    def client(self) -> Client:
        """The daemon, started if need be. Says so when its state could not be read."""
        client = Client.start(self.state)
        if kept_aside := client.status()["kept_aside"]:
            report(
                f"warning: the state of the embedded Azure could not be read; it is kept as {kept_aside}. "
                "What it held is made again from the engine's checkpoint."
            )
        return client

    def environment(self, client: Client) -> dict[str, str]:
        """Variables with which any Pulumi program, run by a plain `pulumi`, meets the embedded Azure."""
        endpoints = client.endpoints
        return {
            **self._backend_environment(),
            "PULUMI_DEBUG_LANGUAGES": f"python:{endpoints.language_port}",
            "PULUMI_DEBUG_PROVIDERS": f"azure-native:{endpoints.azure_native_port},random:{endpoints.random_port}",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def _backend_environment(self) -> dict[str, str]:
        """The part that needs no daemon: where the engine is, and where it keeps its state."""
        make_folder(self.state)
        self.backend.mkdir(exist_ok=True)
        return {
            "PATH": f"{self.engine.parent}{os.pathsep}{self._environ.get('PATH', '')}",
            # Without the side files of metadata, which are not written atomically: a program that reads its own last
            # outputs while the engine writes the checkpoint met an empty one.
            "PULUMI_BACKEND_URL": f"{self.backend.as_uri()}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE": self._passphrase(),
            "PULUMI_HOME": str(self.state / "pulumi-home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def stack_environment(self, client: Client) -> dict[str, str]:
        """The same for this repository's program and stack: the private stack file takes the tracked one's place."""
        return {
            **self.environment(client),
            "PULUMI_OPTION_CONFIG_FILE": str(self.config_file),
            "PULUMI_STACK": self.stack,
        }

    def engine_environment(self, client: Client) -> dict[str, str]:
        """The whole environment of an engine that works on this stack."""
        return {**self._environ, **self.stack_environment(client)}

    def _passphrase(self) -> str:
        path = self.state / "passphrase"
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(32).encode())
        return path.read_text(encoding="utf-8")

    def prepare(self, digest: str | None, lock: int) -> None:
        """Make the stack known to the engine and write its private stack file; needs no daemon.

        Args:
            digest: the image to deploy once as every workload, or None to keep what the stack remembers.
            lock: what `held` gave.

        Raises:
            UsageError: the engine refuses, or the tracked stack file cannot be used.
        """
        config = read_stack_file(ROOT / f"Pulumi.{self.stack}.yaml")
        release = {RELEASE: dict.fromkeys(WORKLOADS, digest)} if digest else {}
        self._write_config({**config, **release}, lock)

    def prepare_to_destroy(self, lock: int) -> None:
        """The same for an engine that runs no program: it needs no settings, so a broken stack file is no obstacle."""
        self._write_config({}, lock)

    def _write_config(self, config: Mapping[str, Any], lock: int) -> None:
        # Nothing else of the tracked file: a `secretsprovider` in it is Azure's.
        content = {"config": dict(config), "encryptionsalt": self._salt(lock)}
        write_atomically(self.config_file, yaml.safe_dump(content, sort_keys=False).encode())
        self.unlock(lock)

    def _salt(self, lock: int) -> str:
        if salt := self._latest().get("secrets_providers", {}).get("state", {}).get("salt"):
            return salt  # what the checkpoint says is the truth: its secrets were made with it
        folder = self.state / "stacks" / "init"
        made = folder / f"Pulumi.{self.stack}.yaml"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "Pulumi.yaml", folder)
        salt = yaml.safe_load(made.read_text(encoding="utf-8")) if made.exists() else None
        if not salt or not self._checkpoint.exists():
            # One without the other is what an interrupted `stack init` leaves: an empty stack, or a salt of none.
            self._checkpoint.unlink(missing_ok=True)
            made.unlink(missing_ok=True)
            environ = {**self._environ, **self._backend_environment()}
            ask_engine(self.engine, ["stack", "init", self.stack, "--no-select"], environ, lock=lock, cwd=folder)
            salt = yaml.safe_load(made.read_text(encoding="utf-8"))
        return salt["encryptionsalt"]

    def unlock(self, lock: int) -> None:
        """Break the lock that a killed engine has left on the stack; a living one's stays."""
        locks = self.backend / ".pulumi" / "locks" / "organization" / PROJECT / self.stack
        holders = list(locks.glob("*.json"))
        if holders and not any(_holds(path) for path in holders):
            report("an earlier run was killed; releasing its lock on the stack")
            environ = {**self._environ, **self._backend_environment()}
            ask_engine(self.engine, ["cancel", "--yes", "--stack", self.stack], environ, lock=lock)

    def outputs(self) -> dict[str, Any]:
        """What the stack's last run exported; empty when there was none.

        Read where the engine keeps it: people wait for the commands that need it, and the engine is slower to ask.
        """
        resources: list[dict[str, Any]] = self._latest().get("resources") or []
        stacks = [resource for resource in resources if resource["type"] == "pulumi:pulumi:Stack"]
        return stacks[0].get("outputs", {}) if stacks else {}

    def _latest(self) -> dict[str, Any]:
        """The engine's last deployment; empty when there is none. Raises UsageError for a damaged checkpoint."""
        if not self._checkpoint.exists():
            return {}
        try:
            return json.loads(self._checkpoint.read_text(encoding="utf-8"))["checkpoint"].get("latest") or {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"The engine's checkpoint {self._checkpoint} cannot be read: {error}. The one before it lies beside "
                "it, with the ending .bak; put it in its place."
            ) from error

    def build(self) -> str:
        """Build the image from `app/` and its lock, install its dependencies, and return its digest."""
        store = ImageStore(self.state / "images", user_cache(self._environ) / "layers")
        digest = build_image(repository_root=ROOT, store=store, report=report)
        asyncio.run(store.unpack(digest))
        return str(digest)

    def other_stacks(self) -> list[str]:
        """Stacks of this cloud other than this one."""
        folder = self.backend / ".pulumi" / "stacks" / PROJECT
        return sorted(path.stem for path in folder.glob("*.json") if path.stem != self.stack)

    def forget(self) -> None:
        """Remove the state folder; what could not be read is left for a person to look at."""
        kept = set(self.state.glob("*.unreadable-*"))
        lock = self.state / LOCK
        for path in self.state.iterdir():
            if path not in kept | {lock}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        lock.unlink(missing_ok=True)  # last: from here on the folder is another command's, if one waits
        with suppress(OSError):
            self.state.rmdir()


def _holds(lock: Path) -> bool:
    """Whether the engine that made a lock still lives; its number may be another's by now."""
    try:
        return psutil.Process(json.loads(lock.read_text(encoding="utf-8"))["pid"]).name().startswith("pulumi")
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return False
