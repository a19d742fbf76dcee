"""What every section of a stack file has in common: strict, frozen, complete, with no default.

A section lives in the file of the component that it sizes; `settings.py` composes the sections.
"""

from collections.abc import Iterator
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator

Conflict = tuple[str, str]
"""A key of the section, and what is wrong with its value beside the other keys."""


class SectionConflictError(ValueError):
    """Values that are each allowed, but not together."""

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        super().__init__("; ".join(f"{key}: {text}" for key, text in conflicts))
        self.conflicts = conflicts


class Section(BaseModel):
    """One section of the stack file; equal keys in every environment, unknown keys refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    def conflicts(self) -> Iterator[Conflict]:
        """Yield every rule that spans keys and is broken; none unless a section says otherwise."""
        yield from ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if found := tuple(self.conflicts()):
            raise SectionConflictError(found)
        return self
