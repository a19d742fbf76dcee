from typing import Any

import pytest

from localazure.azure import Azure
from localazure.planes.vault_store import VaultError
from localazure.store import Record
from tests.unit.localazure.arm import ACCEPTED, GROUP, create, problems_of, refused

VAULT, SECRET = "keyvault:Vault", "keyvault:Secret"


def properties(**changes: Any) -> dict[str, Any]:
    return {**ACCEPTED[VAULT]["properties"], **changes}


async def update(azure: Azure, record: Record, **changes: Any) -> Record:
    return await azure.update(record.id, {**record.inputs, "properties": properties(**changes)})


@pytest.mark.parametrize("name", ["ab", "1abc", "a--b", "abc-", "a_bc", "a" * 25])
async def test_a_vault_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "3-24 alphanumeric" in problems_of(azure, VAULT, vaultName=name)["vaultName"]


async def test_purge_protection_cannot_be_said_to_be_off(azure: Azure) -> None:
    found = problems_of(azure, VAULT, properties=properties(enablePurgeProtection=False))

    assert list(found) == ["properties.enablePurgeProtection"]


@pytest.mark.parametrize(("days", "problems"), [(6, 1), (7, 0), (90, 0), (91, 1)])
async def test_a_vault_keeps_what_is_deleted_7_to_90_days(azure: Azure, days: int, problems: int) -> None:
    assert len(problems_of(azure, VAULT, properties=properties(softDeleteRetentionInDays=days))) == problems


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ("20.1.2.3", 0),
        ("20.1.2.0/24", 0),
        ("10.0.0.1", 1),
        ("192.168.0.0/24", 1),
        ("20.1.2.3/24", 1),
        ("2a00::1", 1),
        ("x", 1),
    ],
)
async def test_a_firewall_rule_is_a_public_address(azure: Azure, value: str, problems: int) -> None:
    rules = {"defaultAction": "Deny", "ipRules": [{"value": value}]}
    found = problems_of(azure, VAULT, properties=properties(networkAcls=rules, publicNetworkAccess="Enabled"))

    assert list(found) == ["properties.networkAcls.ipRules"] * problems


async def test_public_access_is_enabled_or_disabled(azure: Azure) -> None:
    found = problems_of(azure, VAULT, properties=properties(publicNetworkAccess="SecuredByPerimeter"))

    assert list(found) == ["properties.publicNetworkAccess"]


async def test_a_subnet_of_a_network_rule_must_exist(azure: Azure) -> None:
    subnet = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/none"

    with refused(404, "ResourceNotFound", "was not found"):
        await create(azure, VAULT, properties=properties(networkAcls={"virtualNetworkRules": [{"id": subnet}]}))


async def test_purge_protection_cannot_be_taken_back(azure: Azure) -> None:
    made = await create(azure, VAULT, properties=properties(enablePurgeProtection=True))

    with refused(400, "BadRequest", "Enabling the purge protection for a vault is an irreversible action"):
        await update(azure, made)


async def test_the_retention_of_a_vault_cannot_be_changed(azure: Azure) -> None:
    made = await create(azure, VAULT, properties=properties(softDeleteRetentionInDays=7))

    with refused(400, "BadRequest", "has been set already and it can't be modified"):
        await update(azure, made, softDeleteRetentionInDays=30)


async def test_purge_protection_holds_from_the_update_that_enables_it(azure: Azure) -> None:
    made = await create(azure, VAULT)
    await create(azure, SECRET)

    changed = await update(azure, made, enablePurgeProtection=True)
    secrets = azure.runtime.vaults.secrets(made.id)
    secrets.delete("key")

    assert changed.outputs["properties"]["vaultUri"] == made.outputs["properties"]["vaultUri"]
    with pytest.raises(VaultError, match="purge protection is enabled"):
        secrets.purge("key")


async def test_the_name_of_a_live_vault_is_taken_in_every_group(azure: Azure) -> None:
    await create(azure, VAULT)
    await create(azure, "resources:ResourceGroup", resourceGroupName="other")

    with refused(409, "VaultAlreadyExists", "The vault name 'VAULT' is already in use."):
        await create(azure, VAULT, vaultName="VAULT", resourceGroupName="other")


