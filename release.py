"""Which image runs.

The stack remembers its release as its own output, so a plain `pulumi up` never changes
what serves.

A release is one `up` with the override `digitalmee:release`, which belongs in no stack file. The memory is read
by the engine's function `pulumi:pulumi:readStackOutputs`, which a `StackReference` calls too: the function
answers before any resource is registered and leaves nothing in the state, so whether there is an image yet is a
plain `if`.
"""

from typing import Annotated

import pulumi
from pulumi.runtime import invoke
from pydantic import Field, ValidationError

from components.section import Section


class Release(Section):
    """The image of each workload."""

    api: Annotated[str | None, Field(pattern=r"^sha256:[0-9a-f]{64}$")] = None
    """Digest of the API's image."""

    def over(self, remembered: "Release") -> "Release":
        """Return this release, with what it leaves open taken from the remembered one."""
        return Release(api=self.api or remembered.api)

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
