"""What people read of a judgement."""

from collections.abc import Iterable, Sequence
from datetime import date

from policy.judge import Finding
from policy.registration import Tape
from policy.rule import AnyRule
from policy.waivers import Waiver


def message(finding: Finding) -> str:
    """One violation: rule, resource, what is wrong, why it matters, what to do."""
    rule, resource = finding.rule, finding.registration
    expired = f"\n  waiver: expired on {finding.waiver.expires}" if finding.waiver else ""
    return (
        f"{rule.id}: {resource.type} {resource.name}: {finding.problem}\n"
        f"  rule:   {rule.title}.\n"
        f"  reason: {rule.reason}\n"
        f"  fix:    {rule.fix}\n"
        f"  source: {rule.source}{expired}"
    )


def violations(findings: Iterable[Finding]) -> str:
    """All that no waiver covers; empty when there is nothing."""
    return "\n".join(message(finding) for finding in findings if not finding.waived)


def expired(waivers: Iterable[Waiver], today: date) -> list[Waiver]:
    """Waivers to renew or to remove."""
    return [waiver for waiver in waivers if waiver.expires < today]


def unused(waivers: Iterable[Waiver], findings: Sequence[Finding]) -> list[tuple[Waiver, str]]:
    """Waivers that cover nothing in a stack that they name, with that stack; `findings` are those of all stacks."""
    return [
        (waiver, stack)
        for waiver in waivers
        for stack in waiver.stacks
        if not any(f.registration.stack == stack and waiver.covers(f.rule.id, f.registration) for f in findings)
    ]


def idle(rules: Iterable[AnyRule], tape: Tape) -> list[str]:
    """Ids of rules that judge no resource of a tape."""
    return [rule.id for rule in rules if not any(tape.of(*rule.types))]
