"""A stack file is refused with every problem named, in its own words, before anything is declared."""

from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.rules import governance
from settings import LOCATION, PROJECT, REGIONS, InvalidSettingsError, Settings
from tests.configuration import sections
from tests.tape import Tape, flat, record_main, stack_config

KEYS = [(f"{PROJECT}:{section}", key) for section, _, fields in sections() for key in fields]


def _problems(config: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(InvalidSettingsError) as refused:
        Settings.parse(flat(config))
    return refused.value.problems


def _changed(section: str, key: str, value: Any) -> dict[str, Any]:
    config = stack_config("prod")
    config[section][key] = value
    return config


def test_all_problems_are_reported_at_once_in_the_words_of_the_file() -> None:
    config = _changed("digitalmee:api", "max_replicas", "10")
    config["digitalmee:api"]["max_replica"] = 10
    config["digitalmee:vault"]["soft_delete_days"] = 5
    config["digitalmee:databse"] = config.pop("digitalmee:database")
    del config["digitalmee:registry"]["sku"]
    del config[LOCATION]
    assert set(_problems(config)) == {
        f"{LOCATION}: missing (allowed {', '.join(REGIONS)})",
        'digitalmee:registry.sku: missing (allowed "Basic", "Standard", "Premium")',
        "digitalmee:vault.soft_delete_days: expected an integer, got 5 (allowed 7-90)",
        'digitalmee:api.max_replicas: expected an integer, got "10" (allowed 1-300)',
        "digitalmee:api.max_replica: unknown key (allowed max_replicas, min_replicas)",
        "digitalmee:databse: unknown key (allowed database)",
        f"digitalmee:database: missing (allowed the keys {', '.join(stack_config('prod')['digitalmee:database'])})",
    }


def test_two_rules_broken_between_keys_are_both_reported() -> None:
    config = _changed("digitalmee:api", "min_replicas", 11)
    config["digitalmee:api"]["memory"] = "1Gi"
    assert _problems(config) == (
        "digitalmee:api.min_replicas: 11 is more than max_replicas (10)",
        'digitalmee:api.memory: "1Gi" does not go with 1 cores (allowed "2Gi")',
    )


def test_a_wrong_value_hides_no_rule_that_is_broken_beside_it() -> None:
    config = _changed("digitalmee:messaging", "lock_seconds", 1)
    config["digitalmee:messaging"]["messaging_units"] = 0
    config["digitalmee:api"] |= {"memory": "1Gi", "log_level": "loud"}
    config["digitalmee:mcp"]["min_replicas"] = 1
    config["digitalmee:network"]["apps_subnet"] = "10.300.0.0/23"
    config["digitalmee:environment"]["public_network_access"] = "Disabled"
    door = 'edge.sku Premium; allowed "Enabled"'
    fix = "allowed 3 or more, or environment.zone_redundant false"
    assert set(_problems(config)) == {
        "digitalmee:messaging.lock_seconds: expected an integer, got 1 (allowed 30-300)",
        "digitalmee:messaging.messaging_units: the Premium tier needs capacity (allowed 1, 2, 4, 8, 16)",
        'digitalmee:api.log_level: expected a text, got "loud" (allowed "debug", "info", "warning", "error")',
        'digitalmee:api.memory: "1Gi" does not go with 1 cores (allowed "2Gi")',
        f"digitalmee:mcp.min_replicas: 1 leaves a zone without a replica ({fix})",
        f'digitalmee:environment.public_network_access: "Disabled" keeps Front Door out ({door})',
        'digitalmee:network.apps_subnet: "10.300.0.0/23" is not a range of addresses (allowed like 10.20.0.0/16)',
    }


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (["RS256", "HS256"], '"HS256" in it'),
        (["none"], '"none" in it'),
        ("RS256", '"RS256"'),
        ([], "[]"),
    ],
)
def test_tokens_are_signed_with_keys_that_nobody_shares(value: object, got: str) -> None:
    [problem] = _problems(_changed("digitalmee:authentication", "algorithms", value))
    told = f'expected a list, got {got} (allowed one or more of "RS256", "PS256", "ES256")'
    assert problem == f"digitalmee:authentication.algorithms: {told}"


@pytest.mark.parametrize("region", ["westus", "atlantis", "Sweden Central", "global"])
def test_a_region_without_zones_a_pair_or_european_law_is_refused(region: str) -> None:
    [problem] = _problems(stack_config("prod") | {LOCATION: region})
    assert problem.startswith(f'{LOCATION}: "{region}" is not one (allowed francecentral, ')


def test_the_program_and_the_policy_pack_allow_the_same_regions() -> None:
    assert {*REGIONS} == {*governance.REGIONS} - {"global", None}


