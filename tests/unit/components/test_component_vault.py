"""The key vault and its third-party secrets. Mocks prove construction, nothing of Azure."""

import pulumi
import pytest
from pydantic import ValidationError

from app.contract import PLACEHOLDER_SECRET
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.vault import Vault, VaultArgs, VaultSettings
from tests.tape import TENANT, Tape, record
from tests.unit.components.parts import platform, tags

SMALLEST = VaultSettings(
    soft_delete_days=7, purge_protection=False, secrets_expire="2027-06-30", private=False, protect=False
)
EVERYTHING = VaultSettings(
    soft_delete_days=90, purge_protection=True, secrets_expire="2027-06-30", private=True, protect=True
)


def _tape(settings: VaultSettings, *, secrets: tuple[str, ...] = (), read: str | None = None) -> Tape:
    def program() -> None:
        place = platform()
        vault = Vault("vault", VaultArgs(platform=place, settings=settings, third_party_secrets=secrets))
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


def test_a_third_party_secret_is_a_placeholder_that_is_written_once() -> None:
    secret = _tape(SMALLEST, secrets=("a-key",)).one("Secret", "vault-a-key")
    assert secret.inputs["properties"] == {
        "attributes": {"expires": 1814313600},
        "contentType": "text/plain",
        "value": PLACEHOLDER_SECRET,
    }
    assert secret.ignore_changes == ("properties", "tags")  # any later PUT would write the placeholder again


def test_reading_is_granted_on_one_secret_and_no_other() -> None:
    tape = _tape(SMALLEST, secrets=("a-key", "b-key"), read="a-key")
    [grant] = tape.of("RoleAssignment")
    assert grant.inputs["scope"].endswith("Secret/a-key")
    assert grant.inputs["roleDefinitionId"].endswith("/4633458b-17de-408a-b874-0445c86b69e6")
    assert tape.exports["url"] == "https://kv-dme-test-abc1.vault.azure.net/secrets/a-key"


def test_refused_is_a_grant_on_a_secret_that_is_not_declared() -> None:
    with pytest.raises(KeyError, match="c-key"):
        _tape(SMALLEST, secrets=("a-key",), read="c-key")


@pytest.mark.parametrize("day", ["2027-02-30", "2027-13-01", "0000-01-01"])
def test_refused_is_a_day_that_is_in_no_calendar(day: str) -> None:
    with pytest.raises(ValidationError, match=f'secrets_expire: "{day}" is not a day'):
        VaultSettings.model_validate(SMALLEST.model_dump() | {"secrets_expire": day})
