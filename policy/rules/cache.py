"""Azure Managed Redis."""

from policy.checks import beside, expect, holds, refers_to
from policy.registration import registered
from policy.rule import AnyRule, ResourceRule, TapeRule

CLUSTER, DATABASE = "redisenterprise:RedisEnterprise", "redisenterprise:Database"
ASSIGNMENT = "redisenterprise:AccessPolicyAssignment"

RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="cache-managed-redis",
        title="The cache is Azure Managed Redis",
        reason="The Enterprise tiers are retired.",
        source="PSRule Azure.RedisEnterprise.MigrateAMR",
        fix="Choose a Balanced, ComputeOptimized, MemoryOptimized or FlashOptimized SKU.",
        types=(CLUSTER,),
        check=holds(
            "sku.name", lambda name: bool(name) and not str(name).startswith("Enterprise"), "no Enterprise SKU"
        ),
        passes={"sku": {"name": "Balanced_B3"}},
        violates={"sku": {"name": "Enterprise_E10"}},
    ),
    ResourceRule(
        id="cache-high-availability",
        title="The cache has a replica in another zone",
        reason="Every patch would empty it.",
        source="PSRule Azure.RedisEnterprise.Zones; APRL Redis: zone redundancy",
        fix="Set highAvailability to Enabled.",
        types=(CLUSTER,),
        check=expect("highAvailability", "Enabled"),
        passes={"highAvailability": "Enabled"},
        violates={"highAvailability": "Disabled"},
    ),
    ResourceRule(
        id="cache-tls-version",
        title="The cache speaks TLS 1.2 or later",
        reason="Older versions are broken.",
        source="PSRule Azure.RedisEnterprise.MinTLS; checkov CKV_AZURE_148 intent",
        fix="Set minimumTlsVersion to 1.2.",
        types=(CLUSTER,),
        check=expect("minimumTlsVersion", "1.2"),
        passes={"minimumTlsVersion": "1.2"},
        violates={"minimumTlsVersion": "1.0"},
    ),
    ResourceRule(
        id="cache-closed",
        title="The cache is closed to the internet",
        reason="Redis gives whoever gets in everything.",
        source="PSRule Azure.Redis.PublicNetworkAccess; checkov CKV_AZURE_89 intent",
        fix="Reach it by a private endpoint and set publicNetworkAccess to Disabled.",
        types=(CLUSTER,),
        check=expect("publicNetworkAccess", "Disabled"),
        passes={"publicNetworkAccess": "Disabled"},
        violates={"publicNetworkAccess": "Enabled"},
    ),
    ResourceRule(
        id="cache-encrypted",
        title="Clients of the cache use TLS",
        reason="Tokens and sessions would cross the network in clear.",
        source="PSRule Azure.Redis.NonSslPort; checkov CKV_AZURE_91 intent",
        fix="Set clientProtocol to Encrypted.",
        types=(DATABASE,),
        check=expect("clientProtocol", "Encrypted"),
        passes={"clientProtocol": "Encrypted"},
        violates={"clientProtocol": "Plaintext"},
    ),
    ResourceRule(
        id="cache-entra-only",
        title="The cache has no access keys",
        reason="They are shared passwords with all rights.",
        source="PSRule Azure.Redis.EntraID and LocalAuth",
        fix="Set accessKeysAuthentication to Disabled and assign access policies.",
        types=(DATABASE,),
        check=expect("accessKeysAuthentication", "Disabled"),
        passes={"accessKeysAuthentication": "Disabled"},
        violates={"accessKeysAuthentication": "Enabled"},
    ),
    TapeRule(
        id="cache-has-user",
        title="Somebody may use the cache",
        reason="Without keys and assignments nobody can log in.",
        source="own",
        fix="Assign the default access policy to the identities of the workloads.",
        types=(CLUSTER,),
        check=beside(
            (ASSIGNMENT,),
            refers_to("clusterName"),
            "no access policy is assigned",
        ),
        passes=(registered(CLUSTER, {"clusterName": "redis"}), registered(ASSIGNMENT, {"clusterName": "redis"})),
        violates=(registered(CLUSTER, {"clusterName": "redis"}), registered(ASSIGNMENT, {"clusterName": "other"})),
    ),
)
