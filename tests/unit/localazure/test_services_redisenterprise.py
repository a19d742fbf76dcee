"""Azure Managed Redis; the databases that run are real servers."""

from typing import Any

import pytest

from localazure.azure import Azure
from localazure.errors import StateError
from localazure.redis.server import Memory
from localazure.services.redisenterprise import gigabytes, memory
from localazure.store import Record
from tests.unit.localazure.arm import ACCEPTED, create, problems_of, refused

pytestmark = pytest.mark.integration

CLUSTER, DATABASE = "redisenterprise:RedisEnterprise", "redisenterprise:Database"
ASSIGNMENT = "redisenterprise:AccessPolicyAssignment"
BOTH = {"persistence": {"aofEnabled": True, "aofFrequency": "1s", "rdbEnabled": True, "rdbFrequency": "1h"}}


def on_record(azure: Azure, token: str, **inputs: Any) -> Record:
    """A resource as the subscription knows it, for rules that ask nothing of a server that runs."""
    given = {**ACCEPTED[token], **inputs}
    record = Record(token=token, id=azure.type_of(token).id_of(given), inputs=given, outputs={"location": "westeurope"})
    azure.store.put(record)
    return record


@pytest.mark.parametrize("name", ["", "-a", "a-", "a--b", "a_b", "a" * 61])
async def test_a_cluster_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "1-60 letters" in problems_of(azure, CLUSTER, clusterName=name)["clusterName"]


@pytest.mark.parametrize(
    ("inputs", "at"),
    [
        ({"sku": {"name": "Enterprise_E5"}}, "sku.name"),
        ({"sku": {"name": "EnterpriseFlash_F300"}}, "sku.name"),
        ({"sku": {"name": "Balanced_B1", "capacity": 2}}, "sku.capacity"),
        ({"zones": ["1", "2"]}, "zones"),
        ({"minimumTlsVersion": "1.1"}, "minimumTlsVersion"),
    ],
)
async def test_a_cluster_has_nothing_that_azure_managed_redis_lacks(
    azure: Azure, inputs: dict[str, Any], at: str
) -> None:
    assert list(problems_of(azure, CLUSTER, **inputs)) == [at]
    assert problems_of(azure, CLUSTER) == {}


@pytest.mark.parametrize(
    ("inputs", "at"),
    [
        ({"databaseName": "other"}, "databaseName"),
        ({"port": 6380}, "port"),
        (BOTH, "persistence"),
        ({"persistence": {"rdbEnabled": True}}, "persistence.rdbFrequency"),
        ({"clusteringPolicy": "OSSCluster"}, "clusteringPolicy"),
        ({"accessKeysAuthentication": "Enabled"}, "accessKeysAuthentication"),
        ({"clientProtocol": "Plaintext"}, "clientProtocol"),
        ({"modules": [{"name": "RediSearch"}]}, "modules"),
        ({"geoReplication": {"groupNickname": "group"}}, "geoReplication"),
    ],
)
async def test_a_database_is_refused_what_it_cannot_have(azure: Azure, inputs: dict[str, Any], at: str) -> None:
    assert list(problems_of(azure, DATABASE, **inputs)) == [at]
    assert problems_of(azure, DATABASE, port=10000) == {}


@pytest.mark.parametrize(
    ("sku", "size"), [("Balanced_B0", 0.5), ("ComputeOptimized_X3", 3), ("Balanced_B5", 6), ("MemoryOptimized_M20", 24)]
)
def test_the_memory_of_a_sku_is_known(sku: str, size: float) -> None:
    assert gigabytes(sku) == size


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        ("AllKeysLFU", "allkeys-lfu"),
        ("AllKeysRandom", "allkeys-random"),
        ("VolatileTTL", "volatile-ttl"),
        ("NoEviction", "noeviction"),
    ],
)
async def test_a_database_holds_what_the_service_leaves_and_evicts_as_asked(
    azure: Azure, policy: str, word: str
) -> None:
    held = memory(on_record(azure, CLUSTER), on_record(azure, DATABASE, evictionPolicy=policy))
    assert held == Memory(limit_bytes=int(0.8 * 2**30), policy=word)


