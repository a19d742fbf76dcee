"""What every section of a stack file has in common: strict, frozen, complete, with no default.

A section lives in the file of the component that it sizes; `settings.py` composes the sections.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

Conflict = tuple[str, str]
"""A key of the section, and what is wrong with its value beside the other keys."""


Rule = Callable[[], Iterator[Conflict]]


class SectionConflictError(ValueError):
    """Values that are each allowed, but not together."""

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        super().__init__("; ".join(f"{key}: {text}" for key, text in conflicts))
        self.conflicts = conflicts


class Section(BaseModel):
    """One section of the stack file; equal keys in every environment, unknown keys refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    def conflicts(self) -> Iterator[Conflict]:
        """Yield every rule that spans keys and is broken: those of `rules`, unless a section has them in one piece."""
        for rule in self.rules():
            yield from rule()

    @classmethod
    def partly(cls, values: Mapping[str, Any]) -> Self:
        """Return what is right of a section: a key that is wrong or missing is not there."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            wrong = {details["loc"][0] for details in error.errors() if details["loc"]}
            right = {key: value for key, value in values.items() if key in cls.model_fields and key not in wrong}
            return cls.model_construct(None, **right)

    def rules(self) -> Sequence[Rule]:
        """Return the rules that span keys, apart, so that each can be asked where a key of another is wrong."""
        return ()

    def known_conflicts(self) -> Iterator[Conflict]:
        """Yield the broken rules of a section that is right in part; a rule that needs the rest is passed over."""
        for rule in self.rules() or (self.conflicts,):
            with suppress(AttributeError, ValueError):
                yield from rule()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if found := tuple(self.conflicts()):
            raise SectionConflictError(found)
        return self
