"""Every rule by its own two examples."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from policy.catalog import RULES
from policy.registration import UNKNOWN, Tape
from policy.rule import AnyRule
from policy.rules.secrets import CREDENTIAL


def _problems(rule: AnyRule, tape: Tape) -> list[str]:
    return [problem for judged in tape.of(*rule.types) if (problem := rule.problem(judged, tape))]


def _proves(rule: AnyRule) -> bool:
    """Whether the examples tell a rule that works from one that does not."""
    holds, breaks = rule.examples
    return any(holds.of(*rule.types)) and not _problems(rule, holds) and bool(_problems(rule, breaks))


def _never(*judged: object) -> None:
    del judged


def _always(*judged: object) -> str:
    return f"{len(judged)} judged"


def _with_one_unknown(tape: Tape) -> Iterator[Tape]:
    for number, registration in enumerate(tape.registrations):
        for key in registration.inputs:
            hidden = replace(registration, inputs={**registration.inputs, key: UNKNOWN})
            yield Tape((*tape.registrations[:number], hidden, *tape.registrations[number + 1 :]))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_passes_its_good_example_and_catches_its_bad_one(rule: AnyRule) -> None:
    holds, breaks = rule.examples
    assert any(holds.of(*rule.types)), "the good example has no resource that the rule judges"
    assert _problems(rule, holds) == []
    assert _problems(rule, breaks)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_examples_of_a_rule_fail_without_its_check(rule: AnyRule) -> None:
    assert not _proves(replace(rule, check=_never))
    assert not _proves(replace(rule, check=_always))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_value_that_only_the_deployment_will_tell_breaks_no_rule(rule: AnyRule) -> None:
    holds, _ = rule.examples
    assert [problem for tape in _with_one_unknown(holds) for problem in _problems(rule, tape)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_why_whence_and_what_to_do(rule: AnyRule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
    assert not rule.title.endswith(".")
    assert all(text.endswith(".") for text in (rule.reason, rule.fix))
    assert re.search(r"PSRule|APRL|checkov|CKV|Microsoft|AVM|GDPR|own", rule.source)


def test_there_are_at_least_sixty_rules_and_no_two_have_one_id() -> None:
    assert len(RULES) >= 60
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_public_baselines_are_the_source_of_at_least_sixty() -> None:
    assert sum(bool(re.search(r"PSRule|APRL|checkov|CKV", rule.source)) for rule in RULES) >= 60


@pytest.mark.parametrize(
    "key",
    [
        "123456789:AAF" + "x" * 32,
        "github_pat_" + "1" * 22,
        "xoxb-1234567890-abc",
        "https://hooks.slack.com/services/T0/B0/x",
        "https://example.webhook.office.com/webhookb2/1",
        "https://discord.com/api/webhooks/1/x",
    ],
)
def test_a_key_of_a_third_party_is_told_by_its_form(key: str) -> None:
    assert CREDENTIAL.search(f"told to {key} at once")


@pytest.mark.parametrize("text", ["https://alerts.example.com/hooks/dme", "2026-11-30 12:23:35", "sha256:" + "1" * 64])
def test_an_ordinary_text_is_no_key(text: str) -> None:
    assert not CREDENTIAL.search(text)
