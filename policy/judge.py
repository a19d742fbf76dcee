"""Rules held against resources, with the waivers that hold today."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from policy.registration import Registration, Tape
from policy.rule import AnyRule, ResourceRule
from policy.waivers import Waiver


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that a resource breaks.

    Args:
        rule: the rule.
        registration: the resource.
        problem: what is wrong with it.
        waiver: the waiver that is about it, which may have expired.
        waived: whether the waiver holds.
    """

    rule: AnyRule
    registration: Registration
    problem: str
    waiver: Waiver | None
    waived: bool


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What is demanded, with today's exceptions."""

    rules: Sequence[AnyRule]
    waivers: Sequence[Waiver]
    today: date

    def resource(self, registration: Registration) -> list[Finding]:
        """What one resource breaks by itself."""
        rules = [rule for rule in self.rules if isinstance(rule, ResourceRule)]
        return self._findings(rules, [registration], Tape((registration,)))

    def whole(self, tape: Tape) -> list[Finding]:
        """What resources break in the light of all others."""
        rules = [rule for rule in self.rules if not isinstance(rule, ResourceRule)]
        return self._findings(rules, tape.registrations, tape)

    def everything(self, tape: Tape) -> list[Finding]:
        """What the resources of a tape break, by themselves and together."""
        return self._findings(self.rules, tape.registrations, tape)

    def _findings(self, rules: Iterable[AnyRule], judged: Iterable[Registration], tape: Tape) -> list[Finding]:
        return [
            self._finding(rule, registration, problem)
            for registration in judged
            for rule in rules
            if rule.judges(registration) and (problem := rule.problem(registration, tape))
        ]

    def _finding(self, rule: AnyRule, registration: Registration, problem: str) -> Finding:
        about = [waiver for waiver in self.waivers if waiver.covers(rule.id, registration)]
        holding = [waiver for waiver in about if self.today <= waiver.expires]
        return Finding(
            rule=rule,
            registration=registration,
            problem=problem,
            waiver=next(iter(holding or about), None),
            waived=bool(holding),
        )