async def test_the_name_of_a_deleted_vault_is_taken_until_it_is_purged(azure: Azure) -> None:
    await azure.delete((await create(azure, VAULT)).id)

    with refused(409, "ConflictError", "already exists in deleted state"):
        await create(azure, VAULT)
    azure.purge()
    await create(azure, VAULT)

    assert azure.store.deleted() == []


async def test_a_purged_vault_has_lost_its_secrets(azure: Azure) -> None:
    vault = await create(azure, VAULT)
    azure.runtime.vaults.secrets(vault.id).set("by-hand", "value")
    await azure.delete(vault.id)
    azure.purge()

    await create(azure, VAULT)

    assert azure.runtime.vaults.secrets(vault.id).live() == []


async def test_a_deleted_vault_is_recovered_with_its_secrets_and_address(azure: Azure) -> None:
    vault = await create(azure, VAULT)
    azure.runtime.vaults.secrets(vault.id).set("by-hand", "value")
    await azure.delete(vault.id)

    again = await create(azure, VAULT, properties=properties(createMode="recover"))

    assert azure.runtime.vaults.secrets(vault.id).read("by-hand", "").value == "value"
    assert again.outputs["properties"]["vaultUri"] == vault.outputs["properties"]["vaultUri"]
    assert azure.store.deleted() == []


@pytest.mark.parametrize("name", ["", "a_b", "a.b", "a" * 128])
async def test_a_secret_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "1-127" in problems_of(azure, SECRET, secretName=name)["secretName"]


async def test_a_secret_ends_after_1970(azure: Azure) -> None:
    found = problems_of(azure, SECRET, properties={"value": "s3cret", "attributes": {"expires": -62135596800}})

    assert "before 1970" in found["properties.attributes.expires"]


async def test_a_secret_is_kept_in_the_vault_and_answered_nowhere(azure: Azure) -> None:
    vault = await create(azure, VAULT)

    made = await create(azure, SECRET)

    version = azure.runtime.vaults.secrets(vault.id).read("key", "")
    address = f"{vault.outputs['properties']['vaultUri']}secrets/key"
    assert version.value == "s3cret"
    assert made.outputs["properties"]["secretUri"] == address
    assert made.outputs["properties"]["secretUriWithVersion"] == f"{address}/{version.version}"
    assert "s3cret" not in str(azure.get(made.id))


async def test_an_update_with_a_value_is_a_new_version_and_without_one_keeps_it(azure: Azure) -> None:
    await create(azure, VAULT)
    made = await create(azure, SECRET)

    second = await azure.update(made.id, {**made.inputs, "properties": {"value": "other"}})
    third = await azure.update(made.id, {**made.inputs, "properties": {}})

    uris = [record.outputs["properties"]["secretUriWithVersion"] for record in (made, second, third)]
    assert uris[0] != uris[1] == uris[2]


async def test_a_deleted_secret_that_is_made_again_is_recovered(azure: Azure) -> None:
    vault = await create(azure, VAULT)
    await azure.delete((await create(azure, SECRET)).id)
    assert azure.runtime.vaults.secrets(vault.id).live() == []

    await create(azure, SECRET)

    [secret] = azure.runtime.vaults.secrets(vault.id).live()
    assert len(secret.versions) == 2


async def test_a_secret_that_a_person_has_deleted_is_deleted_without_complaint(azure: Azure) -> None:
    vault = await create(azure, VAULT)
    made = await create(azure, SECRET)
    azure.runtime.vaults.secrets(vault.id).delete("key")

    await azure.delete(made.id)

    assert azure.get(made.id) is None


@pytest.mark.parametrize(
    ("given", "text"), [({}, "is required for a new secret"), ({"value": "x" * 25601}, "longer than 25600 bytes")]
)
async def test_a_secret_without_a_value_or_with_too_long_a_one_is_refused(
    azure: Azure, given: dict[str, str], text: str
) -> None:
    await create(azure, VAULT)

    with refused(400, "BadParameter", text):
        await create(azure, SECRET, properties=given)


async def test_a_secret_of_no_vault_is_refused(azure: Azure) -> None:
    with refused(404, "ResourceNotFound", f"was not found: {GROUP}/providers/Microsoft.KeyVault/vaults/vault"):
        await create(azure, SECRET)
