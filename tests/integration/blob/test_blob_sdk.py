"""The blob data plane, used by the official SDK over TLS with real tokens."""

import os
from pathlib import Path
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobType, ContentSettings
from blob_harness import Place, content_of, names_in, open_place

from tests.unit.localazure.arm import BLOB_READER, create, grant


def _code(error: Any) -> str:
    """Azure's error code, which the SDK adds to its exceptions."""
    return error.error_code


async def test_a_blob_comes_back_as_it_was_written(place: Place) -> None:
    settings = ContentSettings(content_type="application/json")
    async with place.backups() as client:
        await client.upload_blob("day/1.json", b'{"a": 1}', metadata={"owner": "ops"}, content_settings=settings)
        properties = await client.get_blob_client("day/1.json").get_blob_properties()
        assert await content_of(client, "day/1.json") == b'{"a": 1}'
    assert (properties.size, properties.metadata) == (8, {"owner": "ops"})
    assert properties.content_settings.content_type == "application/json"
    assert properties.blob_type == BlobType.BLOCKBLOB


async def test_an_empty_blob_and_a_part_of_a_blob_are_read(place: Place) -> None:
    async with place.backups() as client:
        await client.upload_blob("empty", b"")
        await client.upload_blob("digits", b"0123456789")
        assert await content_of(client, "empty") == b""
        assert await content_of(client, "digits", offset=3, length=4) == b"3456"
        assert await content_of(client, "digits", offset=8) == b"89"


async def test_a_large_blob_is_written_in_blocks_and_read_in_ranges(place: Place) -> None:
    content = os.urandom(300_000)
    sizes: dict[str, Any] = {"max_single_put_size": 1024, "max_block_size": 65_536, "max_single_get_size": 100_000}
    async with place.client(**sizes) as service:
        client = service.get_container_client("backups")
        await client.upload_blob("large", content)
        assert await content_of(client, "large") == content
        assert await names_in(client) == ["large"]
    assert not list(place.azure.runtime.logs.parent.glob("blobs/*/backups/blocks/*"))


async def test_blobs_are_listed_by_prefix_and_page_by_page(place: Place) -> None:
    async with place.backups() as client:
        for name in ("a/1", "a/2", "a/3", "b/1 ä&<"):
            await client.upload_blob(name, b"x", metadata={"k": "v"})
        assert await names_in(client, name_starts_with="a/", results_per_page=2) == ["a/1", "a/2", "a/3"]
        [blob] = [b async for b in client.list_blobs(name_starts_with="b/", include=["metadata"])]
    assert (blob.name, blob.metadata, blob.size) == ("b/1 ä&<", {"k": "v"}, 1)


async def test_a_name_is_written_once_where_that_is_asked_for(place: Place) -> None:
    async with place.backups() as client:
        await client.upload_blob("once", b"1")
        with pytest.raises(ResourceExistsError, match="The specified blob already exists"):
            await client.upload_blob("once", b"2", overwrite=False)
        assert await content_of(client, "once") == b"1"


async def test_a_write_on_a_changed_blob_is_refused_by_its_etag(place: Place) -> None:
    async with place.backups() as client:
        first = await (await client.upload_blob("x", b"1")).get_blob_properties()
        await client.upload_blob("x", b"2", overwrite=True)
        condition: dict[str, Any] = {"etag": first.etag, "match_condition": MatchConditions.IfNotModified}
        with pytest.raises(ResourceModifiedError, match="condition specified"):
            await client.upload_blob("x", b"3", overwrite=True, **condition)
        assert await content_of(client, "x") == b"2"


async def test_overwriting_keeps_the_version_before(place: Place) -> None:
    async with place.backups() as client:
        first = await (await client.upload_blob("x", b"1")).get_blob_properties()
        await client.upload_blob("x", b"2", overwrite=True)
        versions = [b async for b in client.list_blobs(include=["versions"])]
        assert [b.is_current_version for b in versions] == [None, True]
        assert await content_of(client, "x", version_id=first.version_id) == b"1"
        assert await content_of(client, "x") == b"2"


async def test_a_deleted_blob_is_an_earlier_version_and_a_deleted_version_is_recovered(place: Place) -> None:
    async with place.backups() as client:
        made = await (await client.upload_blob("x", b"1")).get_blob_properties()
        blob = client.get_blob_client("x")
        await blob.delete_blob()
        assert await names_in(client) == []
        with pytest.raises(ResourceNotFoundError, match="The specified blob does not exist"):
            await content_of(client, "x")
        assert await content_of(client, "x", version_id=made.version_id) == b"1"
        await blob.delete_blob(version_id=made.version_id)
        assert await names_in(client, include=["versions"]) == []
        assert await names_in(client, include=["versions", "deleted"]) == ["x"]
        await blob.undelete_blob()
        assert await content_of(client, "x", version_id=made.version_id) == b"1"


