"""The three stack files: the same keys, known namespaces, no secrets, one documented meaning each."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from settings import LOCATION, PROJECT, InvalidSettingsError, Settings
from tests.configuration import PAGE, documented, sections
from tests.schema_check import problems
from tests.stack_schema import FIRST_LINE, SCHEMA
from tests.tape import ROOT, STACKS, flat, stack_config

KEY_LIKE = re.compile(
    r"-----BEGIN|AccountKey=|SharedAccessKey|Password=|sk-[A-Za-z0-9]{8}|gh[pousr]_\w{20}|xox[bp]-|eyJ[\w-]{10}"
    r"|(?<![\w-])(?=[A-Za-z0-9+/]*\d)(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[a-z])[A-Za-z0-9+/]{32,}={0,2}(?![\w-])"
)


def _keys(config: dict[str, Any]) -> Iterator[str]:
    for section, value in config.items():
        yield section
        if isinstance(value, dict):
            yield from (f"{section}.{key}" for key in value)  # pyright: ignore[reportUnknownVariableType] - YAML


def test_the_stack_files_have_the_same_keys_in_the_same_order() -> None:
    dev, staging, prod = (list(_keys(stack_config(stack))) for stack in STACKS)
    assert dev == staging == prod


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_is_usable_and_lists_its_sections_in_the_order_of_the_settings(stack: str) -> None:
    config = stack_config(stack)
    assert Settings.parse(flat(config)).platform.environment == stack
    assert list(config) == [LOCATION, *(f"{PROJECT}:{name}" for name, _, _ in sections())]


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_holds_configuration_only_and_no_release(stack: str) -> None:
    file = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    assert set(file) == {"config"}
    assert f"{PROJECT}:release" not in file["config"]


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_names_its_schema_and_keeps_to_it(stack: str) -> None:
    file, schema = (ROOT / f"Pulumi.{stack}.yaml").read_text(), json.loads(SCHEMA.read_text())
    assert file.splitlines()[0] == FIRST_LINE
    assert not problems(yaml.safe_load(file), schema, schema)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("api", "cpu", "0.25"),
        ("api", "cpu", 0.3),
        ("api", "max_replicas", 301),
        ("api", "max_replica", 3),
        ("api", "memory", "512Mi"),
        ("database", "storage_gb", 33),
        ("database", "protect", "no"),
        ("database", "backup_retention_days", 6),
        ("registry", "sku", "Free"),
        ("frontend", "region", "westus2"),
        ("vault", "soft_delete_days", None),
        ("authentication", "algorithms", []),
        ("authentication", "algorithms", ["HS256"]),
        ("authentication", "algorithms", ["RS256", "RS256"]),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(section: str, key: str, value: Any) -> None:
    config, schema = stack_config("dev"), json.loads(SCHEMA.read_text())
    config[f"{PROJECT}:{section}"][key] = value
    assert problems({"config": config}, schema, schema)
    with pytest.raises(InvalidSettingsError):
        Settings.parse(flat(config))


@pytest.mark.parametrize("key", [LOCATION, f"{PROJECT}:vault"])
def test_the_schema_misses_what_the_program_misses(key: str) -> None:
    config, schema = stack_config("dev"), json.loads(SCHEMA.read_text())
    del config[key]
    assert problems({"config": config}, schema, schema)
    with pytest.raises(InvalidSettingsError):
        Settings.parse(flat(config))


@pytest.mark.parametrize("stack", STACKS)
def test_no_value_of_a_stack_file_looks_like_a_key(stack: str) -> None:
    assert not KEY_LIKE.findall((ROOT / f"Pulumi.{stack}.yaml").read_text())


@pytest.mark.parametrize(
    "key",
    ["sk-live0123456789", "AccountKey=abc", "-----BEGIN PRIVATE KEY", "9fYb3Zr8Qw1Lk7Xv5Tn2Hs6Jd4Gp0Mc8aBcD="],
)
def test_a_key_would_be_recognised(key: str) -> None:
    assert KEY_LIKE.search(f"    openai_api_key: {key}")


def test_every_key_says_what_it_means_in_the_documentation() -> None:
    page = PAGE.read_text()
    for name, section, fields in sections():
        assert f"## `{PROJECT}:{name}`" in page
        meanings = documented(section.annotation)
        for key in fields:
            assert meanings.get(key), f"{name}.{key} has no docstring"
            assert f"| `{key}` |" in page.partition(f"## `{PROJECT}:{name}`")[2].partition("\n## ")[0]
