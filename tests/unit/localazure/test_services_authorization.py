import pytest

from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import ACR_PULL, GROUP, SECRETS_USER, create, grant, problems_of, refused

LOCK = "authorization:ManagementLockByScope"
ROLE = "authorization:RoleAssignment"


async def identity_of(azure: Azure) -> Record:
    return await create(azure, "managedidentity:UserAssignedIdentity")


async def test_an_assignment_is_below_its_scope(azure: Azure) -> None:
    identity, registry = await identity_of(azure), await create(azure, "containerregistry:Registry")

    made = await grant(azure, identity, ACR_PULL, registry)

    assert made.id == f"{registry.id}/providers/Microsoft.Authorization/roleAssignments/role"


async def test_a_second_equal_assignment_is_refused(azure: Azure) -> None:
    identity, registry = await identity_of(azure), await create(azure, "containerregistry:Registry")
    await grant(azure, identity, ACR_PULL, registry, "one")

    with refused(409, "RoleAssignmentExists", "The role assignment already exists."):
        await grant(azure, identity, ACR_PULL, registry, "two")


async def test_the_role_of_an_assignment_cannot_change(azure: Azure) -> None:
    made = await grant(azure, await identity_of(azure), ACR_PULL, azure.need(GROUP))

    with refused(400, "RoleAssignmentUpdateNotPermitted", "not allowed to be updated"):
        await azure.update(made.id, {**made.inputs, "roleDefinitionId": SECRETS_USER})


async def test_a_scope_that_is_not_there_is_refused(azure: Azure) -> None:
    identity = await identity_of(azure)
    gone = Record(token="t:T", id=f"{GROUP}/providers/Microsoft.KeyVault/vaults/none", inputs={}, outputs={})

    with refused(404, "ResourceNotFound", "'Microsoft.KeyVault/vaults/none'"):
        await grant(azure, identity, SECRETS_USER, gone)


async def test_a_principal_and_a_role_are_ids(azure: Azure) -> None:
    wrong = problems_of(azure, ROLE, principalId="id-dme-api", roleDefinitionId="AcrPull")

    assert wrong.keys() == {"principalId", "roleDefinitionId"}
    assert problems_of(azure, ROLE, principalId="00000000-0000-4000-8000-0000000000b1", roleDefinitionId=ACR_PULL) == {}


async def test_a_principal_is_looked_up_unless_its_type_is_declared(azure: Azure) -> None:
    identity = await identity_of(azure)
    wanted = {"principalType": None, "roleDefinitionId": ACR_PULL, "scope": GROUP}

    with refused(400, "PrincipalNotFound", "Principal 11112222 does not exist in the directory"):
        await create(azure, ROLE, **wanted, principalId="1111-2222")
    known = await create(azure, ROLE, **wanted, principalId=identity.outputs["principalId"])
    declared = await create(
        azure, ROLE, **{**wanted, "principalType": "User"}, principalId="1111-2222", roleAssignmentName="declared"
    )

    assert azure.get(known.id)
    assert azure.get(declared.id)


async def test_a_locked_resource_cannot_be_deleted_until_its_lock_is_gone(azure: Azure) -> None:
    registry = await create(azure, "containerregistry:Registry")
    lock = await create(azure, LOCK, scope=registry.id)
    text = (
        f"The scope '{registry.id}' cannot perform delete operation because following scope(s) are locked: "
        f"'{registry.id}'. Please remove the lock and try again."
    )

    with refused(409, "ScopeLocked", text):
        await azure.delete(registry.id)
    await azure.delete(lock.id)
    await azure.delete(registry.id)

    assert azure.get(registry.id) is None


async def test_a_lock_holds_what_is_below_and_what_it_is_in_and_nothing_beside(azure: Azure) -> None:
    registry, beside = await create(azure, "containerregistry:Registry"), await identity_of(azure)
    granted = await grant(azure, beside, ACR_PULL, registry)
    await create(azure, LOCK, scope=registry.id)

    for held in (granted.id, GROUP, registry.id.upper()):
        with refused(409, "ScopeLocked", f"locked: '{registry.id}'"):
            await azure.delete(held)
    await azure.delete(beside.id)

    assert azure.get(granted.id)
    assert azure.get(beside.id) is None


async def test_a_lock_on_a_group_holds_everything_in_it(azure: Azure) -> None:
    registry = await create(azure, "containerregistry:Registry")
    await create(azure, LOCK, scope=GROUP)

    with refused(409, "ScopeLocked", f"locked: '{GROUP}'"):
        await azure.delete(registry.id)


async def test_a_locked_resource_can_be_changed(azure: Azure) -> None:
    registry = await create(azure, "containerregistry:Registry")
    await create(azure, LOCK, scope=registry.id)

    changed = await azure.update(registry.id, {**registry.inputs, "tags": {"owner": "us"}})

    assert changed.outputs["tags"] == {"owner": "us"}


async def test_a_lock_on_what_is_not_there_is_refused(azure: Azure) -> None:
    with refused(404, "ResourceNotFound", "none"):
        await create(azure, LOCK, scope=f"{GROUP}/providers/Microsoft.KeyVault/vaults/none")


@pytest.mark.parametrize(("level", "problems"), [("ReadOnly", 1), ("NotSpecified", 1), ("CanNotDelete", 0)])
async def test_only_a_lock_against_deletion_is_imitated(azure: Azure, level: str, problems: int) -> None:
    assert len(problems_of(azure, LOCK, level=level)) == problems