async def test_without_versions_a_deleted_blob_itself_is_recovered(place: Place) -> None:
    await place.make_container_again()
    service = place.azure.need(f"{place.account.id}/blobServices/default")
    await place.azure.update(service.id, {**service.inputs, "isVersioningEnabled": False})
    async with place.backups() as client:
        await client.upload_blob("x", b"1")
        blob = client.get_blob_client("x")
        await blob.delete_blob()
        assert await names_in(client, include=["deleted"]) == ["x"]
        await blob.undelete_blob()
        assert await content_of(client, "x") == b"1"


async def test_a_version_that_is_immutable_cannot_be_deleted_but_its_name_written_again(place: Place) -> None:
    await create(place.azure, "storage:BlobContainerImmutabilityPolicy")
    async with place.backups() as client:
        first = await (await client.upload_blob("x", b"1")).get_blob_properties()
        await client.upload_blob("x", b"2", overwrite=True)
        with pytest.raises(HttpResponseError, match="immutable due to a policy") as refused:
            await client.get_blob_client("x").delete_blob(version_id=first.version_id)
        await client.get_blob_client("x").delete_blob()
        assert await names_in(client, include=["versions"]) == ["x", "x"]
    assert (refused.value.status_code, _code(refused.value)) == (409, "BlobImmutableDueToPolicy")


async def test_without_version_level_an_immutable_blob_is_neither_overwritten_nor_deleted(place: Place) -> None:
    await place.make_container_again()
    await create(place.azure, "storage:BlobContainerImmutabilityPolicy")
    async with place.backups() as client:
        await client.upload_blob("x", b"1")
        with pytest.raises(HttpResponseError, match="immutable due to a policy"):
            await client.upload_blob("x", b"2", overwrite=True)
        with pytest.raises(HttpResponseError, match="immutable due to a policy"):
            await client.get_blob_client("x").delete_blob()
        assert await content_of(client, "x") == b"1"


async def test_a_role_is_needed_and_reading_is_not_writing(place: Place) -> None:
    stranger = await create(place.azure, "managedidentity:UserAssignedIdentity", resourceName="stranger")
    async with place.backups() as client, place.backups(stranger) as other:
        await client.upload_blob("x", b"1")
        with pytest.raises(HttpResponseError, match="not authorized to perform this operation") as refused:
            await content_of(other, "x")
        await grant(place.azure, stranger, BLOB_READER, place.container, name="reader")
        assert await content_of(other, "x") == b"1"
        with pytest.raises(HttpResponseError, match="not authorized to perform this operation"):
            await other.upload_blob("y", b"2")
    assert (refused.value.status_code, _code(refused.value)) == (403, "AuthorizationPermissionMismatch")


async def test_a_token_for_another_service_is_not_believed(place: Place) -> None:
    async with place.client(resource="https://vault.azure.net") as client:
        with pytest.raises(ClientAuthenticationError, match="failed to authenticate"):
            await content_of(client.get_container_client("backups"), "x")


async def test_an_account_key_opens_nothing(place: Place) -> None:
    async with place.client(credential={"account_name": "a", "account_key": "c2VjcmV0"}) as service:
        client = service.get_container_client("backups")
        with pytest.raises(HttpResponseError, match="Key based authentication is not permitted"):
            await content_of(client, "x")


async def test_a_container_that_is_not_there_is_named_so(place: Place) -> None:
    await grant(place.azure, place.identity, BLOB_READER, place.account, name="all")
    async with place.client() as client:
        assert [container.name async for container in client.list_containers()] == ["backups"]
        assert await client.get_container_client("backups").exists()
        assert not await client.get_container_client("nowhere").exists()
        with pytest.raises(ResourceNotFoundError, match="The specified container does not exist"):
            await content_of(client.get_container_client("nowhere"), "x")


async def test_what_is_not_imitated_says_so(place: Place) -> None:
    async with place.backups() as client:
        with pytest.raises(HttpResponseError, match="does not imitate"):
            await client.upload_blob("x", b"1", blob_type=BlobType.APPENDBLOB)


async def test_blobs_and_their_address_survive_the_end_of_the_daemon(state: Path) -> None:
    async with open_place(state) as place, place.backups() as client:
        await client.upload_blob("x", b"1", metadata={"k": "v"})
        address = place.account.outputs["primaryEndpoints"]["blob"]
    async with open_place(state) as again, again.backups() as client:
        assert again.account.outputs["primaryEndpoints"]["blob"] == address
        assert await content_of(client, "x") == b"1"
        assert (await client.get_blob_client("x").get_blob_properties()).metadata == {"k": "v"}


async def test_the_content_of_a_container_goes_with_it(place: Place) -> None:
    async with place.backups() as client:
        await client.upload_blob("x", b"1")
        await place.make_container_again()
        assert await names_in(client) == []
    await place.azure.delete(place.account.id)
    assert not list(place.azure.runtime.logs.parent.glob("blobs/*"))
