from typing import Any

import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import GROUP, create, refused

SETTING = "monitor:DiagnosticSetting"


async def test_a_setting_sends_logs_of_a_resource_to_a_workspace(azure: Azure) -> None:
    workspace = await create(azure, "operationalinsights:Workspace")

    made = await create(azure, SETTING, resourceUri=workspace.id, workspaceId=workspace.id)

    assert made.id == f"{workspace.id}/providers/Microsoft.Insights/diagnosticSettings/audit"


@pytest.mark.parametrize("changed", ["resourceUri", "workspaceId"])
async def test_a_setting_of_or_to_what_is_not_there_is_refused(azure: Azure, changed: str) -> None:
    workspace = await create(azure, "operationalinsights:Workspace")
    both = {"resourceUri": workspace.id, "workspaceId": workspace.id}

    with refused(404, "ResourceNotFound", "none"):
        await create(azure, SETTING, **{**both, changed: f"{GROUP}/providers/Microsoft.X/y/none"})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"workspaceId": None}, "At least one data sink needs to be specified."),
        ({"logs": []}, "At least one log or metric category must be specified."),
    ],
)
async def test_a_setting_that_sends_nothing_anywhere_is_refused(
    azure: Azure, changes: dict[str, Any], text: str
) -> None:
    workspace = await create(azure, "operationalinsights:Workspace")
    both = {"resourceUri": workspace.id, "workspaceId": workspace.id}

    with refused(400, "BadRequest", text):
        await create(azure, SETTING, **(both | changes))
