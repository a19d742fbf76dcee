"""Which image of each workload runs, and which part of the requests it gets.

The stack remembers its release as its own output, so a plain `pulumi up` never changes
what serves.

A step of a release is one `up` with the override `digitalmee:release`, which belongs in no stack file. The memory is
read by the engine's function `pulumi:pulumi:readStackOutputs`, which a `StackReference` calls too: the function
answers before any resource is registered and leaves nothing in the state, so whether there is an image yet is a
plain `if`.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final

import pulumi
from pulumi.runtime import invoke
from pydantic import BeforeValidator, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from components.section import Conflict, Section, SectionConflictError
from components.workloads.rollout import Rollout
from components.workloads.service_args import Rollouts

DIGEST: Final = "^sha256:[0-9a-f]{64}$"


def _read(value: Any) -> Rollout | None:
    """Read a digest alone, which serves at once, or a whole rollout. Raises SectionConflictError."""
    if value is None:
        return None
    try:
        return Rollout.model_validate({"live": {"digest": value}} if isinstance(value, str) else value)
    except ValidationError as error:
        raise SectionConflictError(tuple(each for details in error.errors() for each in _problems(details))) from None


def _problems(details: ErrorDetails) -> Iterable[Conflict]:
    conflict = details.get("ctx", {}).get("error")
    if isinstance(conflict, SectionConflictError):
        return conflict.conflicts
    return [(".".join(map(str, details["loc"])) or "live", f"{details['msg']}, got {details['input']!r}")]


Step = Annotated[Rollout | None, BeforeValidator(_read), WithJsonSchema({"type": "string", "pattern": DIGEST})]


class Release(Section):
    """What each workload serves."""

    api: Step = None
    """The API: a digest that serves at once, or a whole rollout."""
    mcp: Step = None
    """The tool server, likewise."""
    worker: Step = None
    """The worker of the queue; without requests to share, its image is replaced at once."""

    def over(self, remembered: "Release") -> "Release":
        """Return this release, with what it leaves open taken from the remembered one.

        Raises:
            pulumi.RunError: An image of some workloads is known, and of others is not.
        """
        steps = {name: (getattr(self, name), getattr(remembered, name)) for name in Release.model_fields}
        merged = {name: step.over(before) if step else before for name, (step, before) in steps.items()}
        missing = [name for name, rollout in merged.items() if rollout is None]
        if 0 < len(missing) < len(merged):
            raise pulumi.RunError(
                f"no image is known of {' and '.join(missing)} (allowed all workloads or none); name the digest of "
                "each in digitalmee:release"
            )
        return Release.model_construct(**merged)

    def rollouts(self) -> Rollouts | None:
        """Return what runs; None before there is an image."""
        if self.api and self.mcp and self.worker:
            return Rollouts(api=self.api, mcp=self.mcp, worker=self.worker)
        return None

    @classmethod
    def remembered(cls) -> "Release":
        """Read the release from the stack's own last outputs; empty when it was never deployed.

        Raises:
            pulumi.RunError: The output is not a release.
        """
        stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
        outputs = invoke("pulumi:pulumi:readStackOutputs", {"name": stack}).value["outputs"]
        try:
            return cls.model_validate(outputs.get("release") or {})
        except ValidationError as error:
            raise pulumi.RunError(f"the output `release` of the stack {stack} cannot be read: {error}") from error
