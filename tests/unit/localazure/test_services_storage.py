from typing import Any

import pytest

from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import ACCEPTED, create, problems_of, refused

ACCOUNT, SERVICE = "storage:StorageAccount", "storage:BlobServiceProperties"
CONTAINER, IMMUTABILITY = "storage:BlobContainer", "storage:BlobContainerImmutabilityPolicy"
LIFECYCLE = "storage:ManagementPolicy"


async def change(azure: Azure, record: Record, **changes: Any) -> Record:
    return await azure.update(record.id, {**record.inputs, **changes})


@pytest.mark.parametrize("name", ["ab", "a" * 25, "Account", "my-account", "my_account"])
async def test_an_account_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "between 3 and 24 characters" in problems_of(azure, ACCOUNT, accountName=name)["accountName"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("minimumTlsVersion", "TLS1_3"),
        ("kind", "BlobStorage"),
        ("isHnsEnabled", True),
        ("immutableStorageWithVersioning", {"enabled": True}),
    ],
)
async def test_an_account_is_refused_what_azure_or_the_imitation_has_not(azure: Azure, key: str, value: Any) -> None:
    assert list(problems_of(azure, ACCOUNT, **{key: value})) == [key]


async def test_an_accepted_account_has_no_problem(azure: Azure) -> None:
    for token in (ACCOUNT, SERVICE, CONTAINER, IMMUTABILITY, LIFECYCLE):
        assert problems_of(azure, token) == {}


async def test_an_account_says_where_its_blobs_are_and_keeps_the_place(azure: Azure) -> None:
    account = await create(azure, ACCOUNT)
    endpoint = account.outputs["primaryEndpoints"]["blob"]
    assert endpoint.startswith("https://127.0.0.1:")
    changed = await change(azure, account, tags={"a": "b"})
    assert changed.outputs["primaryEndpoints"]["blob"] == endpoint
    assert azure.statuses()[0]["address"] == endpoint


async def test_the_name_of_an_account_is_taken_everywhere(azure: Azure) -> None:
    await create(azure, ACCOUNT)
    await create(azure, "resources:ResourceGroup", resourceGroupName="other")
    with refused(409, "StorageAccountAlreadyTaken", "The storage account named account is already taken."):
        await create(azure, ACCOUNT, resourceGroupName="other")


async def test_copies_do_not_become_zonal_in_place(azure: Azure) -> None:
    account = await create(azure, ACCOUNT)
    assert await change(azure, account, sku={"name": "Standard_GRS"})
    with refused(400, "InvalidRequestPropertyValue", "from Standard_GRS to Standard_ZRS: it takes a conversion"):
        await change(azure, account, sku={"name": "Standard_ZRS"})


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"blobServicesName": "other"}, "blobServicesName"),
        ({"deleteRetentionPolicy": {"enabled": True, "days": 366}}, "deleteRetentionPolicy.days"),
        ({"deleteRetentionPolicy": {"enabled": True}}, "deleteRetentionPolicy.days"),
        ({"containerDeleteRetentionPolicy": {"enabled": True, "days": 0}}, "containerDeleteRetentionPolicy.days"),
        (
            {"restorePolicy": {"enabled": True, "days": 1}, "deleteRetentionPolicy": {"enabled": True, "days": 2}},
            "restorePolicy",
        ),
        (
            {
                "changeFeed": {"enabled": True},
                "deleteRetentionPolicy": {"days": 7, "enabled": True},
                "isVersioningEnabled": True,
                "restorePolicy": {"days": 7, "enabled": True},
            },
            "restorePolicy.days",
        ),
    ],
)
async def test_the_settings_of_blobs_have_their_limits(azure: Azure, changes: dict[str, Any], at: str) -> None:
    assert list(problems_of(azure, SERVICE, **changes)) == [at]


@pytest.mark.parametrize("name", ["ab", "a--b", "-ab", "ab-", "Ab", "a" * 64])
async def test_a_container_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert list(problems_of(azure, CONTAINER, containerName=name)) == ["containerName"]


@pytest.mark.parametrize("token", [SERVICE, CONTAINER, LIFECYCLE])
async def test_what_is_part_of_an_account_needs_the_account(azure: Azure, token: str) -> None:
    with refused(404, "ResourceNotFound", "Microsoft.Storage/storageAccounts/account"):
        await create(azure, token)


async def test_an_immutability_policy_needs_its_container(azure: Azure) -> None:
    await create(azure, ACCOUNT)
    with refused(404, "ResourceNotFound", "/containers/backups"):
        await create(azure, IMMUTABILITY)


async def test_a_container_is_not_public_where_the_account_forbids_it(azure: Azure) -> None:
    await create(azure, ACCOUNT, allowBlobPublicAccess=False)
    with refused(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account."):
        await create(azure, CONTAINER, publicAccess="Blob")


async def test_a_container_is_immutable_by_version_only_while_versions_are_kept(azure: Azure) -> None:
    await create(azure, ACCOUNT)
    by_version = {"immutableStorageWithVersioning": {"enabled": True}}
    with refused(409, "ConflictFeatureEnabled", "needs an account with versioning"):
        await create(azure, CONTAINER, **by_version)
    service = await create(azure, SERVICE, isVersioningEnabled=True)
    container = await create(azure, CONTAINER, **by_version)
    with refused(409, "ConflictFeatureEnabled", "Versioning cannot be disabled: container 'backups'"):
        await change(azure, service, isVersioningEnabled=False)
    with refused(409, "ConflictFeatureEnabled", "cannot be changed once the container exists"):
        await change(azure, container, immutableStorageWithVersioning={"enabled": False})


@pytest.mark.parametrize("days", [0, 146_001])
async def test_immutability_has_a_range_of_days(azure: Azure, days: int) -> None:
    found = problems_of(azure, IMMUTABILITY, immutabilityPeriodSinceCreationInDays=days)
    assert list(found) == ["immutabilityPeriodSinceCreationInDays"]


async def test_a_policy_is_made_unlocked(azure: Azure) -> None:
    await create(azure, ACCOUNT)
    await create(azure, CONTAINER)
    assert (await create(azure, IMMUTABILITY)).outputs["state"] == "Unlocked"


@pytest.mark.parametrize("names", [[], ["a", "A"], [f"r{number}" for number in range(101)]])
async def test_a_lifecycle_has_1_to_100_rules_of_different_names(azure: Azure, names: list[str]) -> None:
    [rule] = ACCEPTED[LIFECYCLE]["policy"]["rules"]
    assert list(problems_of(azure, LIFECYCLE, policy={"rules": [{**rule, "name": name} for name in names]})) == [
        "policy.rules"
    ]
