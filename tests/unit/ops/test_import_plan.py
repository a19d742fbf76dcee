from typing import Any

from ops.import_plan import UNKNOWN, filled

GROUP = "/subscriptions/s/resourceGroups/rg"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"


def step(kind: str, name: str, **inputs: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::p::parent${kind}::{name}", "newState": {"inputs": inputs}}


def entry(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "id": "<PLACEHOLDER>", **more}


def plan(existing: list[str], *steps: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Ids by name, and what has none."""
    entries = [entry(*each["urn"].split("::")[2:]) for each in steps]
    entries = [{**each, "type": each["type"].rpartition("$")[2]} for each in entries]
    found, missing = filled(entries, {"steps": steps}, existing)
    return {each["name"]: each["id"] for each in found}, missing


def test_names_that_are_known_make_the_id() -> None:
    vault = step("azure-native:keyvault:Vault", "vault", resourceGroupName="rg", vaultName="kv")

    assert plan([GROUP, VAULT, f"{VAULT}2"], vault) == ({"vault": VAULT}, [])


def test_a_name_that_is_not_known_yet_is_open_for_the_only_one_that_fits() -> None:
    secret = step(
        "azure-native:keyvault:Secret", "secret", resourceGroupName=UNKNOWN, vaultName=UNKNOWN, secretName="a"
    )

    assert plan([GROUP, VAULT, f"{VAULT}/secrets/a", f"{VAULT}/secrets/b"], secret) == (
        {"secret": f"{VAULT}/secrets/a"},
        [],
    )
    assert plan([f"{VAULT}/secrets/a", f"{VAULT}2/secrets/a"], secret) == ({}, ["azure-native:keyvault:Secret secret"])


def test_what_is_not_there_or_not_of_azure_is_told() -> None:
    vault = step("azure-native:keyvault:Vault", "vault", resourceGroupName="rg", vaultName="kv")
    word = step("random:index/randomPassword:RandomPassword", "word")

    assert plan([GROUP], vault, word) == (
        {},
        ["azure-native:keyvault:Vault vault", "random:index/randomPassword:RandomPassword word"],
    )


def test_a_component_stays_as_the_engine_drafted_it() -> None:
    component = {"type": "a:b:C", "name": "part", "component": True}

    assert filled([component], {"steps": []}, []) == ([component], [])
