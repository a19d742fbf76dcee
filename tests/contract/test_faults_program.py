"""The faults of I1 to I20 that the program alone answers for, and the tables of all of them and of A1 to A35.

Mocks prove construction. What needs the real engine is in `tests/e2e`.
"""

import re
import runpy
from collections.abc import Iterator
from typing import Any

import pytest

from settings import InvalidSettingsError, Settings
from tests.tape import (
    DIGEST,
    PROJECT,
    ROOT,
    STACKS,
    WORKLOADS,
    Registration,
    Tape,
    flat,
    record,
    record_main,
    render,
    stack_config,
)

pytestmark = pytest.mark.integration

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
RETIRED = {
    "cache:Redis": "Azure Cache for Redis; Azure Managed Redis takes its place",
    "cdn:Endpoint": "classic CDN; Front Door Standard or Premium takes its place",
    "dbforpostgresql:FirewallRuleSingleServer": "single server; the flexible one takes its place",
    "dbforpostgresql:SingleServer": "the same",
    "frontdoor:FrontDoor": "classic Front Door; Standard or Premium takes its place",
    "insights:Component": "moved to applicationinsights",
}
FAULTS = ROOT / "docs" / "faults.md"


def _main() -> None:
    runpy.run_path(str(ROOT / "__main__.py"))


def _config(stack: str, **sections: dict[str, Any]) -> dict[str, str]:
    """The configuration of a stack with an image released, and some keys changed."""
    config = {**stack_config(stack), f"{PROJECT}:release": dict.fromkeys(WORKLOADS, DIGEST)}
    for name, keys in sections.items():
        config[f"{PROJECT}:{name}"] = {**config[f"{PROJECT}:{name}"], **keys}
    return flat(config)


def _apps(tape: Tape) -> list[Registration]:
    return [item for item in (*tape.of("ContainerApp"), *tape.of("Job")) if item.custom]


