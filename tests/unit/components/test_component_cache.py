"""The Redis cache. Mocks prove construction, nothing of Azure."""

import pulumi
import pytest
from hypothesis import given, settings, strategies
from pydantic import ValidationError

from components.cache import Cache, CacheArgs, CacheSettings
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from tests.computed import guid
from tests.tape import Tape, record, recorded_once
from tests.unit.components.parts import platform, tags

SMALLEST = CacheSettings(
    sku="Balanced_B0",
    high_availability=False,
    clustering_policy="NoCluster",
    eviction_policy="VolatileLRU",
    persistence="Disabled",
    private=False,
    protect=False,
)
EVERYTHING = CacheSettings(
    sku="Balanced_B50",
    high_availability=True,
    clustering_policy="EnterpriseCluster",
    eviction_policy="AllKeysLRU",
    persistence="6h",
    private=True,
    protect=True,
)


@recorded_once
def _tape(sized: CacheSettings, *identities: str) -> Tape:
    def program() -> None:
        place = platform()
        cache = Cache("cache", CacheArgs(platform=place, settings=sized))
        for name in identities:
            cache.grant_access(WorkloadIdentity(name, WorkloadIdentityArgs(platform=place)))
        link = cache.private_link
        pulumi.export("address", pulumi.Output.concat(cache.host, ":", cache.port))
        pulumi.export("private", link and link.resource_id.apply(lambda _: link.service.group_id))

    return record(program)


def test_smallest_is_a_cluster_that_speaks_tls() -> None:
    tape = _tape(SMALLEST)
    cluster = tape.one("RedisEnterprise", "cache")
    assert not cluster.protect
    assert cluster.inputs == {
        "clusterName": "amr-dme-test-abc1",
        "highAvailability": "Disabled",
        "minimumTlsVersion": "1.2",
        "publicNetworkAccess": "Enabled",
        "resourceGroupName": "rg-dme-test",
        "sku": {"name": "Balanced_B0"},
        "tags": tags("cache"),
    }
    assert tape.exports["address"] == "amr-dme-test-abc1.swedencentral.redis.azure.net:10000"
    assert "private" not in tape.exports


def test_the_database_knows_no_keys_and_asks_for_no_port() -> None:
    database = _tape(SMALLEST).one("redisenterprise:Database", "cache-default")
    assert database.inputs == {
        "accessKeysAuthentication": "Disabled",
        "clientProtocol": "Encrypted",
        "clusterName": "amr-dme-test-abc1",
        "clusteringPolicy": "NoCluster",
        "databaseName": "default",
        "evictionPolicy": "VolatileLRU",
        "persistence": {"aofEnabled": False, "rdbEnabled": False},
        "resourceGroupName": "rg-dme-test",
    }


def test_everything_is_replicated_written_to_disk_private_and_protected() -> None:
    tape = _tape(EVERYTHING)
    cluster, database = tape.one("RedisEnterprise", "cache"), tape.one("redisenterprise:Database", "cache-default")
    assert (cluster.inputs["highAvailability"], cluster.inputs["publicNetworkAccess"]) == ("Enabled", "Disabled")
    assert database.inputs["persistence"] == {"aofEnabled": False, "rdbEnabled": True, "rdbFrequency": "6h"}
    assert (cluster.protect, database.protect) == (True, True)
    assert tape.exports["private"] == "redisEnterprise"


def test_an_append_only_file_is_the_other_way_to_disk() -> None:
    appending = EVERYTHING.model_copy(update={"persistence": "1s"})
    database = _tape(appending).one("redisenterprise:Database", "cache-default")
    assert database.inputs["persistence"] == {"aofEnabled": True, "aofFrequency": "1s", "rdbEnabled": False}


def test_access_is_given_to_one_identity_after_another() -> None:
    tape = _tape(SMALLEST, "api", "worker")
    api = tape.one("AccessPolicyAssignment", "cache-api")
    worker = tape.one("AccessPolicyAssignment", "cache-worker")
    assert api.inputs["user"] == {"objectId": guid("principal of id-dme-api-test")}
    assert api.inputs["accessPolicyName"] == "default"
    assert api.inputs["accessPolicyAssignmentName"] == guid("principal of id-dme-api-test").replace("-", "")
    assert api.urn in worker.depends_on


@settings(max_examples=30)
@given(
    strategies.sampled_from(["Balanced_B0", "Balanced_B20", "Balanced_B50", "Balanced_B100"]),
    strategies.sampled_from(["EnterpriseCluster", "NoCluster"]),
)
def test_refused_is_one_shard_for_more_than_25_gigabytes(sku: str, policy: str) -> None:
    fits = policy == "EnterpriseCluster" or sku in {"Balanced_B0", "Balanced_B20"}
    found = [*CacheSettings.model_construct(sku=sku, clustering_policy=policy).conflicts()]  # pyright: ignore[reportArgumentType] - any sample
    assert [key for key, _ in found] == ([] if fits else ["clustering_policy"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"sku": "Premium_P1"}, "Input should be 'Balanced_B0'"),
        ({"clustering_policy": "OSSCluster"}, "Input should be 'EnterpriseCluster' or 'NoCluster'"),
        ({"persistence": "always"}, "Input should be 'Disabled'"),
        ({"sku": "Balanced_B50"}, "needs at most 25 GB, Balanced_B50 has more"),
    ],
)
def test_refused_is_what_azure_would_refuse(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        CacheSettings.model_validate(SMALLEST.model_dump() | change)
