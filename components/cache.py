"""Azure Managed Redis that knows no keys: every login is an Entra token of a managed identity.

A cluster has one database, `default`, whose port Azure chooses: host and port are outputs. Both clustering policies
offered give clients one address, so a plain client will do; OSSCluster would ask for one that knows clusters. Zones
are not sent: a cluster with high availability is zone redundant by itself where the region has zones (Microsoft,
"Reliability in Azure Managed Redis").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_azure_native import redisenterprise as redis

from components import names
from components.identity import WorkloadIdentity
from components.networking.private_link import PrivateLink, PrivateService
from components.platform import Platform
from components.section import Conflict, Section


class CacheSettings(Section):
    """The size of the cache, and what it does when it is full, restarted or lost."""

    sku: Literal[
        "Balanced_B0",
        "Balanced_B1",
        "Balanced_B3",
        "Balanced_B5",
        "Balanced_B10",
        "Balanced_B20",
        "Balanced_B50",
        "Balanced_B100",
    ]
    """Memory and compute; never smaller once it runs. B0, B1, B3 have 0.5, 1, 3 GB, others 1.2 times their number."""
    high_availability: bool
    """Whether a replica takes over, in another zone where there are zones; cannot be turned off again."""
    clustering_policy: Literal["EnterpriseCluster", "NoCluster"]
    """Whether keys are spread over shards; a change makes a new database and loses what is in the old one."""
    eviction_policy: Literal["AllKeysLFU", "AllKeysLRU", "VolatileLFU", "VolatileLRU", "VolatileTTL", "NoEviction"]
    """Which keys go when the memory is full."""
    persistence: Literal["Disabled", "1h", "6h", "12h", "1s"]
    """How often data is written to disk: a snapshot every so many hours, or every write within a second."""
    private: bool
    """Whether it is reached by private endpoint only; the public address is closed."""
    protect: bool
    """Whether the cache refuses to be deleted by the program."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a policy that the size does not allow: NoCluster ends at 25 GB."""
        if self.clustering_policy == "NoCluster" and self.sku in {"Balanced_B50", "Balanced_B100"}:
            yield (
                "clustering_policy",
                f'"NoCluster" needs at most 25 GB, {self.sku} has more (allowed "EnterpriseCluster", or a smaller sku)',
            )


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """Arguments of `Cache`."""

    platform: Platform
    settings: CacheSettings


class Cache(pulumi.ComponentResource):
    """A Redis cluster with its one database."""

    id: pulumi.Output[str]
    """The cluster, which has the metrics."""
    database_id: pulumi.Output[str]
    """The database, which has the log of connections."""
    host: pulumi.Output[str]
    """The host name; TLS only."""
    port: pulumi.Output[str]
    """The port in decimal digits, as an environment variable carries it."""
    private_link: PrivateLink | None
    """Where a private endpoint leads; none when the public address is open."""

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Cache", name, None, opts)
        platform, settings = args.platform, args.settings
        self._cluster = redis.RedisEnterprise(
            name,
            cluster_name=names.cache(platform.environment, platform.unique),
            resource_group_name=platform.resource_group_name,
            sku=redis.SkuArgs(name=settings.sku),
            high_availability="Enabled" if settings.high_availability else "Disabled",
            minimum_tls_version=redis.TlsVersion.TLS_VERSION_1_2,
            public_network_access="Disabled" if settings.private else "Enabled",
            tags=platform.tags(name),
            opts=self._options(settings),
        )
        self._database = self._latest = self._default_database(name, args)
        self._name = name
        self.id = self._cluster.id
        self.database_id = self._database.id
        self.host = self._cluster.host_name
        self.port = self._database.port.apply(str)
        self.private_link = PrivateLink(service=PrivateService.CACHE, resource_id=self.id) if settings.private else None
        self.register_outputs({"id": self.id, "database_id": self.database_id, "host": self.host, "port": self.port})

    def grant_access(self, identity: WorkloadIdentity) -> redis.AccessPolicyAssignment:
        """Let `identity` read and write: there is no narrower policy than `default`.

        Named without hyphens (github.com/Azure/azure-cli/issues/33568), and made one by one: the database gets busy.
        """
        grant = redis.AccessPolicyAssignment(
            f"{self._name}-{identity.workload}",
            access_policy_assignment_name=identity.principal_id.apply(lambda principal: principal.replace("-", "")),
            access_policy_name="default",
            cluster_name=self._cluster.name,
            database_name=self._database.name,
            resource_group_name=identity.platform.resource_group_name,
            user=redis.AccessPolicyAssignmentPropertiesUserArgs(object_id=identity.principal_id),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, depends_on=[self._latest]),
        )
        self._latest = grant
        return grant

    def _default_database(self, name: str, args: CacheArgs) -> redis.Database:
        return redis.Database(
            f"{name}-default",
            database_name="default",
            cluster_name=self._cluster.name,
            resource_group_name=args.platform.resource_group_name,
            access_keys_authentication=redis.AccessKeysAuthentication.DISABLED,
            client_protocol=redis.Protocol.ENCRYPTED,
            clustering_policy=args.settings.clustering_policy,
            eviction_policy=args.settings.eviction_policy,
            persistence=_persistence(args.settings.persistence),
            opts=self._options(args.settings),
        )

    def _options(self, settings: CacheSettings) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            protect=settings.protect,
            delete_before_replace=True,
            replace_on_changes=["clusteringPolicy"],
            custom_timeouts=pulumi.CustomTimeouts(create="60m"),
        )


def _persistence(every: str) -> redis.PersistenceArgs:
    if every == "1s":
        return redis.PersistenceArgs(aof_enabled=True, aof_frequency=every, rdb_enabled=False)
    snapshots = every != "Disabled"
    return redis.PersistenceArgs(aof_enabled=False, rdb_enabled=snapshots, rdb_frequency=every if snapshots else None)
