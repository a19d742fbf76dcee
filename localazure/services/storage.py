"""Microsoft.Storage: accounts, their blob service, containers, and how long blobs are kept."""

from collections.abc import Iterable
from typing import Any, Final

from localazure.errors import AzureError
from localazure.regions import lacks_zones
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.store import Record
from localazure.validation import Problem

_ACCOUNT: Final = RESOURCE_GROUP + "/providers/Microsoft.Storage/storageAccounts/{accountName}"
_CONTAINER: Final = _ACCOUNT + "/blobServices/default/containers/{containerName}"
_LONGEST_RETENTION: Final = 365
_LONGEST_IMMUTABILITY: Final = 146_000
_MOST_RULES: Final = 100
_ZONAL: Final = frozenset({"Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS"})


class StorageAccount(ResourceType):
    """A storage account of kind StorageV2, with the blob data plane alone."""

    token = "storage:StorageAccount"
    path = _ACCOUNT
    # provider/pkg/gen/replacement.go (azure-facts.md section 1)
    force_new = frozenset({"isHnsEnabled", "location"})

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule in the words of ARM, zones in a region without, TLS 1.3 as a minimum, what has no imitation."""
        name = inputs.get("accountName")
        yield from name_problem(
            inputs,
            "accountName",
            r"[a-z0-9]{3,24}",
            f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in "
            "length and use numbers and lower-case letters only.",
        )
        if inputs.get("sku", {}).get("name") in _ZONAL and lacks_zones(inputs.get("location")):
            yield "sku.name", f"'{inputs['sku']['name']}' is not available in '{inputs['location']}': it has no zones"
        if inputs.get("minimumTlsVersion") == "TLS1_3":
            yield "minimumTlsVersion", "'TLS1_3' is not supported as a minimum; use TLS1_2"
        if inputs.get("kind", "StorageV2") != "StorageV2":
            yield "kind", _not_imitated(f"the kind {inputs['kind']}", "StorageV2")
        if inputs.get("isHnsEnabled"):
            yield "isHnsEnabled", _not_imitated("the hierarchical namespace", "false")
        if inputs.get("immutableStorageWithVersioning", {}).get("enabled"):
            yield "immutableStorageWithVersioning", _not_imitated("immutability of an account", "that of a container")

    async def put(self, record: Record, previous: Record | None) -> None:
        """Start the account's data plane.

        Raises:
            AzureError: another account has the name, which is global (the text:
                github.com/hashicorp/terraform/issues/11485); or the replication changes between zonal and not zonal,
                which is a conversion and no update (Microsoft Learn, "Change how a storage account is replicated").
        """
        if self.is_name_taken(record):
            text = f"The storage account named {record.name} is already taken."
            raise AzureError(409, "StorageAccountAlreadyTaken", text)
        before, now = (each.inputs["sku"]["name"] if each else None for each in (previous, record))
        if before and (before in _ZONAL) != (now in _ZONAL):
            text = (
                f"The replication of '{record.name}' cannot be changed from {before} to {now}: it takes a conversion."
            )
            raise AzureError(400, "InvalidRequestPropertyValue", text)
        record.outputs |= {
            "primaryEndpoints": {"blob": await self.subscription.runtime.blobs.open(record.id)},
            "primaryLocation": record.outputs["location"],
            "statusOfPrimary": "available",
        }

    async def delete(self, record: Record) -> None:
        """Stop the data plane and forget the blobs."""
        await self.subscription.runtime.blobs.drop(record.id)

    async def recover(self, record: Record) -> None:
        """Start the data plane again, at the address it had."""
        await self.subscription.runtime.blobs.open(record.id)

    def status(self, record: Record) -> dict[str, Any] | None:
        """Where the account's blobs are."""
        return {"kind": "storage", "name": record.name, "address": record.outputs["primaryEndpoints"]["blob"]}


class BlobServiceProperties(ResourceType):
    """What holds for all blobs of an account: versions, soft delete, restore."""

    token = "storage:BlobServiceProperties"
    path = _ACCOUNT + "/blobServices/{blobServicesName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The one name, retention in days, and what point-in-time restore needs.

        Microsoft Learn, "Point-in-time restore for block blobs"; the ranges: ARM reference.
        """
        yield from _default_name(inputs, "blobServicesName")
        for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
            declared = inputs.get(policy, {})
            days = declared.get("days", 0 if declared.get("enabled") else 1)
            if not 1 <= days <= _LONGEST_RETENTION:
                yield f"{policy}.days", f"'{days}' is not a retention in days: 1 to {_LONGEST_RETENTION}"
        restore = inputs.get("restorePolicy", {})
        if restore.get("enabled"):
            if not (inputs.get("isVersioningEnabled") and inputs.get("changeFeed", {}).get("enabled")):
                yield "restorePolicy", "point-in-time restore needs versioning and the change feed"
            kept = inputs.get("deleteRetentionPolicy", {}).get("days", 0)
            if not 0 < restore.get("days", 0) < kept:
                yield "restorePolicy.days", f"must be greater than 0 and less than deleteRetentionPolicy.days ({kept})"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Take the settings of an account that is there.

        Raises:
            AzureError: there is no account, or versions would end under a container that is immutable by version
                (Microsoft Learn, "Configure immutability policies for blob versions": versioning is required).
        """
        del previous
        account = self.subscription.need(_account_id(record))
        if not record.inputs.get("isVersioningEnabled") and (held := _immutable_container(self, account)):
            text = f"Versioning cannot be disabled: container '{held.name}' has immutable storage with versioning."
            raise AzureError(409, "ConflictFeatureEnabled", text)


