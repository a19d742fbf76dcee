"""The storage account for backups and exports. Mocks prove construction, nothing of Azure."""

from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from components import names
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.networking.private_link import PrivateService
from components.storage import Storage, StorageArgs
from components.storage_settings import StorageSettings
from tests.tape import Tape, record, recorded_once
from tests.unit.components.parts import platform, tags

SMALLEST = StorageSettings(
    sku="Standard_LRS",
    backup_days=1,
    immutability_days=0,
    export_days=1,
    audit_days=0,
    soft_delete_days=1,
    private=False,
    protect=False,
)
EVERYTHING = StorageSettings(
    sku="Standard_RAGZRS",
    backup_days=90,
    immutability_days=35,
    export_days=7,
    audit_days=365,
    soft_delete_days=30,
    private=True,
    protect=True,
)


@recorded_once
def _tape(wanted: StorageSettings) -> Tape:
    def program() -> None:
        place = platform()
        storage = Storage("storage", StorageArgs(platform=place, settings=wanted))
        who = WorkloadIdentity("backup", WorkloadIdentityArgs(platform=place))
        storage.grant_write_backups(who)
        storage.grant_read_backups(who)
        storage.grant_exports(who)
        storage.grant_anchor(who)
        link = storage.private_link
        pulumi.export("endpoint", storage.blob_endpoint)
        pulumi.export("containers", [storage.audit, storage.backups, storage.exports])
        pulumi.export("link", link and link.service.name)
        pulumi.export("linked", link and link.resource_id)

    return record(program)


def test_every_way_in_but_a_token_over_tls_is_shut() -> None:
    account = _tape(SMALLEST).one("StorageAccount", "storage")
    assert account.inputs == {
        "accessTier": "Cool",
        "accountName": "stdmetestabc1",
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        "allowSharedKeyAccess": False,
        "defaultToOAuthAuthentication": True,
        "enableHttpsTrafficOnly": True,
        "isLocalUserEnabled": False,
        "kind": "StorageV2",
        "minimumTlsVersion": "TLS1_2",
        "networkRuleSet": {"bypass": "AzureServices", "defaultAction": "Allow"},
        "publicNetworkAccess": "Enabled",
        "resourceGroupName": "rg-dme-test",
        "sku": {"name": "Standard_LRS"},
        "tags": tags("storage"),
    }
    assert not account.protect


def test_a_private_account_has_no_public_address_and_offers_a_link() -> None:
    tape = _tape(EVERYTHING)
    inputs = tape.one("StorageAccount", "storage").inputs
    assert (inputs["publicNetworkAccess"], inputs["networkRuleSet"]["defaultAction"]) == ("Disabled", "Deny")
    assert tape.exports["link"] == PrivateService.STORAGE.name
    assert tape.exports["linked"].endswith("StorageAccount/stdmetestabc1")
    assert "link" not in _tape(SMALLEST).exports


def test_deleted_blobs_and_containers_can_be_recovered() -> None:
    blobs = _tape(EVERYTHING).one("BlobServiceProperties", "storage-blobs").inputs
    assert blobs["isVersioningEnabled"] is True
    assert blobs["deleteRetentionPolicy"] == {"days": 30, "enabled": True}
    assert blobs["containerDeleteRetentionPolicy"] == {"days": 30, "enabled": True}


def _immutable(tape: Tape) -> dict[str, int]:
    """The days of each container that has an immutability policy, which needs versions from its beginning."""
    policies = [policy.inputs for policy in tape.of("BlobContainerImmutabilityPolicy")]
    days = {policy["containerName"]: policy["immutabilityPeriodSinceCreationInDays"] for policy in policies}
    for name in days:
        container = tape.one("BlobContainer", f"storage-{name}").inputs
        assert container["immutableStorageWithVersioning"] == {"enabled": True}
    return days


def test_backups_are_immutable_and_exports_are_not() -> None:
    tape = _tape(EVERYTHING)
    assert _immutable(tape)["backups"] == 35
    assert "exports" not in _immutable(tape)
    assert "immutableStorageWithVersioning" not in tape.one("BlobContainer", "storage-exports").inputs


def test_anchors_of_the_audit_trail_are_immutable_for_days_of_their_own() -> None:
    assert _immutable(_tape(EVERYTHING))["audit"] == 365


def test_without_immutable_days_there_is_no_policy() -> None:
    tape = _tape(SMALLEST)
    assert not tape.of("BlobContainerImmutabilityPolicy")
    assert "immutableStorageWithVersioning" not in tape.one("BlobContainer", "storage-backups").inputs


def test_a_container_is_made_after_versions_are_kept_and_is_never_public() -> None:
    tape = _tape(EVERYTHING)
    blobs = tape.one("BlobServiceProperties", "storage-blobs").urn
    for container in tape.of("BlobContainer"):
        assert blobs in container.depends_on
        assert container.inputs["publicAccess"] == "None"
        assert container.protect


def test_backups_and_exports_end_with_their_days_in_every_version() -> None:
    [lifecycle] = _tape(EVERYTHING).of("ManagementPolicy")
    days = {rule["name"]: rule["definition"] for rule in lifecycle.inputs["policy"]["rules"]}
    for name, age in (("backups", 90), ("exports", 7)):
        after = {"daysAfterCreationGreaterThan": age}
        assert days[f"delete-{name}"]["actions"] == {"baseBlob": {"delete": after}, "version": {"delete": after}}
        assert days[f"delete-{name}"]["filters"] == {"blobTypes": ["blockBlob"], "prefixMatch": [f"{name}/"]}


def test_nothing_deletes_an_anchor_of_the_audit_trail() -> None:
    [lifecycle] = _tape(EVERYTHING).of("ManagementPolicy")
    assert "audit" not in str(lifecycle.inputs["policy"])


def test_a_grant_is_on_one_container_alone() -> None:
    tape = _tape(SMALLEST)
    scopes = {grant.name: grant.inputs["scope"].rpartition("/")[2] for grant in tape.of("RoleAssignment")}
    assert scopes == {
        "storage-audit-storage-blob-data-contributor-backup": "audit",
        "storage-backups-storage-blob-data-contributor-backup": "backups",
        "storage-backups-storage-blob-data-reader-backup": "backups",
        "storage-exports-storage-blob-data-contributor-backup": "exports",
    }


def test_the_address_and_the_containers_are_what_azure_says() -> None:
    exports = _tape(SMALLEST).exports
    assert exports["endpoint"] == "https://stdmetestabc1.blob.core.windows.net/"
    assert exports["containers"] == ["audit", "backups", "exports"]


@settings(max_examples=20, deadline=None)
@given(
    environment=st.from_regex(r"[a-z][a-z0-9]{1,9}", fullmatch=True),
    unique=st.from_regex(r"[a-z0-9]{3,8}", fullmatch=True),
)
def test_every_environment_has_a_name_for_its_account_and_its_jobs(environment: str, unique: str) -> None:
    assert names.storage_account(environment, unique).isalnum()
    assert len(names.container_job(environment, "migrate")) <= 32


@settings(max_examples=50, deadline=None)
@given(backup=st.integers(1, 3650), immutable=st.integers(0, 3650))
def test_immutability_longer_than_the_life_of_a_backup_is_refused(backup: int, immutable: int) -> None:
    values: dict[str, Any] = {**SMALLEST.model_dump(), "backup_days": backup, "immutability_days": immutable}
    if immutable <= backup:
        assert StorageSettings.model_validate(values)
    else:
        with pytest.raises(ValidationError, match=rf"immutability_days: {immutable} is more than backup_days"):
            StorageSettings.model_validate(values)
