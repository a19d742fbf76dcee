"""What the subscription does with every type of resource."""

import asyncio
from pathlib import Path

import pytest

from localazure.azure import Azure
from localazure.errors import NotSimulatedError, StateError
from localazure.runtime import Runtime
from localazure.services.catalog import TYPES
from localazure.shapes import resource_shape
from localazure.store import Record, Store
from localazure.subscription import TENANT_ID
from tests.unit.localazure.arm import ACCEPTED, GROUP, create, problems_of, refused, urn

IDENTITY = "managedidentity:UserAssignedIdentity"


@pytest.mark.parametrize("token", sorted(TYPES))
async def test_the_accepted_inputs_of_a_type_break_none_of_its_rules(azure: Azure, token: str) -> None:
    assert problems_of(azure, token) == {}
    assert not ACCEPTED[token].keys() - resource_shape(token).inputs.keys()


async def test_a_type_without_behaviour_is_not_simulated(azure: Azure) -> None:
    with pytest.raises(NotSimulatedError, match="no behaviour for 'azure-native:search:Service'"):
        azure.type_of("search:Service")


async def test_what_every_get_answers_is_derived_from_the_id_and_the_sdk(azure: Azure) -> None:
    made = await create(azure, IDENTITY, location="West Europe", tags={"owner": "platform"})

    assert made.id == f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity"
    assert made.outputs["name"] == "identity"
    assert made.outputs["type"] == "Microsoft.ManagedIdentity/userAssignedIdentities"
    assert made.outputs["location"] == "westeurope"
    assert made.outputs["tags"] == {"owner": "platform"}
    assert made.outputs["azureApiVersion"] == resource_shape(IDENTITY).api_version


async def test_an_id_that_exists_is_refused_whatever_its_case(azure: Azure) -> None:
    await create(azure, IDENTITY)

    with refused(409, "Conflict", "cannot create already existing resource"):
        await create(azure, IDENTITY, resourceName="IDENTITY")


async def test_a_create_that_no_engine_knows_of_is_adopted_by_the_same_urn_alone(azure: Azure) -> None:
    inputs = {"location": "westeurope", "resourceGroupName": "rg"}
    await azure.create("resources:ResourceGroup", inputs, urn("resources:ResourceGroup"))

    with refused(409, "Conflict", "already existing"):
        await azure.create("resources:ResourceGroup", inputs, urn("resources:ResourceGroup", "other"))
    adopted = await azure.create(
        "resources:ResourceGroup", {**inputs, "tags": {"a": "b"}}, urn("resources:ResourceGroup")
    )

    assert adopted.outputs["tags"] == {"a": "b"}


async def test_a_resource_in_a_group_that_is_not_there_is_refused(azure: Azure) -> None:
    with refused(404, "ResourceGroupNotFound", "Resource group 'rg' could not be found"):
        await azure.create(IDENTITY, {**ACCEPTED[IDENTITY]}, urn(IDENTITY))


async def test_a_resource_without_a_location_is_refused(azure: Azure) -> None:
    with refused(400, "LocationRequired", "pulumi config set azure-native:location"):
        await azure.create("resources:ResourceGroup", {"resourceGroupName": "rg"}, urn("resources:ResourceGroup"))

    assert azure.get(GROUP) is None


async def test_a_resource_without_a_name_is_refused(azure: Azure) -> None:
    await create(azure, "resources:ResourceGroup")

    with refused(400, "MissingName", "'resourceName'"):
        await azure.create(IDENTITY, {"location": "westeurope", "resourceGroupName": "rg"}, urn(IDENTITY))


async def test_an_update_of_what_is_gone_is_refused_in_the_words_of_arm(azure: Azure) -> None:
    with refused(404, "ResourceNotFound", "The Resource 'Microsoft.X/things/a' was not found"):
        await azure.update(f"{GROUP}/providers/Microsoft.X/things/a", {})


async def test_a_refused_update_leaves_the_resource_as_it_was(azure: Azure) -> None:
    component = await create(azure, "applicationinsights:Component")
    before = azure.need(component.id)

    with refused(404, "ResourceNotFound", "/workspaces/none"):
        await azure.update(component.id, {**component.inputs, "workspaceResourceId": f"{GROUP}/workspaces/none"})

    assert azure.need(component.id) == before


async def test_the_deletion_of_a_group_deletes_what_is_in_it(azure: Azure) -> None:
    environment = await create(azure, "app:ManagedEnvironment")
    vault = await create(azure, "keyvault:Vault")
    await create(azure, "keyvault:Secret")
    # of the same depth as its environment, which refuses to go before it
    app = Record(token="app:ContainerApp", id=f"{GROUP}/providers/Microsoft.App/containerApps/a", inputs={}, outputs={})
    app.inputs["environmentId"] = environment.id
    azure.store.put(app)

    await azure.delete(GROUP)

    assert azure.store.records() == []
    assert [gone.id for gone in azure.store.deleted()] == [vault.id]


async def test_deleting_what_is_gone_is_no_error(azure: Azure) -> None:
    await azure.delete(GROUP)

    assert azure.store.records() == []


async def test_operations_on_one_resource_take_turns(azure: Azure) -> None:
    """The second create adopts what the first one, whose engine was killed, has made; neither sees it half made."""
    await create(azure, "resources:ResourceGroup")
    inputs = dict(ACCEPTED["keyvault:Vault"])

    first, second = await asyncio.gather(*(azure.create("keyvault:Vault", inputs, urn("keyvault:Vault")) for _ in "12"))

    assert first.outputs["properties"]["vaultUri"] == second.outputs["properties"]["vaultUri"]


async def test_what_ran_comes_back_at_its_address(state: Path) -> None:
    uris: list[str] = []
    for _ in range(2):
        store = Store(state / "azure.json")
        async with Runtime.open(state, TENANT_ID, store) as runtime:
            azure = Azure(store, runtime, TYPES)
            await azure.recover()
            if not uris:
                await create(azure, "keyvault:Vault")
                await create(azure, "keyvault:Secret")
            [vault] = azure.find("keyvault:Vault")
            uris.append(vault.outputs["properties"]["vaultUri"])
            assert runtime.vaults.secrets(vault.id).read("key", "").value == "s3cret"
            await azure.stop()

    assert uris[0] == uris[1]


async def test_what_cannot_come_back_is_named(azure: Azure) -> None:
    azure.store.put(
        Record(token="search:Service", id=f"{GROUP}/providers/Microsoft.Search/services/s", inputs={}, outputs={})
    )

    with pytest.raises(StateError, match=r"services/s cannot be brought back: .*NotSimulated"):
        await azure.recover()


async def test_only_what_runs_something_has_a_status(azure: Azure) -> None:
    vault = await create(azure, "keyvault:Vault")

    assert azure.statuses() == [
        {
            "id": vault.id,
            "token": "keyvault:Vault",
            "kind": "vault",
            "name": "vault",
            "address": vault.outputs["properties"]["vaultUri"],
        }
    ]
