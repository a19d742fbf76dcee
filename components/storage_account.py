"""The storage account itself: every way in that is not an Entra token over TLS is shut."""

import pulumi
from pulumi_azure_native import storage

from components import names
from components.platform import Platform


def account(
    name: str, platform: Platform, *, sku: str, private: bool, opts: pulumi.ResourceOptions
) -> storage.StorageAccount:
    """Declare the account.

    Args:
        name: The logical name.
        platform: Where it is made.
        sku: How many copies there are, and where, in Azure's word.
        private: Whether the public address is closed.
        opts: Parent and protection.
    """
    return storage.StorageAccount(
        name,
        account_name=names.storage_account(platform.environment, platform.unique),
        resource_group_name=platform.resource_group_name,
        kind=storage.Kind.STORAGE_V2,
        sku=storage.SkuArgs(name=sku),
        access_tier=storage.AccessTier.COOL,
        allow_blob_public_access=False,
        allow_cross_tenant_replication=False,
        allow_shared_key_access=False,
        default_to_o_auth_authentication=True,
        enable_https_traffic_only=True,
        is_local_user_enabled=False,
        minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
        public_network_access="Disabled" if private else "Enabled",
        # Always said: the provider opens the account when the block goes away.
        network_rule_set=storage.NetworkRuleSetArgs(
            bypass=storage.Bypass.AZURE_SERVICES,
            default_action=storage.DefaultAction.DENY if private else storage.DefaultAction.ALLOW,
        ),
        tags=platform.tags(name),
        opts=opts,
    )
