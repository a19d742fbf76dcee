import pytest

from localazure.access import ACR_PULL as PULLERS
from localazure.access import SECRET_READERS, SERVICE_BUS_READERS, SERVICE_BUS_WRITERS, is_granted
from localazure.azure import Azure
from localazure.operator import OPERATOR
from tests.unit.localazure.arm import ACR_PULL, GROUP, create, grant

REGISTRY_ID = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/registry"


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        (REGISTRY_ID, True),
        (REGISTRY_ID.upper(), True),
        (f"{REGISTRY_ID}/repositories/api", True),
        (f"{REGISTRY_ID}2", False),
        (GROUP, False),
    ],
)
async def test_a_role_holds_at_its_scope_and_below(azure: Azure, scope: str, granted: bool) -> None:  # noqa: FBT001 - a column of the table
    identity = await create(azure, "managedidentity:UserAssignedIdentity")
    await grant(azure, identity, ACR_PULL, await create(azure, "containerregistry:Registry"))

    assert is_granted(azure.store, identity.outputs["principalId"], PULLERS, scope) is granted


async def test_a_role_holds_for_its_principal_and_for_what_it_allows(azure: Azure) -> None:
    identity = await create(azure, "managedidentity:UserAssignedIdentity")
    await grant(azure, identity, ACR_PULL, azure.need(GROUP))
    principal = identity.outputs["principalId"]

    assert is_granted(azure.store, principal, PULLERS, REGISTRY_ID)
    assert not is_granted(azure.store, principal, SECRET_READERS, REGISTRY_ID)
    assert not is_granted(azure.store, "somebody-else", PULLERS, REGISTRY_ID)


@pytest.mark.parametrize(
    ("roles", "granted"), [(SERVICE_BUS_READERS, True), (SERVICE_BUS_WRITERS, True), (SECRET_READERS, False)]
)
def test_the_operator_works_with_messages_and_reads_no_secret(
    azure: Azure,
    roles: frozenset[str],
    granted: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert is_granted(azure.store, OPERATOR.object_id, roles, REGISTRY_ID) is granted
