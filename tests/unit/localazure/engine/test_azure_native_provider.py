"""The azure-native provider, asked as the engine asks it (local-azure.md sections 1.4 and 2)."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from localazure.azure import Azure
from localazure.engine.azure_native import AzureNative
from localazure.engine.wire import UNKNOWN, dump, load
from tests.unit.localazure.arm import ACCEPTED, ACR_PULL, GROUP, create, grant, urn
from tests.unit.localazure.engine.plugin import Provider, serving

GROUP_TYPE, SERVER, VAULT = "resources:ResourceGroup", "dbforpostgresql:Server", "keyvault:Vault"
IDENTITY, ROLE = "managedidentity:UserAssignedIdentity", "authorization:RoleAssignment"
SEED = b"seed"


@pytest.fixture
async def port(azure: Azure) -> AsyncGenerator[int]:
    def register(server: Any) -> None:
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(AzureNative(azure, "3.29.0"), server)

    async with serving(register) as listening:
        yield listening


@pytest.fixture
async def provider(port: int) -> AsyncGenerator[Provider]:
    async with Provider.connected(port) as connected:
        yield connected


async def configure(provider: Provider, location: str) -> Any:
    return await provider.stub.Configure(
        provider_pb2.ConfigureRequest(variables={"azure-native:config:location": location})
    )


async def test_an_engine_attaches_and_learns_what_the_provider_can(provider: Provider) -> None:
    await provider.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
    info = await provider.stub.GetPluginInfo(empty_pb2.Empty())
    can = await configure(provider, "westeurope")

    assert info.version == "3.29.0"
    assert (can.supportsPreview, can.supports_autonaming_configuration) == (True, True)
    assert (can.acceptSecrets, can.acceptResources, can.acceptOutputs) == (False, False, False)


async def test_a_name_comes_from_the_seed(provider: Provider) -> None:
    names = [
        (await provider.check(urn(GROUP_TYPE, name), {"location": "westeurope"}, randomSeed=seed))[0]
        for name, seed in (("a", SEED), ("a", SEED), ("a", b"other"), ("b", SEED))
    ]

    one, same, other_seed, other_urn = (checked["resourceGroupName"] for checked in names)
    assert one == same
    assert len({one, other_seed, other_urn}) == 3
    assert (one[0], len(one)) == ("a", 9)
    assert names[0]["__createBeforeDelete"] is True


async def test_a_name_that_was_given_before_stays(provider: Provider) -> None:
    olds = {"resourceGroupName": "old", "__createBeforeDelete": True}

    checked, failures = await provider.check(urn(GROUP_TYPE), {"location": "westeurope"}, olds, randomSeed=SEED)

    assert failures == {}
    assert checked == {"location": "westeurope", "azureApiVersion": checked["azureApiVersion"], **olds}


async def test_the_engine_may_propose_a_name_or_forbid_automatic_ones(provider: Provider) -> None:
    options = provider_pb2.CheckRequest.AutonamingOptions
    proposed, _ = await provider.check(
        urn(GROUP_TYPE), {"location": "westeurope"}, autonaming=options(proposed_name="proposed", mode=options.PROPOSE)
    )
    forbidden, failures = await provider.check(
        urn(GROUP_TYPE), {"location": "westeurope"}, autonaming=options(mode=options.DISABLE)
    )

    assert proposed["resourceGroupName"] == "proposed"
    assert "resourceGroupName" not in forbidden
    assert failures == {"resourceGroupName": "missing required property 'resourceGroupName'"}


async def test_the_automatic_name_of_a_role_assignment_is_a_guid(provider: Provider) -> None:
    inputs = {"principalId": "00000000-0000-4000-8000-0000000000b1", "roleDefinitionId": ACR_PULL, "scope": GROUP}

    checked, failures = await provider.check(urn(ROLE), inputs, randomSeed=SEED)

    assert failures == {}
    assert [len(part) for part in checked["roleAssignmentName"].split("-")] == [8, 4, 4, 4, 12]


async def test_the_default_location_belongs_to_the_provider_instance_of_a_connection(port: int) -> None:
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(Provider.connected(port)) for _ in range(2)]
        await configure(one, "westeurope")
        await configure(other, "northeurope")

        found = [
            (await each.check(urn(GROUP_TYPE), {"resourceGroupName": "a"}))[0]["location"] for each in (one, other)
        ]

    assert found == ["westeurope", "northeurope"]


async def test_without_a_default_a_resource_goes_where_its_group_is(provider: Provider, azure: Azure) -> None:
    await create(azure, GROUP_TYPE, location="North Europe")

    in_group, _ = await provider.check(urn(IDENTITY), {"resourceGroupName": "rg", "resourceName": "a"})
    unknown, _ = await provider.check(urn(IDENTITY), {"resourceGroupName": UNKNOWN, "resourceName": "a"})
    kept, _ = await provider.check(urn(IDENTITY), {"resourceGroupName": "rg", "resourceName": "a"}, {"location": "old"})

    assert [checked["location"] for checked in (in_group, unknown, kept)] == ["northeurope", UNKNOWN, "old"]


@pytest.mark.parametrize(
    ("inputs", "property_name", "reason"),
    [
        ({"vaultNam": "kv"}, "vaultNam", "Could not find member 'vaultNam'"),
        (
            {"properties": {"tenantId": "t", "sku": {"nam": "x"}}},
            "properties",
            "Could not find member 'nam'",
        ),
        ({"properties": "text"}, "properties", "should be an object"),
        ({"vaultName": "no_underscores"}, "vaultName", "not a valid name"),
        ({"vaultName": 5}, "vaultName", "should be of type 'string'"),
    ],
)
async def test_what_the_sdk_or_the_service_would_not_take_fails_the_check(
    provider: Provider, inputs: dict[str, Any], property_name: str, reason: str
) -> None:
    _, failures = await provider.check(urn(VAULT), {**ACCEPTED[VAULT], **inputs})

    assert list(failures) == [property_name]
    assert reason in failures[property_name]


async def test_what_only_the_deployment_will_tell_passes_the_check(provider: Provider) -> None:
    inputs = {**ACCEPTED[VAULT], "vaultName": UNKNOWN, "properties": {"tenantId": UNKNOWN, "sku": UNKNOWN}}

    checked, failures = await provider.check(urn(VAULT), inputs)

    assert failures == {}
    assert checked["vaultName"] == UNKNOWN


@pytest.mark.parametrize("rpc", ["Check", "Create", "Diff", "Read"])
async def test_a_type_without_behaviour_is_not_simulated_by_any_call(provider: Provider, rpc: str) -> None:
    request = getattr(provider_pb2, f"{rpc}Request")(urn=urn("search:Service"))
    try:
        said = str((await getattr(provider.stub, rpc)(request)).failures)
    except grpc.aio.AioRpcError as error:
        said = str(error.details())

    assert "NotSimulated" in said
    assert "azure-native:search:Service" in said


@pytest.mark.parametrize(
    ("token", "changes", "replaced"),
    [
        (VAULT, {"vaultName": "other"}, ["vaultName"]),
        (VAULT, {"tags": {"a": "b"}}, []),
        (VAULT, {"location": "West Europe"}, None),
        (VAULT, {"location": "northeurope"}, ["location"]),
        (VAULT, {}, None),
        ("dbforpostgresql:Server", {"backup": {"geoRedundantBackup": "Enabled"}}, []),
        ("dbforpostgresql:Server", {"administratorLogin": "a"}, ["administratorLogin"]),
        (ROLE, {"principalId": "other"}, ["principalId"]),
    ],
)
async def test_a_change_is_made_in_place_or_replaces(
    provider: Provider, token: str, changes: dict[str, Any], replaced: list[str] | None
) -> None:
    """None: no change at all."""
    old = {"principalId": "one", **ACCEPTED[token]}

    answer = await provider.diff(urn(token), "id", old, {**old, **changes})

    some = provider_pb2.DiffResponse.DIFF_NONE if replaced is None else provider_pb2.DiffResponse.DIFF_SOME
    assert answer.changes == some
    assert list(answer.replaces) == (replaced or [])
    assert answer.deleteBeforeReplace is bool(replaced)
    assert list(answer.diffs) == ([] if replaced is None else list(changes))


async def test_a_resource_with_an_automatic_name_is_made_before_the_old_one_goes(provider: Provider) -> None:
    old = {**ACCEPTED[VAULT], "__createBeforeDelete": True}

    answer = await provider.diff(urn(VAULT), "id", old, {**old, "vaultName": "other"})

    assert (list(answer.replaces), answer.deleteBeforeReplace) == (["vaultName"], False)
    kinds = {path: change.kind for path, change in answer.detailedDiff.items()}
    assert kinds == {"vaultName": provider_pb2.PropertyDiff.UPDATE_REPLACE}


async def test_a_preview_makes_nothing_and_leaves_open_what_the_service_will_say(
    provider: Provider, azure: Azure
) -> None:
    made_id, outputs = await provider.create(urn(VAULT), ACCEPTED[VAULT], preview=True)
    update = await provider.stub.Update(
        provider_pb2.UpdateRequest(
            urn=urn(VAULT), news=dump(dict(ACCEPTED[VAULT])), olds=dump({"name": "vault"}), preview=True
        )
    )

    assert made_id == ""
    assert outputs["properties"]["vaultUri"] == UNKNOWN
    assert outputs["properties"]["sku"] == {"family": "A", "name": "standard"}
    assert (outputs["name"], load(update.properties)["name"]) == (UNKNOWN, "vault")
    assert azure.store.records() == []


async def test_a_resource_lives_from_create_over_update_and_read_to_delete(provider: Provider, azure: Azure) -> None:
    made_id, outputs = await provider.create(urn(GROUP_TYPE), ACCEPTED[GROUP_TYPE])
    tagged = {**ACCEPTED[GROUP_TYPE], "tags": {"a": "b"}}
    update = await provider.stub.Update(
        provider_pb2.UpdateRequest(urn=urn(GROUP_TYPE), id=made_id, news=dump(tagged), olds=dump(outputs))
    )
    read = await provider.stub.Read(provider_pb2.ReadRequest(urn=urn(GROUP_TYPE), id=made_id))
    await provider.stub.Delete(provider_pb2.DeleteRequest(urn=urn(GROUP_TYPE), id=made_id))
    again = await provider.stub.Read(provider_pb2.ReadRequest(urn=urn(GROUP_TYPE), id=made_id))
    await provider.stub.Delete(provider_pb2.DeleteRequest(urn=urn(GROUP_TYPE), id=made_id))

    assert made_id == GROUP
    assert load(update.properties)["tags"] == {"a": "b"}
    assert (read.id, load(read.inputs)) == (GROUP, tagged)
    assert again.id == ""
    assert azure.store.records() == []


async def test_a_refresh_takes_over_what_changed_behind_the_program(provider: Provider, azure: Azure) -> None:
    made_id, before = await provider.create(urn(GROUP_TYPE), {**ACCEPTED[GROUP_TYPE], "tags": {"a": "b"}})
    await azure.update(made_id, {**ACCEPTED[GROUP_TYPE], "tags": {"a": "drifted"}})

    read = await provider.stub.Read(
        provider_pb2.ReadRequest(
            urn=urn(GROUP_TYPE), id=made_id, properties=dump(before), inputs=dump({"location": "kept", "tags": {}})
        )
    )

    assert load(read.inputs) == {"location": "kept", "tags": {"a": "drifted"}}


async def test_a_refusal_reaches_the_user_in_the_words_of_arm(provider: Provider) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await provider.create(urn(VAULT), ACCEPTED[VAULT])

    message = "Resource group 'rg' could not be found."
    assert caught.value.details() == f'Status=404 Code="ResourceGroupNotFound" Message="{message}"'
    assert "grpc-status-details-bin" not in dict(caught.value.trailing_metadata() or ())


async def app_of_a_damaged_image(azure: Azure) -> dict[str, Any]:
    """Inputs that are accepted: that the image was damaged shows only when it is unpacked."""
    identity = await create(azure, "managedidentity:UserAssignedIdentity")
    await grant(azure, identity, ACR_PULL, await create(azure, "containerregistry:Registry"))
    digest = azure.runtime.images.add(b"layer")
    for blob in (azure.runtime.images.layout(digest) / "blobs" / "sha256").iterdir():
        blob.write_bytes(b"damaged")
    return {
        **ACCEPTED["app:ContainerApp"],
        "configuration": {"registries": [{"identity": identity.id, "server": "registry.azurecr.io"}]},
        "environmentId": (await create(azure, "app:ManagedEnvironment")).id,
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [identity.id]},
        "template": {"containers": [{"image": f"registry.azurecr.io/api@{digest}", "name": "api"}]},
    }


async def test_a_resource_that_was_accepted_and_then_failed_is_kept_by_the_engine(
    provider: Provider, azure: Azure
) -> None:
    inputs = await app_of_a_damaged_image(azure)

    with pytest.raises(grpc.aio.AioRpcError, match="ContainerAppOperationError") as caught:
        await provider.create(urn("app:ContainerApp"), inputs)

    trailing: dict[str, Any] = dict(caught.value.trailing_metadata() or ())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    [app] = azure.find("app:ContainerApp")
    assert detail.id == app.id
    assert load(detail.inputs) == inputs
    assert load(detail.properties)["provisioningState"] == "Failed"
    assert "was changed" in detail.reasons[0]


async def test_a_create_whose_engine_is_killed_is_carried_to_its_end_and_adopted_once(
    provider: Provider, azure: Azure, state: Path
) -> None:
    await create(azure, GROUP_TYPE)
    call = provider.stub.Create(provider_pb2.CreateRequest(urn=urn(SERVER), properties=dump(dict(ACCEPTED[SERVER]))))
    await eventually((state / "postgres" / "server").exists)
    assert azure.find(SERVER) == []
    call.cancel()
    await eventually(lambda: azure.find(SERVER) != [])

    made_id, outputs = await provider.create(urn(SERVER), ACCEPTED[SERVER])
    await provider.diff(urn(SERVER), made_id, ACCEPTED[SERVER], ACCEPTED[SERVER])
    with pytest.raises(grpc.aio.AioRpcError, match="cannot create already existing resource"):
        await provider.create(urn(SERVER), ACCEPTED[SERVER])

    assert azure.need(made_id).outputs == outputs


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.005)


async def test_functions_answer_from_what_exists(provider: Provider, azure: Azure) -> None:
    vault = await create(azure, VAULT)
    arguments = dump({"resourceGroupName": "rg", "vaultName": "vault"})

    found = await provider.stub.Invoke(provider_pb2.InvokeRequest(tok="azure-native:keyvault:getVault", args=arguments))
    client = await provider.stub.Invoke(provider_pb2.InvokeRequest(tok="azure-native:authorization:getClientConfig"))

    assert load(getattr(found, "return"))["id"] == vault.id
    assert load(getattr(client, "return"))["subscriptionId"] == azure.subscription_id


@pytest.mark.parametrize(
    ("token", "arguments", "text"),
    [
        ("keyvault:getVault", {"resourceGroupName": "rg", "vaultName": "none"}, "ResourceNotFound"),
        ("keyvault:getVault", {"resourceGroupName": "rg"}, "missing required property 'vaultName'"),
        ("storage:listStorageAccountKeys", {}, "NotSimulated"),
        ("search:getService", {}, "NotSimulated"),
    ],
)
async def test_a_function_that_cannot_be_answered_says_why(
    provider: Provider, token: str, arguments: dict[str, Any], text: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match=text):
        await provider.stub.Invoke(provider_pb2.InvokeRequest(tok=f"azure-native:{token}", args=dump(arguments)))