class BlobContainer(ResourceType):
    """A container of blobs. Its content goes with it."""

    token = "storage:BlobContainer"
    path = _CONTAINER
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule (Microsoft Learn, "Naming and referencing containers")."""
        yield from name_problem(
            inputs,
            "containerName",
            r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            "3-63 lower-case letters, digits and single hyphens, from a letter or digit to a letter or digit.",
        )

    async def put(self, record: Record, previous: Record | None) -> None:
        """Accept a container of an account that is there.

        Raises:
            AzureError: it would be public although the account forbids that; it would be immutable by version without
                versions; or that is changed, which it cannot be (ARM reference: "an immutable property").
        """
        account = self.subscription.need(_account_id(record))
        public = record.inputs.get("publicAccess", "None")
        if public != "None" and not account.inputs.get("allowBlobPublicAccess", False):
            raise AzureError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
        service = self.subscription.get(f"{account.id}/blobServices/default")
        if _by_version(record) and not (service and service.inputs.get("isVersioningEnabled")):
            text = "Immutable storage with versioning needs an account with versioning enabled."
            raise AzureError(409, "ConflictFeatureEnabled", text)
        if previous and _by_version(previous) != _by_version(record):
            text = "The property 'immutableStorageWithVersioning' cannot be changed once the container exists."
            raise AzureError(409, "ConflictFeatureEnabled", text)
        record.outputs |= {"hasImmutabilityPolicy": False, "hasLegalHold": False, "leaseState": "Available"}

    async def delete(self, record: Record) -> None:
        """Forget the blobs."""
        self.subscription.runtime.blobs.account(_account_id(record)).drop(record.name)


class BlobContainerImmutabilityPolicy(ResourceType):
    """How long a container's blobs, or their versions, cannot be deleted; always unlocked."""

    token = "storage:BlobContainerImmutabilityPolicy"
    path = _CONTAINER + "/immutabilityPolicies/{immutabilityPolicyName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The one name, and days in the range of the ARM reference."""
        yield from _default_name(inputs, "immutabilityPolicyName")
        days = inputs.get("immutabilityPeriodSinceCreationInDays", 1)
        if not 1 <= days <= _LONGEST_IMMUTABILITY:
            yield "immutabilityPeriodSinceCreationInDays", f"'{days}' days: 1 to {_LONGEST_IMMUTABILITY}"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Take the policy of a container that is there. Raises AzureError when it is not."""
        del previous
        self.subscription.need(record.id.rpartition("/immutabilityPolicies/")[0])
        record.outputs["state"] = "Unlocked"


class ManagementPolicy(ResourceType):
    """When the blobs of an account are to be deleted. Kept, and not followed."""

    token = "storage:ManagementPolicy"
    path = _ACCOUNT + "/managementPolicies/{managementPolicyName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The one name, and 1 to 100 rules of different names (Microsoft Learn, "lifecycle management overview")."""
        yield from _default_name(inputs, "managementPolicyName")
        names = [rule.get("name", "") for rule in inputs.get("policy", {}).get("rules", [])]
        if not 1 <= len(names) <= _MOST_RULES:
            yield "policy.rules", f"{len(names)} rules: 1 to {_MOST_RULES}"
        if len({name.lower() for name in names}) < len(names):
            yield "policy.rules", "rule names must be unique within a policy"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Take the policy of an account that is there. Raises AzureError when it is not."""
        del previous
        self.subscription.need(_account_id(record))


def _account_id(record: Record) -> str:
    """The id of the account that a resource is part of."""
    head, kind, rest = record.id.partition("/storageAccounts/")
    return f"{head}{kind}{rest.split('/')[0]}"


def _by_version(container: Record) -> bool:
    return container.inputs.get("immutableStorageWithVersioning", {}).get("enabled", False)


def _immutable_container(behaviour: ResourceType, account: Record) -> Record | None:
    found = behaviour.subscription.find(BlobContainer.token)
    return next((c for c in found if _account_id(c).lower() == account.id.lower() and _by_version(c)), None)


def _default_name(inputs: dict[str, Any], key: str) -> Iterable[Problem]:
    return name_problem(inputs, key, "default", "the one name is 'default'")


def _not_imitated(what: str, instead: str) -> str:
    return f"the embedded Azure does not imitate {what} (localazure/NONGOALS.md); use {instead}"
