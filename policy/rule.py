"""What a rule is: an id, why, where it comes from, how to repair, a pure function and two examples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from policy.registration import Inputs, Registration, Tape, registered

InputCheck = Callable[[Inputs], str | None]
"""What is wrong with the inputs of one resource, or None."""
TapeCheck = Callable[[Registration, Tape], str | None]
"""What is wrong with one resource in the light of all others, or None."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What every rule says of itself.

    Args:
        id: what waivers and messages name it by.
        title: what holds, as a sentence.
        reason: what happens when it does not hold.
        source: the public baseline that demands it, or `own`.
        fix: what to do.
        types: whom it judges, as `keyvault:Vault`; `*` is everything of Azure's.
    """

    id: str
    title: str
    reason: str
    source: str
    fix: str
    types: tuple[str, ...]

    def judges(self, registration: Registration) -> bool:
        """Whether a resource is of a type that this rule is about."""
        return any(Tape((registration,)).of(*self.types))


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """A rule about one resource: judged before the engine touches it.

    Args:
        check: the rule.
        passes: inputs of the first of `types` that hold.
        violates: inputs of the same type that do not.
    """

    check: InputCheck
    passes: Inputs
    violates: Inputs

    def problem(self, registration: Registration, tape: Tape) -> str | None:
        """What is wrong with a resource, or None; the others do not matter."""
        del tape
        return self.check(registration.inputs)

    @property
    def examples(self) -> tuple[Tape, Tape]:
        """A tape that holds and one that does not."""
        kind = self.types[0].replace("*", "resources:ResourceGroup")
        return Tape((registered(kind, self.passes),)), Tape((registered(kind, self.violates),))


@dataclass(frozen=True, kw_only=True)
class TapeRule(Rule):
    """A rule about a resource among the others: judged when all are registered.

    Args:
        check: the rule.
        passes: resources that hold together.
        violates: resources that do not.
    """

    check: TapeCheck
    passes: Sequence[Registration]
    violates: Sequence[Registration]

    def problem(self, registration: Registration, tape: Tape) -> str | None:
        """What is wrong with a resource of a tape, or None."""
        return self.check(registration, tape)

    @property
    def examples(self) -> tuple[Tape, Tape]:
        """A tape that holds and one that does not."""
        return Tape(tuple(self.passes)), Tape(tuple(self.violates))


AnyRule = ResourceRule | TapeRule
