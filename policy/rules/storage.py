"""Storage accounts and their blobs."""

from policy.checks import all_of, beside, between, expect, holds, not_off, not_on, off, on, refers_to
from policy.registration import Registration, Tape, registered
from policy.rule import AnyRule, ResourceRule, TapeRule

ACCOUNT, BLOBS = "storage:StorageAccount", "storage:BlobServiceProperties"
CONTAINER, IMMUTABILITY = "storage:BlobContainer", "storage:BlobContainerImmutabilityPolicy"
_HAS_POLICY = beside(
    (IMMUTABILITY,),
    refers_to("containerName"),
    "no immutability policy holds for it",
)


_KEPT = ("audit", "backup")
"""What is in the names of containers whose content has to outlive whoever breaks in."""


def _immutable(container: Registration, tape: Tape) -> str | None:
    name = str(container.inputs.get("containerName"))
    return _HAS_POLICY(container, tape) if any(kept in name for kept in _KEPT) else None


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="storage-no-public-blobs",
        title="No blob is public",
        reason="A container made public by mistake is found within hours.",
        source="PSRule Azure.Storage.BlobPublicAccess; checkov CKV_AZURE_59",
        fix="Set allowBlobPublicAccess to false.",
        types=(ACCOUNT,),
        check=off("allowBlobPublicAccess"),
        passes={"allowBlobPublicAccess": False},
        violates={"allowBlobPublicAccess": True},
    ),
    ResourceRule(
        id="storage-no-keys",
        title="A storage account has no shared keys and no local users",
        reason="A key opens everything, leaves no name in the log and makes further keys.",
        source="PSRule Azure.Storage.LocalAuth; checkov CKV2_AZURE_40 intent",
        fix="Set allowSharedKeyAccess and isLocalUserEnabled to false and grant roles.",
        types=(ACCOUNT,),
        check=all_of(off("allowSharedKeyAccess"), not_on("isLocalUserEnabled")),
        passes={"allowSharedKeyAccess": False},
        violates={"allowSharedKeyAccess": True},
    ),
    ResourceRule(
        id="storage-tls-version",
        title="A storage account speaks TLS 1.2 or later",
        reason="Older versions are broken.",
        source="PSRule Azure.Storage.MinTLS; checkov CKV_AZURE_44",
        fix="Set minimumTlsVersion to TLS1_2.",
        types=(ACCOUNT,),
        check=expect("minimumTlsVersion", "TLS1_2"),
        passes={"minimumTlsVersion": "TLS1_2"},
        violates={"minimumTlsVersion": "TLS1_0"},
    ),
    ResourceRule(
        id="storage-https-only",
        title="A storage account refuses plain HTTP",
        reason="Tokens and data would cross the network in clear.",
        source="PSRule Azure.Storage.SecureTransfer; checkov CKV_AZURE_3",
        fix="Leave enableHttpsTrafficOnly on.",
        types=(ACCOUNT,),
        check=not_off("enableHttpsTrafficOnly"),
        passes={"enableHttpsTrafficOnly": True},
        violates={"enableHttpsTrafficOnly": False},
    ),
    ResourceRule(
        id="storage-closed",
        title="A storage account denies by default",
        reason="A leaked token could be used from anywhere.",
        source="PSRule Azure.Storage.Firewall; checkov CKV_AZURE_35, 36",
        fix="Set networkRuleSet.defaultAction to Deny.",
        types=(ACCOUNT,),
        check=expect("networkRuleSet.defaultAction", "Deny"),
        passes={"networkRuleSet": {"defaultAction": "Deny"}},
        violates={"networkRuleSet": {"defaultAction": "Allow"}},
    ),
    ResourceRule(
        id="storage-replicated",
        title="What is stored survives the loss of a zone",
        reason="Backups are needed on the very day that a data centre is lost.",
        source="PSRule Azure.Storage.UseReplication; APRL storage: ZRS; checkov CKV_AZURE_206",
        fix="Choose a SKU with ZRS, GRS or GZRS.",
        types=(ACCOUNT,),
        check=holds("sku.name", lambda name: not str(name).endswith("_LRS"), "ZRS, GRS, GZRS, RAGRS, RAGZRS"),
        passes={"sku": {"name": "Standard_ZRS"}},
        violates={"sku": {"name": "Standard_LRS"}},
    ),
    ResourceRule(
        id="storage-one-tenant",
        title="Blobs are not copied to other tenants",
        reason="A replication rule would carry personal data out.",
        source="checkov CKV2_AZURE_47 intent",
        fix="Set allowCrossTenantReplication to false.",
        types=(ACCOUNT,),
        check=not_on("allowCrossTenantReplication"),
        passes={"allowCrossTenantReplication": False},
        violates={"allowCrossTenantReplication": True},
    ),
    ResourceRule(
        id="blobs-soft-delete",
        title="A deleted blob can be recovered for at least a week",
        reason="A mistake would be final.",
        source="PSRule Azure.Storage.SoftDelete; APRL storage: blob soft delete",
        fix="Set deleteRetentionPolicy.enabled and days between 7 and 365.",
        types=(BLOBS,),
        check=all_of(on("deleteRetentionPolicy.enabled"), between("deleteRetentionPolicy.days", 7, 365)),
        passes={"deleteRetentionPolicy": {"enabled": True, "days": 14}},
        violates={"deleteRetentionPolicy": {"enabled": False}},
    ),
    ResourceRule(
        id="containers-soft-delete",
        title="A deleted container can be recovered for at least a week",
        reason="A mistake would be final.",
        source="PSRule Azure.Storage.ContainerSoftDelete",
        fix="Set containerDeleteRetentionPolicy.enabled and days between 7 and 365.",
        types=(BLOBS,),
        check=all_of(
            on("containerDeleteRetentionPolicy.enabled"), between("containerDeleteRetentionPolicy.days", 7, 365)
        ),
        passes={"containerDeleteRetentionPolicy": {"enabled": True, "days": 14}},
        violates={"containerDeleteRetentionPolicy": {"enabled": True, "days": 1}},
    ),
    ResourceRule(
        id="blobs-versioned",
        title="A blob that is written over keeps its older versions",
        reason="Ransomware overwrites.",
        source="APRL storage: blob versioning",
        fix="Set isVersioningEnabled to true.",
        types=(BLOBS,),
        check=on("isVersioningEnabled"),
        passes={"isVersioningEnabled": True},
        violates={"isVersioningEnabled": False},
    ),
    ResourceRule(
        id="container-private",
        title="No container is public",
        reason="Everybody could list and read it.",
        source="PSRule Azure.Storage.BlobAccessType; checkov CKV_AZURE_34",
        fix="Set publicAccess to None.",
        types=(CONTAINER,),
        check=expect("publicAccess", "None", None),
        passes={"publicAccess": "None"},
        violates={"publicAccess": "Blob"},
    ),
    TapeRule(
        id="backups-immutable",
        title="Backups and anchors of the audit trail cannot be changed or deleted for a time",
        reason="Who breaks in deletes the backups first, and then the traces.",
        source="APRL storage: immutability; own",
        fix="Add an immutability policy of the container.",
        types=(CONTAINER,),
        check=_immutable,
        passes=(
            registered(CONTAINER, {"containerName": "backups"}),
            registered(IMMUTABILITY, {"containerName": "backups"}),
        ),
        violates=(registered(CONTAINER, {"containerName": "backups"}),),
    ),
)
