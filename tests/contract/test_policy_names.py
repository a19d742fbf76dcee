"""Types and properties in the rules' examples are those of the installed SDK: a misspelt one would judge nothing."""

import pytest

from localazure.shapes import resource_shape
from localazure.validation import problems
from policy.catalog import RULES
from policy.registration import STACK
from policy.rule import AnyRule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_examples_of_a_rule_are_made_of_azures_own_names(rule: AnyRule) -> None:
    wrong = [
        text
        for tape in rule.examples
        for registration in tape.registrations
        if registration.type != STACK
        for _, text in problems(resource_shape(registration.type).inputs, registration.inputs)
        if not text.startswith("missing required property")
    ]
    assert wrong == []


@pytest.mark.parametrize("token", sorted({t for rule in RULES for t in rule.types if ":" in t and t != STACK}))
def test_a_type_that_a_rule_judges_exists(token: str) -> None:
    assert resource_shape(token).inputs
