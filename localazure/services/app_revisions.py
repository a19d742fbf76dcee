"""The revisions of a container app on record: what each was made of, and whether it runs."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from localazure.errors import AzureError
from localazure.store import Record

MOST_INACTIVE: Final = 100
"""Inactive revisions that are kept unless the app says otherwise (learn.microsoft.com, "Revisions")."""


class State(StrEnum):
    """Whether a revision runs."""

    PENDING = "pending"
    """It was never ready: it starts, or has failed."""
    ACTIVE = "active"
    INACTIVE = "inactive"


class Revisions:
    """Reads and changes the revisions of one app, in order of creation, in the hidden part of its record."""

    def __init__(self, record: Record) -> None:
        self._app = record.name
        self._inputs = record.inputs
        self._hidden = record.hidden
        self._all: dict[str, dict[str, Any]] = record.hidden.setdefault("revisions", {})

    def __iter__(self) -> Iterator[str]:
        """Names of all revisions."""
        return iter(self._all)

    def state(self, name: str) -> State | None:
        """Whether a revision runs; None if there is none of this name."""
        return State(self._all[name]["state"]) if name in self._all else None

    def active(self) -> list[str]:
        """Names of the revisions that run."""
        return [name for name in self._all if self.state(name) is State.ACTIVE]

    def mark(self, name: str, state: State) -> None:
        """Keep whether a revision runs; the oldest of too many that do not are forgotten."""
        self._all[name]["state"] = state
        kept = self._inputs.get("configuration", {}).get("maxInactiveRevisions", MOST_INACTIVE)
        idle = [each for each in self._all if self.state(each) is not State.ACTIVE]
        for each in idle[: max(0, len(idle) - kept)]:
            del self._all[each]

    def inputs_of(self, name: str) -> dict[str, Any]:
        """The app's inputs with the template of a revision: what is not the template holds for all of them."""
        content, configuration = self._all[name]["content"], self._inputs.get("configuration", {})
        ingress = {**configuration.get("ingress", {}), "targetPort": content["port"]}
        return {
            **self._inputs,
            "template": content["template"],
            "configuration": {**configuration, "ingress": ingress} if content["port"] else configuration,
        }

    def admit(self, latest: str | None) -> str:
        """The name of the revision that the inputs make, which is `latest` when they make none.

        Args:
            latest: the latest one so far.

        Raises:
            AzureError: another template has the suffix.
        """
        template = self._inputs.get("template", {})
        # A replica listens at the port that it is told, so here the target port is part of a revision.
        content = {
            "template": template,
            "port": self._inputs.get("configuration", {}).get("ingress", {}).get("targetPort"),
        }
        if latest in self._all and self._all[latest]["content"] == content:
            return latest
        suffix = template.get("revisionSuffix")
        if not suffix:
            self._hidden["revision"] = self._hidden.get("revision", 0) + 1
        name = f"{self._app}--{suffix or format(self._hidden['revision'], '07d')}"
        if name not in self._all:
            self._all[name] = {"content": content, "state": State.PENDING}
        elif self._all[name]["content"] != content:
            # The words of the portal: github.com/microsoft/azure-container-apps/issues/1278.
            raise AzureError(
                400,
                "InvalidParameterValueInContainerTemplate",
                f"Revision with suffix {suffix} already exists. Change the suffix with the template.",
            )
        return name
