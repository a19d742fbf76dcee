from localazure.azure import Azure
from localazure.subscription import TENANT_ID
from tests.unit.localazure.arm import create

IDENTITY = "managedidentity:UserAssignedIdentity"


async def test_an_identity_keeps_its_principal_when_it_is_made_again(azure: Azure) -> None:
    first = await create(azure, IDENTITY)
    await azure.delete(first.id)

    again = await create(azure, IDENTITY)
    other = await create(azure, IDENTITY, resourceName="other")

    assert again.outputs == first.outputs
    assert first.outputs["tenantId"] == TENANT_ID
    ids = {record.outputs[key] for record in (first, other) for key in ("clientId", "principalId")}
    assert len(ids) == 4
