from localazure.azure import Azure
from tests.unit.localazure.arm import GROUP, create, refused

COMPONENT = "applicationinsights:Component"


async def test_a_component_on_a_workspace_has_a_connection_string(azure: Azure) -> None:
    workspace = await create(azure, "operationalinsights:Workspace")

    made = await create(azure, COMPONENT, workspaceResourceId=workspace.id)

    assert made.outputs["connectionString"] == f"InstrumentationKey={made.outputs['instrumentationKey']}"
    assert made.outputs["workspaceResourceId"] == workspace.id


async def test_a_component_on_no_workspace_is_refused(azure: Azure) -> None:
    absent = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/none"

    with refused(404, "ResourceNotFound", "'Microsoft.OperationalInsights/workspaces/none' was not found"):
        await create(azure, COMPONENT, workspaceResourceId=absent)
