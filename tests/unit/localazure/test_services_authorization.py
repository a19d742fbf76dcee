from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import ACR_PULL, GROUP, SECRETS_USER, create, grant, refused

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
