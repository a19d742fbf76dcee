"""Microsoft.Cache/redisEnterprise: Azure Managed Redis, as real servers that take tokens for passwords.

Rules without another source: azure-facts.md section 3.12, which names Microsoft's pages and the module
avm/res/cache/redis-enterprise.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from localazure.errors import AzureError
from localazure.redis.server import Memory
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.store import Record
from localazure.validation import Problem

_CLUSTER: Final = RESOURCE_GROUP + "/providers/Microsoft.Cache/redisEnterprise/{clusterName}"
_DATABASE: Final = _CLUSTER + "/databases/{databaseName}"
_DATABASE_NAME: Final = "default"
_PORT: Final = 10000
_NO_CLUSTER_GIGABYTES: Final = 25
_RESERVED: Final = 0.2
_GIGABYTES: Final = {"0": 0.5, "1": 1.0, "3": 3.0, "5": 6.0}


def gigabytes(sku: str) -> float:
    """The memory of a SKU: B0 has half, B1 one, B3 three, and from B5 on it is about 1.2 times the number."""
    number = sku.rpartition("_")[2].lstrip("ABMX")
    return _GIGABYTES.get(number, float(number) * 1.2)


def _not_imitated(what: str, instead: str) -> str:
    return f"the embedded Azure does not imitate {what} (localazure/NONGOALS.md); use {instead}"


class RedisEnterprise(ResourceType):
    """A cluster: size, network and name. What runs is its database."""

    token = "redisenterprise:RedisEnterprise"
    path = _CLUSTER

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule of the ARM reference, and what Azure Managed Redis lacks: old tiers, old TLS, zones."""
        yield from name_problem(
            inputs,
            "clusterName",
            r"(?=.{1,60}$)[A-Za-z0-9]+(-[A-Za-z0-9]+)*",
            "1-60 letters, digits and hyphens, with no leading, trailing or consecutive hyphens.",
        )
        sku = inputs.get("sku", {}).get("name", "")
        if sku.startswith("Enterprise"):
            yield "sku.name", f"'{sku}' is of a retired tier, closed to new clusters. Use one of Azure Managed Redis"
        if inputs.get("sku", {}).get("capacity") is not None:
            yield "sku.capacity", f"capacity must be left out for '{sku}'"
        if "zones" in inputs:
            yield "zones", "zones must be left out: a cluster with high availability is zone redundant by itself"
        if inputs.get("minimumTlsVersion", "1.2") != "1.2":
            yield "minimumTlsVersion", "TLS 1.0 and 1.1 cannot be used. Allowed: 1.2"  # the ARM reference

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a taken name and a step back.

        Raises:
            AzureError: another cluster of the region has the name, high availability would be turned off, or memory
                would shrink. Codes and texts are ours.
        """
        region = record.outputs["location"]  # part of the host name
        namesakes = (each for each in self.subscription.find(self.token) if each.name.lower() == record.name.lower())
        if any(each.id.lower() != record.id.lower() and each.outputs["location"] == region for each in namesakes):
            raise AzureError(409, "NameNotAvailable", f"The cluster name '{record.name}' is already in use.")
        if previous and _is_available(previous) and not _is_available(record):
            raise AzureError(400, "BadRequest", "High availability cannot be disabled once it is enabled.")
        skus = [each.inputs["sku"]["name"] for each in (previous, record) if each]
        if gigabytes(skus[-1]) < gigabytes(skus[0]):
            raise AzureError(400, "BadRequest", f"Scaling down from '{skus[0]}' to '{skus[-1]}' is not supported.")
        record.outputs |= {
            "highAvailability": "Enabled" if _is_available(record) else "Disabled",
            "hostName": "127.0.0.1",
            "kind": "v2",
            "redundancyMode": "ZR" if _is_available(record) else "None",
            "resourceState": "Running",
        }
        if previous and skus[0] != skus[-1]:
            for database in self.subscription.find(Database.token, clusterName=record.name):
                await self.subscription.runtime.redis.create(record.name, memory(record, database))


def _is_available(cluster: Record) -> bool:
    return cluster.inputs.get("highAvailability", "Enabled") == "Enabled"


def memory(cluster: Record, database: Record) -> Memory:
    """What a database may hold: the cluster's memory less what the service keeps, and the policy in Redis's words."""
    policy = re.sub("^(allkeys|volatile)", r"\1-", database.inputs.get("evictionPolicy", "VolatileLRU").lower())
    limit = gigabytes(cluster.inputs["sku"]["name"]) * (1 - _RESERVED) * 2**30
    return Memory(limit_bytes=int(limit), policy=policy)


class Database(ResourceType):
    """The one database of a cluster, as a Redis server. Its port is one of this machine."""

    token = "redisenterprise:Database"
    path = _DATABASE
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """One database `default` on port 10000, one kind of persistence with its frequency (the ARM reference).

        Not imitated: OSSCluster, access keys, connections without TLS, modules, geo-replication.
        """
        yield from _not_there(inputs)
        if inputs.get("clusteringPolicy", "OSSCluster") == "OSSCluster":
            yield "clusteringPolicy", _not_imitated("OSSCluster", "EnterpriseCluster or NoCluster")
        if inputs.get("accessKeysAuthentication") == "Enabled":
            yield "accessKeysAuthentication", _not_imitated("access keys", "access policy assignments")
        if inputs.get("clientProtocol") == "Plaintext":
            yield "clientProtocol", _not_imitated("connections without TLS", "Encrypted")
        for feature in ("geoReplication", "modules"):
            if inputs.get(feature):
                yield feature, _not_imitated(feature, "a database without it")

    async def put(self, record: Record, previous: Record | None) -> None:
        """Start the server, or change what it may hold.

        Raises:
            AzureError: there is no cluster, its memory is too large for NoCluster, or the clustering policy changed
                (the ARM reference: only NoCluster can be changed without deleting the database).
        """
        cluster = self.subscription.need(record.id.rsplit("/databases/", 1)[0])
        policy = record.inputs.get("clusteringPolicy")
        if policy == "NoCluster" and gigabytes(cluster.inputs["sku"]["name"]) > _NO_CLUSTER_GIGABYTES:
            sku = cluster.inputs["sku"]["name"]
            raise AzureError(
                400, "BadRequest", f"NoCluster is supported up to {_NO_CLUSTER_GIGABYTES} GB; '{sku}' has more."
            )
        if previous and previous.inputs.get("clusteringPolicy") not in {policy, "NoCluster"}:
            raise AzureError(400, "BadRequest", "The clusteringPolicy cannot be updated without deleting the database.")
        record.outputs |= {
            "accessKeysAuthentication": "Disabled",
            "clientProtocol": "Encrypted",
            "evictionPolicy": record.inputs.get("evictionPolicy", "VolatileLRU"),
            "port": await self.subscription.runtime.redis.create(cluster.name, memory(cluster, record)),
            "resourceState": "Running",
        }

    async def delete(self, record: Record) -> None:
        """Stop the server and drop its data, as Azure does."""
        await self.subscription.runtime.redis.drop(record.inputs["clusterName"])

    async def recover(self, record: Record) -> None:
        """Start the server again on its data and port."""
        cluster = self.subscription.need(record.id.rsplit("/databases/", 1)[0])
        await self.subscription.runtime.redis.create(cluster.name, memory(cluster, record))

    def status(self, record: Record) -> dict[str, Any] | None:
        """Where the database answers."""
        address = f"127.0.0.1:{record.outputs['port']}"
        return {"kind": "cache", "name": record.inputs["clusterName"], "address": address}


def _not_there(inputs: dict[str, Any]) -> Iterable[Problem]:
    if inputs.get("databaseName", _DATABASE_NAME) != _DATABASE_NAME:
        yield "databaseName", f"'{inputs['databaseName']}' is not a valid name: it must be '{_DATABASE_NAME}'"
    if inputs.get("port", _PORT) != _PORT:
        yield "port", f"'{inputs['port']}' is not a valid port: it must be {_PORT}"
    persistence = inputs.get("persistence", {})
    if persistence.get("aofEnabled") and persistence.get("rdbEnabled"):
        yield "persistence", "aofEnabled and rdbEnabled cannot both be true"
    for kind in ("aof", "rdb"):
        if persistence.get(f"{kind}Enabled") and f"{kind}Frequency" not in persistence:
            yield f"persistence.{kind}Frequency", f"{kind}Frequency is required when {kind}Enabled is true"


class AccessPolicyAssignment(ResourceType):
    """The right of an Entra object to use a database."""

    token = "redisenterprise:AccessPolicyAssignment"
    path = _DATABASE + "/accessPolicyAssignments/{accessPolicyAssignmentName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule (github.com/Azure/azure-cli/issues/33568), and the one policy that there is."""
        yield from name_problem(inputs, "accessPolicyAssignmentName", r"[A-Za-z0-9]{1,60}", "1-60 letters and digits.")
        if inputs.get("accessPolicyName", "default") != "default":
            yield "accessPolicyName", f"'{inputs['accessPolicyName']}': only the policy 'default' is supported"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Let the object in.

        Raises:
            AzureError: there is no database, or the object has an assignment already (one per user and database:
                terraform-provider-azurerm, managed_redis_access_policy_assignment_resource.go). The code is ours.
        """
        self.subscription.need(record.id.rsplit("/accessPolicyAssignments/", 1)[0])
        object_id = _object_id(record)
        siblings = self.subscription.find(self.token, clusterName=record.inputs["clusterName"])
        if any(_object_id(other) == object_id for other in siblings if other.id.lower() != record.id.lower()):
            raise AzureError(409, "Conflict", f"The user '{object_id}' already has an access policy assignment.")
        if previous and _object_id(previous) != object_id:
            await self.delete(previous)
        await self.recover(record)

    async def delete(self, record: Record) -> None:
        """Take the object's access away."""
        await self.subscription.runtime.redis.expel(record.inputs["clusterName"], _object_id(record))

    async def recover(self, record: Record) -> None:
        """Let the object in again."""
        await self.subscription.runtime.redis.admit(record.inputs["clusterName"], _object_id(record))


def _object_id(record: Record) -> str:
    return str(record.inputs["user"].get("objectId", "")).lower()