@pytest.mark.parametrize(
    ("section", "key", "value", "problem"),
    [
        ("platform", "unique", "mgmt", "digitalmee:platform.unique"),
        ("platform", "environment", "windows", "digitalmee:platform.environment"),
        ("platform", "owner", "a" * 300 + "@example.com", "digitalmee:platform.owner"),
        ("vault", "secret_days", 0, "digitalmee:vault.secret_days"),
        ("backup", "cron", "0 0 31 2 *", "digitalmee:backup.cron"),
        ("migrate", "cron", "0 3 * * *", "digitalmee:migrate.cron"),
        ("database", "high_availability", "SameZone", None),
        ("database", "sku_tier", "Burstable", "digitalmee:database.high_availability"),
        ("observability", "daily_quota_gb", 0, "digitalmee:observability.daily_quota_gb"),
        ("platform", "unique", "x" * 8, None),
        ("authentication", "issuer", "http://plain", "digitalmee:authentication.issuer"),
        ("authentication", "algorithms", ["PS256", "ES256"], None),
        ("authentication", "algorithms", ["RS256", "RS256"], "digitalmee:authentication.algorithms"),
    ],
)
def test_rules_that_span_keys_are_checked(section: str, key: str, value: object, problem: str | None) -> None:
    config = _changed(f"{PROJECT}:{section}", key, value)
    if problem is None:
        assert Settings.parse(flat(config))
    else:
        assert any(line.startswith(f"{problem}:") for line in _problems(config))


def test_a_section_that_is_no_object_is_named() -> None:
    config = stack_config("dev") | {"digitalmee:environment": "Enabled"}
    keys = ", ".join(stack_config("dev")["digitalmee:environment"])
    assert _problems(config) == (
        f'digitalmee:environment: expected an object, got "Enabled" (allowed the keys {keys})',
    )


def test_a_release_that_is_no_object_is_told_its_keys() -> None:
    config = stack_config("dev") | {"digitalmee:release": "latest"}
    assert _problems(config) == (
        'digitalmee:release: expected an object, got "latest" (allowed the keys api, mcp, worker)',
    )


def test_a_refused_stack_file_registers_no_resource() -> None:
    tape = Tape()
    with pytest.raises(pulumi.RunError, match="the stack file cannot be used"):
        record_main("dev", release="not-a-digest", tape=tape)
    assert not tape.registrations
    assert not tape.exports


def test_a_whole_number_is_a_number_of_cores() -> None:
    assert Settings.parse(flat(_changed("digitalmee:api", "cpu", 1))).api.cpu == 1.0


WRONG: tuple[Any, ...] = (None, [], [0], [7, -7], {}, {"": 0})
"""A value for each kind of JSON that no key takes."""


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[".".join(pair) for pair in KEYS])
def test_a_value_of_another_kind_is_refused_under_its_full_key(section: str, key: str) -> None:
    for value in WRONG:
        problems = _problems(_changed(section, key, value))  # of a list, one for each item
        assert {problem.partition(": expected ")[0] for problem in problems} == {f"{section}.{key}"}, value


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[".".join(pair) for pair in KEYS])
def test_text_for_a_number_and_a_number_for_text_are_refused(section: str, key: str) -> None:
    value = stack_config("prod")[section][key]
    swapped = 7 if isinstance(value, str) else str(value)
    [problem] = _problems(_changed(section, key, swapped))
    assert problem.startswith(f"{section}.{key}: expected ")


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[".".join(pair) for pair in KEYS])
def test_a_missing_key_is_named(section: str, key: str) -> None:
    config = stack_config("prod")
    del config[section][key]
    [problem] = _problems(config)
    assert problem.startswith(f"{section}.{key}: missing (allowed ")


@pytest.mark.parametrize("section", sorted({section for section, _ in KEYS}))
@settings(max_examples=6, deadline=None)
@given(key=st.from_regex(r"[a-z_]{1,20}", fullmatch=True))
def test_an_unknown_key_is_named(section: str, key: str) -> None:
    if (section, key) in KEYS:
        return
    [problem] = _problems(_changed(section, key, 1))
    assert problem.startswith(f"{section}.{key}: unknown key (allowed ")


NUMBERS = [(s, k) for s, k in KEYS if type(stack_config("prod")[s][k]) in (int, float)]


@pytest.mark.parametrize(("section", "key"), NUMBERS, ids=[".".join(pair) for pair in NUMBERS])
def test_a_number_out_of_range_is_refused_under_its_full_key(section: str, key: str) -> None:
    for value in (-(2**63), -2, 1_000_001, 2**63):
        [problem] = _problems(_changed(section, key, value))
        assert problem.startswith(f"{section}.{key}: expected ")
        assert f"got {value}" in problem