async def test_the_name_of_a_cluster_is_taken_in_its_region(azure: Azure) -> None:
    await create(azure, CLUSTER)
    await create(azure, "resources:ResourceGroup", resourceGroupName="other")

    with refused(409, "NameNotAvailable", "The cluster name 'CACHE' is already in use."):
        await create(azure, CLUSTER, clusterName="CACHE", resourceGroupName="other")
    await create(azure, CLUSTER, resourceGroupName="other", location="northeurope")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"highAvailability": "Disabled"}, "High availability cannot be disabled once it is enabled."),
        ({"sku": {"name": "Balanced_B0"}}, "Scaling down from 'Balanced_B1' to 'Balanced_B0'"),
    ],
)
async def test_a_cluster_does_not_go_back(azure: Azure, change: dict[str, Any], text: str) -> None:
    made = await create(azure, CLUSTER)

    with refused(400, "BadRequest", text):
        await azure.update(made.id, {**made.inputs, **change})


async def test_a_database_needs_its_cluster_and_an_assignment_its_database(azure: Azure) -> None:
    with refused(404, "ResourceNotFound", "'Microsoft.Cache/redisEnterprise/cache' was not found"):
        await create(azure, DATABASE)
    with refused(404, "ResourceNotFound", "was not found"):
        await create(azure, ASSIGNMENT)


async def test_one_shard_holds_at_most_25_gigabytes(azure: Azure) -> None:
    on_record(azure, CLUSTER, sku={"name": "Balanced_B50"})

    with refused(400, "BadRequest", "NoCluster is supported up to 25 GB; 'Balanced_B50' has more."):
        await create(azure, DATABASE, clusteringPolicy="NoCluster")


async def test_the_clustering_policy_stays(azure: Azure) -> None:
    on_record(azure, CLUSTER)
    made = on_record(azure, DATABASE)

    with refused(400, "BadRequest", "cannot be updated without deleting the database"):
        await azure.update(made.id, {**made.inputs, "clusteringPolicy": "NoCluster"})


async def test_there_is_one_policy_and_a_name_rule(azure: Azure) -> None:
    assert list(problems_of(azure, ASSIGNMENT, accessPolicyName="reader")) == ["accessPolicyName"]
    for name in ("a_b", "91c1e064-da28-45b9-936a-bc638d7bac55"):
        assert list(problems_of(azure, ASSIGNMENT, accessPolicyAssignmentName=name)) == ["accessPolicyAssignmentName"]


async def test_a_database_runs_with_its_assignments_until_it_is_deleted(azure: Azure) -> None:
    cluster = await create(azure, CLUSTER)
    database = await create(azure, DATABASE, evictionPolicy="VolatileTTL")
    assignment = await create(azure, ASSIGNMENT)
    with refused(409, "Conflict", "already has an access policy assignment"):
        await create(azure, ASSIGNMENT, accessPolicyAssignmentName="again")

    moved = {**assignment.inputs, "user": {"objectId": "00000000-0000-4000-8000-0000000000b2"}}
    await azure.update(assignment.id, moved)
    await azure.update(database.id, {**database.inputs, "evictionPolicy": "AllKeysLRU"})
    larger = await azure.update(cluster.id, {**cluster.inputs, "sku": {"name": "Balanced_B3"}})

    assert cluster.outputs["hostName"] == larger.outputs["hostName"] == "127.0.0.1"
    assert azure.statuses()[0]["address"] == f"127.0.0.1:{database.outputs['port']}"
    await azure.delete(cluster.id)
    assert azure.statuses() == []
    with pytest.raises(StateError, match="no Redis database of cluster 'cache' runs"):
        await azure.runtime.redis.admit("cache", "anybody")


async def test_a_database_comes_back_on_its_port_with_its_assignments(azure: Azure) -> None:
    await create(azure, CLUSTER)
    database = await create(azure, DATABASE)
    await create(azure, ASSIGNMENT)
    await azure.runtime.redis.stop_all()

    await azure.recover()

    held = Memory(limit_bytes=0, policy="noeviction")
    assert await azure.runtime.redis.create("cache", held) == database.outputs["port"]
