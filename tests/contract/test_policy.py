"""Every rule of the policy pack, held against what each stack declares.

Mocks prove construction: the same rules run in the engine on every `up` (`tests/integration/policy`, `tests/e2e`).
"""

from datetime import UTC, datetime

import pytest

from policy.catalog import RULES
from policy.judge import Finding, Judge
from policy.registration import STACK, Registration, Tape, decode, judged_type
from policy.report import expired, idle, message, unused, violations
from policy.waivers import Waiver, read_waivers
from tests import tape as recorded
from tests.tape import STACKS

TODAY = datetime.now(UTC).date()
IDLE = {
    "database-firewall-narrow": "the database is private; the rule guards the day on which it is not",
    "database-no-azure-access": "the same",
}
"""Rules that judge nothing in prod, and why they stay."""


def _judged(stack: str, run: recorded.Tape) -> Tape:
    exports = Registration(urn=f"urn:pulumi:{stack}::stack", type=STACK, name=stack, inputs=run.exports)
    registrations = [
        Registration(
            urn=item.urn,
            type=kind,
            name=item.name,
            inputs=decode(item.inputs),
            protect=item.protect,
            ignore_changes=item.ignore_changes,
        )
        for item in run.registrations.values()
        if (kind := judged_type(item.type))
    ]
    return Tape((*registrations, exports))


@pytest.fixture(scope="module")
def waivers() -> tuple[Waiver, ...]:
    return read_waivers({rule.id for rule in RULES})


@pytest.fixture(scope="module")
def findings(tapes: dict[str, recorded.Tape], waivers: tuple[Waiver, ...]) -> dict[str, list[Finding]]:
    judge = Judge(rules=RULES, waivers=waivers, today=TODAY)
    return {stack: judge.everything(_judged(stack, run)) for stack, run in tapes.items()}


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_breaks_no_rule_without_a_waiver(findings: dict[str, list[Finding]], stack: str) -> None:
    found = violations(findings[stack])
    assert not found, f"repair it, or write a waiver into policy/waivers.yaml:\n{found}"


def test_every_waiver_covers_something_in_each_stack_that_it_names(
    findings: dict[str, list[Finding]], waivers: tuple[Waiver, ...]
) -> None:
    everything = [finding for stack in STACKS for finding in findings[stack]]
    assert not unused(waivers, everything), "remove them"


def test_no_waiver_has_expired(waivers: tuple[Waiver, ...]) -> None:
    assert not expired(waivers, TODAY), "decide again: repair it, or renew the waiver with a reason"


def test_every_rule_judges_something_in_prod_or_says_why_not(tapes: dict[str, recorded.Tape]) -> None:
    assert set(idle(RULES, _judged("prod", tapes["prod"]))) == set(IDLE)


def test_a_violation_says_rule_resource_reason_and_fix(findings: dict[str, list[Finding]]) -> None:
    finding = findings["dev"][0]
    said = message(finding)
    assert all(
        part in said for part in (finding.rule.id, finding.registration.name, finding.rule.reason, finding.rule.fix)
    )
