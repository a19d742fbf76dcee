from dataclasses import replace
from datetime import date

import pytest

from policy.catalog import RULES
from policy.judge import Judge
from policy.registration import STACK, UNKNOWN, Registration, Secret, Tape, decode, judged_type, registered
from policy.report import expired, idle, message, unused, violations
from policy.rule import AnyRule
from policy.waivers import FILE, Waiver, WaiverError, read_waivers

TODAY = date(2026, 11, 23)
[NO_ADMIN] = [rule for rule in RULES if rule.id == "registry-no-admin"]
[NO_EXPORTS] = [rule for rule in RULES if rule.id == "no-secret-exports"]
REGISTRY = registered("containerregistry:Registry", {"registryName": "acr", "adminUserEnabled": True})
WAIVER = Waiver(rule=NO_ADMIN.id, stacks=("example",), resource="exa*", reason="a test", expires=TODAY)
ENTRY = "{rule: registry-no-admin, stacks: [dev], resource: a, reason: b, expires: 2027-01-01}"


def _judge(*waivers: Waiver, rules: tuple[AnyRule, ...] = (NO_ADMIN,)) -> Judge:
    return Judge(rules=rules, waivers=waivers, today=TODAY)


def test_a_violation_names_rule_resource_problem_reason_fix_and_source() -> None:
    [finding] = _judge().resource(REGISTRY)
    said = message(finding)
    assert "registry-no-admin: containerregistry:Registry example: adminUserEnabled is True; allowed: false" in said
    assert all(text in said for text in (NO_ADMIN.title, NO_ADMIN.reason, NO_ADMIN.fix, NO_ADMIN.source))


def test_a_waiver_holds_on_its_last_day_and_not_after_it() -> None:
    assert violations(_judge(WAIVER).resource(REGISTRY)) == ""
    late = replace(WAIVER, expires=date(2026, 11, 22))
    assert "waiver: expired on 2026-11-22" in violations(_judge(late).resource(REGISTRY))
    assert expired([WAIVER, late], TODAY) == [late]


def test_a_waiver_that_was_renewed_beside_the_old_one_holds() -> None:
    late = replace(WAIVER, expires=date(2026, 11, 22))
    assert violations(_judge(late, WAIVER).resource(REGISTRY)) == ""


@pytest.mark.parametrize("other", [{"rule": "registry-sku"}, {"stacks": ("prod",)}, {"resource": "other"}])
def test_a_waiver_covers_its_rule_stack_and_resource_only(other: dict[str, object]) -> None:
    waiver = replace(WAIVER, **other)
    findings = _judge(waiver).resource(REGISTRY)
    assert violations(findings)
    assert unused([waiver], findings) == [(waiver, waiver.stacks[0])]


def test_a_waiver_that_covers_something_is_used_even_when_it_has_expired() -> None:
    late = replace(WAIVER, expires=date(2026, 11, 22))
    assert unused([late], _judge(late).resource(REGISTRY)) == []


def test_a_rule_that_judges_nothing_is_idle() -> None:
    assert idle([NO_ADMIN, NO_EXPORTS], Tape((REGISTRY,))) == ["no-secret-exports"]


def test_rules_about_the_whole_are_judged_with_the_whole_only() -> None:
    exports = registered(STACK, {"db_password": "hunter2"})
    judge = _judge(rules=(NO_ADMIN, NO_EXPORTS))
    assert [finding.rule.id for finding in judge.resource(REGISTRY)] == ["registry-no-admin"]
    assert [finding.rule.id for finding in judge.whole(Tape((REGISTRY, exports)))] == ["no-secret-exports"]
    both = judge.everything(Tape((REGISTRY, exports)))
    assert [finding.rule.id for finding in both] == ["registry-no-admin", "no-secret-exports"]


def test_the_file_of_waivers_is_whole() -> None:
    assert read_waivers({rule.id for rule in RULES})
    assert "expires" in FILE.read_text()


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (ENTRY.replace("registry-no-admin", "no-such-rule"), "there is no rule no-such-rule"),
        (ENTRY.replace("reason: b", "reason: ''"), "the reason is empty"),
        (ENTRY.replace("2027-01-01", "never"), "expires is 'never'"),
        (ENTRY.replace("[dev]", "dev"), "stacks is a list"),
        (ENTRY.replace("resource: a, ", ""), "exactly the keys"),
        ("just text", "exactly the keys"),
    ],
)
def test_a_waiver_that_is_not_whole_is_refused_by_name(entry: str, problem: str) -> None:
    with pytest.raises(WaiverError, match=problem):
        read_waivers({NO_ADMIN.id}, f"- {ENTRY}\n- {entry}\n")


def test_all_problems_of_the_file_are_told_at_once() -> None:
    with pytest.raises(WaiverError, match=r"(?s)waiver 1 .*waiver 2 "):
        read_waivers(set(), f"- {ENTRY}\n- {ENTRY}\n")


def test_the_wire_format_becomes_plain_values_and_marked_secrets() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": {"port": 8080.0}}
    decoded = decode({"a": secret, "b": [1.0, 1.5, UNKNOWN]})
    assert decoded == {"a": Secret(value={"port": 8080}), "b": [1, 1.5, UNKNOWN]}
    assert "8080" not in repr(decoded)


def test_only_resources_of_azure_and_the_stack_are_judged() -> None:
    tokens = ("azure-native:keyvault:Vault", STACK, "digitalmee:components:Vault", "random:index:RandomPassword")
    assert [judged_type(token) for token in tokens] == ["keyvault:Vault", STACK, None, None]


@pytest.mark.parametrize(
    ("resource_id", "named"),
    [
        ("/s/vaults/kv-a", True),
        ("/s/vaults/KV-A/secrets/x", True),
        ("/s/vaults/kv-ab", False),
        (None, False),
        (UNKNOWN, True),
    ],
)
def test_an_id_names_a_resource_by_a_whole_segment(resource_id: str | None, *, named: bool) -> None:
    assert registered("keyvault:Vault", {"vaultName": "kv-a"}).is_named_in(resource_id) is named


def test_the_stack_of_a_resource_is_in_its_urn() -> None:
    urn = "urn:pulumi:prod::digitalmee::azure-native:keyvault:Vault::vault"
    assert Registration(urn=urn, type="keyvault:Vault", name="vault", inputs={}).stack == "prod"
