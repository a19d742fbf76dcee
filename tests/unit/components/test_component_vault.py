"""The key vault and its third-party secrets. Mocks prove construction, nothing of Azure."""

import pulumi
import pytest
from pydantic import ValidationError

from app.contract import PLACEHOLDER_SECRET
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.vault import Vault, VaultArgs
from components.vault_settings import VaultSettings
from tests.tape import TENANT, Tape, record, recorded_once
from tests.unit.components.parts import platform, tags

END_OF_SECRETS = 1810944000
"""The 2027-05-22."""
END_OF_KEYS = 1826928000
"""The 2027-11-23."""
SMALLEST = VaultSettings(
    soft_delete_days=7, purge_protection=False, secret_days=180, key_days=365, private=False, protect=False
)
EVERYTHING = VaultSettings(
    soft_delete_days=90, purge_protection=True, secret_days=180, key_days=365, private=True, protect=True
)


@recorded_once
def _tape(settings: VaultSettings, *, secrets: tuple[str, ...] = (), read: str | None = None) -> Tape:
    def program() -> None:
        place = platform()
        vault = Vault("vault", VaultArgs(platform=place, settings=settings, third_party_secrets=secrets))
        vault.grant_crypto(WorkloadIdentity("worker", WorkloadIdentityArgs(platform=place)))
        pulumi.export("key", vault.people_key_id)
        pulumi.export("private", vault.private_link and vault.private_link.service.group_id)
        if read:
            vault.grant_read(WorkloadIdentity("api", WorkloadIdentityArgs(platform=place)), read)
            pulumi.export("url", vault.secret_reference(read).url)

    return record(program)


def test_smallest_uses_roles_and_leaves_purge_protection_out() -> None:
    vault = _tape(SMALLEST).one("keyvault:Vault", "vault")
    assert not vault.protect
    assert vault.inputs == {
        "properties": {
            "enableRbacAuthorization": True,
            "enableSoftDelete": True,
            "enabledForDeployment": False,
            "enabledForDiskEncryption": False,
            "enabledForTemplateDeployment": False,
            "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"},
            "publicNetworkAccess": "Enabled",
            "sku": {"family": "A", "name": "standard"},
            "softDeleteRetentionInDays": 7,
            "tenantId": TENANT,
        },
        "resourceGroupName": "rg-dme-test",
        "tags": tags("vault"),
        "vaultName": "kv-dme-test-abc1",
    }


def test_everything_is_private_and_protected_from_deletion_and_from_purge() -> None:
    tape = _tape(EVERYTHING, secrets=("a-key",))
    vault = tape.one("keyvault:Vault", "vault")
    assert vault.inputs["properties"]["networkAcls"] == {"bypass": "AzureServices", "defaultAction": "Deny"}
    assert vault.inputs["properties"]["publicNetworkAccess"] == "Disabled"
    assert tape.exports["private"] == "vault"
    assert vault.inputs["properties"]["enablePurgeProtection"] is True
    assert vault.protect
    assert tape.one("Secret", "vault-a-key").protect
    assert tape.one("Key", "vault-people").protect


def test_a_third_party_secret_is_a_placeholder_that_is_written_once() -> None:
    secret = _tape(SMALLEST, secrets=("a-key",)).one("Secret", "vault-a-key")
    assert secret.inputs["properties"] == {
        "attributes": {"expires": END_OF_SECRETS},
        "contentType": "text/plain",
        "value": PLACEHOLDER_SECRET,
    }
    assert secret.ignore_changes == ("properties", "tags")  # any later PUT would write the placeholder again


def test_reading_is_granted_on_one_secret_and_no_other() -> None:
    tape = _tape(SMALLEST, secrets=("a-key", "b-key"), read="a-key")
    [grant] = [item for item in tape.of("RoleAssignment") if item.name.endswith("-api")]
    assert grant.inputs["scope"].endswith("Secret/a-key")
    assert grant.inputs["roleDefinitionId"].endswith("/4633458b-17de-408a-b874-0445c86b69e6")
    assert tape.exports["url"] == "https://kv-dme-test-abc1.vault.azure.net/secrets/a-key"


def test_the_key_of_people_wraps_and_unwraps_and_has_an_end_and_successors() -> None:
    key = _tape(SMALLEST).one("Key", "vault-people")
    assert key.inputs == {
        "keyName": "people",
        "properties": {
            "attributes": {"enabled": True, "expires": END_OF_KEYS, "exportable": False},
            "keyOps": ["wrapKey", "unwrapKey"],
            "keySize": 3072,
            "kty": "RSA",
            "rotationPolicy": {
                "attributes": {"expiryTime": "P365D"},
                "lifetimeActions": [
                    {"action": {"type": "rotate"}, "trigger": {"timeBeforeExpiry": "P60D"}},
                    {"action": {"type": "notify"}, "trigger": {"timeBeforeExpiry": "P30D"}},
                ],
            },
        },
        "resourceGroupName": "rg-dme-test",
        "tags": tags("vault"),
        "vaultName": "kv-dme-test-abc1",
    }
    assert key.ignore_changes == ("properties", "tags")  # Azure would accept a change and not make it


def test_wrapping_is_granted_on_the_key_and_the_key_is_known_without_a_version() -> None:
    tape = _tape(SMALLEST)
    [grant] = tape.of("RoleAssignment")
    assert grant.inputs["scope"].endswith("Key/people")
    assert grant.inputs["roleDefinitionId"].endswith("/12338af0-0e69-4776-bea7-57ae8d297424")
    assert tape.exports["key"] == "https://kv-dme-test-abc1.vault.azure.net/keys/people"


def test_refused_is_a_grant_on_a_secret_that_is_not_declared() -> None:
    with pytest.raises(KeyError, match="c-key"):
        _tape(SMALLEST, secrets=("a-key",), read="c-key")


@pytest.mark.parametrize(("key", "days"), [("secret_days", 0), ("secret_days", 731), ("key_days", -1)])
def test_refused_is_a_life_that_is_over_at_once_or_lasts_for_years(key: str, days: int) -> None:
    with pytest.raises(ValidationError, match=key):
        VaultSettings.model_validate(SMALLEST.model_dump() | {key: days})