def _keys() -> Iterator[tuple[str, str]]:
    for section, value in stack_config("prod").items():
        if isinstance(value, dict):
            yield from ((section, str(key)) for key in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - YAML


@pytest.mark.parametrize(("section", "key"), list(_keys()))
def test_i8_a_key_that_is_missing_or_of_another_kind_is_named_with_what_is_allowed(section: str, key: str) -> None:
    whole = stack_config("prod")
    without = {name: value for name, value in whole[section].items() if name != key}
    for broken in (without, {**without, key: {"neither": "this"}}):
        with pytest.raises(InvalidSettingsError) as caught:
            Settings.parse(flat({**whole, section: broken}))
        assert any(re.match(rf"{section}\.{key}\b.*\(allowed ", problem) for problem in caught.value.problems)


def test_i8_nothing_is_registered_for_settings_that_cannot_be_used() -> None:
    tape = Tape()
    with pytest.raises(InvalidSettingsError) as caught:
        record(_main, config=_config("dev", api={"cpu": 0.3, "min_replicas": -1}), tape=tape)

    assert len(caught.value.problems) == 2
    assert tape.registrations == {}


def test_i9_without_an_image_there_is_a_registry_and_nothing_to_run(tapes: dict[str, Tape]) -> None:
    first = record_main("dev")
    assert first.of("Registry")
    assert _apps(first) == []

    assert set(first.registrations) < set(tapes["dev"].registrations)
    images = re.findall(r"\bimage: (\S+)", render(tapes["dev"]))
    assert images
    assert [image for image in images if not image.endswith(f"@{DIGEST}")] == []


@pytest.mark.parametrize("stack", STACKS)
def test_i10_identities_and_their_roles_are_there_before_the_app_that_needs_them(
    tapes: dict[str, Tape], stack: str
) -> None:
    tape = tapes[stack]
    roles = [
        item.urn
        for item in tape.of("RoleAssignment")
        if item.inputs["roleDefinitionId"].endswith((ACR_PULL, SECRETS_USER))
    ]
    assert len(roles) > 1
    assert len(_apps(tape)) > 1
    for app in _apps(tape):
        assert app.inputs["identity"]["type"] == "UserAssigned", app.name
        assert set(roles) <= set(app.depends_on), app.name


@pytest.mark.parametrize("stack", STACKS)
def test_i11_a_rotated_secret_is_referred_to_without_its_version_and_never_set_back(
    tapes: dict[str, Tape], stack: str
) -> None:
    """Azure then takes the new version within 30 minutes, and restarts the revisions whose variables refer to it.

    learn.microsoft.com/azure/container-apps/manage-secrets, "Key Vault secret URI and secret rotation".
    """
    tape = tapes[stack]
    references = [
        secret["keyVaultUrl"] for app in _apps(tape) for secret in app.inputs["configuration"].get("secrets", [])
    ]
    assert references
    assert [url for url in references if not re.search(r"/secrets/[a-z0-9-]+$", url)] == []
    assert [item.name for item in tape.of("Secret") if "properties" not in item.ignore_changes] == []


def test_i13_in_another_region_only_what_is_bound_to_it_and_global_names_change(tapes: dict[str, Tape]) -> None:
    here, region = tapes["prod"], stack_config("prod")["azure-native:location"]
    config = {**_config("prod", platform={"unique": "q7y4"}), "azure-native:location": "northeurope"}

    there = record(_main, stack="prod", config=config)

    assert set(here.registrations) == set(there.registrations)
    for urn, item in here.registrations.items():
        # the mocks put everything that Azure names after its region into one region
        before, after = (str(each.inputs).replace(region, "northeurope") for each in (item, there.registrations[urn]))
        unique = stack_config("prod")[f"{PROJECT}:platform"]["unique"]
        assert _without_hashes(before.replace(unique, "q7y4")) == _without_hashes(after), urn
    unique_names = {
        "Vault": "vaultName",
        "Registry": "registryName",
        "Server": "serverName",
        "StorageAccount": "accountName",
    }
    for kind, name in unique_names.items():
        [old], [new] = ([item for item in tape.of(kind) if item.custom] for tape in (here, there))
        assert old.inputs[name] != new.inputs[name], kind


def _without_hashes(text: str) -> str:
    """Leave out what is derived from names: GUIDs, and the hash in the name of a revision."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\br\d+-[0-9a-f]{8}", "", text)


def test_i15_a_preview_that_knows_no_output_declares_what_the_update_does(tapes: dict[str, Tape]) -> None:
    preview = record(_main, stack="prod", config=_config("prod"), preview=True)

    assert set(preview.registrations) == set(tapes["prod"].registrations)


@pytest.mark.parametrize("stack", STACKS)
def test_i16_nothing_that_is_declared_is_retired(tapes: dict[str, Tape], stack: str) -> None:
    tape = tapes[stack]
    types = {item.type.removeprefix("azure-native:") for item in tape.registrations.values()}
    assert types & RETIRED.keys() == set()
    tiers = [item.inputs["sku"]["name"] for kind in ("RedisEnterprise", "Profile") for item in tape.of(kind)]
    assert tiers
    assert [tier for tier in tiers if re.match(r"Enterprise|(Standard|Premium)_(Microsoft|Akamai|Verizon)", tier)] == []
    assert [item.name for item in tape.of("Component") if item.inputs.get("ingestionMode") != "LogAnalytics"] == []


def _tests() -> dict[str, str]:
    """Every test that is named after a fault, and its file."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in re.findall(r"^(?:async )?def (test_[ai]\d+_\w+)", path.read_text(), re.MULTILINE):
            found[name] = str(path.relative_to(ROOT))
    return found


@pytest.mark.parametrize(("letter", "count"), [("I", 20), ("A", 35)])
def test_every_fault_has_a_test_named_after_it_and_a_row_in_the_table(letter: str, count: int) -> None:
    rows = re.findall(rf"^\| ({letter}\d+) \|.*\| `(\S+)::(test_\w+)` \|$", FAULTS.read_text(), re.MULTILINE)
    tests = _tests()

    assert [number for number, _, _ in rows] == [f"{letter}{number}" for number in range(1, count + 1)]
    for number, path, name in rows:
        assert name.startswith(f"test_{number.lower()}_"), name
        assert tests.get(name) == path, name
