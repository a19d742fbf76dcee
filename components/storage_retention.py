"""How long blobs are kept: recoverable after a deletion, undeletable before a time, gone after another.

Point-in-time restore is left off, since it excludes version-level immutability; so a change feed would have no reader.
"""

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import storage


def recoverable(
    name: str,
    account: storage.StorageAccount,
    group: pulumi.Input[str],
    *,
    days: int,
    opts: pulumi.ResourceOptions,
) -> storage.BlobServiceProperties:
    """Keep every version of a blob, and deleted blobs and containers for so many days."""
    kept = storage.DeleteRetentionPolicyArgs(enabled=True, days=days)
    return storage.BlobServiceProperties(
        f"{name}-blobs",
        blob_services_name="default",
        account_name=account.name,
        resource_group_name=group,
        is_versioning_enabled=True,
        delete_retention_policy=kept,
        container_delete_retention_policy=kept,
        opts=opts,
    )


def immutable(
    name: str,
    account: storage.StorageAccount,
    container: storage.BlobContainer,
    group: pulumi.Input[str],
    *,
    days: int,
    opts: pulumi.ResourceOptions,
) -> storage.BlobContainerImmutabilityPolicy:
    """Let nobody delete a version in a container before it is so many days old.

    The policy goes with its container: the provider cannot delete it, as it sends no ETag
    (github.com/pulumi/pulumi-azure-native/issues/2156).
    """
    return storage.BlobContainerImmutabilityPolicy(
        f"{name}-immutability",
        immutability_policy_name="default",
        container_name=container.name,
        account_name=account.name,
        resource_group_name=group,
        immutability_period_since_creation_in_days=days,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(deleted_with=container)),
    )


def limited(
    name: str,
    account: storage.StorageAccount,
    group: pulumi.Input[str],
    *,
    days: Mapping[str, int],
    opts: pulumi.ResourceOptions,
) -> storage.ManagementPolicy:
    """Delete blobs, and versions of blobs, after so many days per container."""
    return storage.ManagementPolicy(
        name,
        management_policy_name="default",
        account_name=account.name,
        resource_group_name=group,
        policy=storage.ManagementPolicySchemaArgs(rules=[_deletion(where, age) for where, age in days.items()]),
        opts=opts,
    )


def _deletion(container: str, days: int) -> storage.ManagementPolicyRuleArgs:
    created = storage.DateAfterCreationArgs(days_after_creation_greater_than=days)
    modified = storage.DateAfterModificationArgs(days_after_creation_greater_than=days)
    return storage.ManagementPolicyRuleArgs(
        name=f"delete-{container}",
        type=storage.RuleType.LIFECYCLE,
        enabled=True,
        definition=storage.ManagementPolicyDefinitionArgs(
            actions=storage.ManagementPolicyActionArgs(
                base_blob=storage.ManagementPolicyBaseBlobArgs(delete=modified),
                version=storage.ManagementPolicyVersionArgs(delete=created),
            ),
            filters=storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"], prefix_match=[f"{container}/"]),
        ),
    )
