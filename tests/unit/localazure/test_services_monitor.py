from typing import Any

import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import ACCEPTED, GROUP, create, problems_of, refused

SETTING, GROUP_OF_PEOPLE = "monitor:DiagnosticSetting", "monitor:ActionGroup"


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


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"logs": [{"category": "AuditEvents", "enabled": True}]}, "Category 'AuditEvents' is not supported."),
        ({"logs": [{"categoryGroup": "all", "enabled": True}]}, "Category group 'all' is not supported."),
        (
            {"metrics": [{"category": "Transaction", "enabled": True}]},
            "Metric category 'Transaction' is not supported.",
        ),
    ],
)
async def test_a_category_that_the_resource_does_not_have_is_refused(
    azure: Azure, changes: dict[str, Any], text: str
) -> None:
    workspace, vault = await create(azure, "operationalinsights:Workspace"), await create(azure, "keyvault:Vault")
    good: dict[str, Any] = {"logs": [{"categoryGroup": "audit", "enabled": True}]}

    with refused(400, "BadRequest", text):
        await create(azure, SETTING, resourceUri=vault.id, workspaceId=workspace.id, **(good | changes))
    await create(azure, SETTING, resourceUri=vault.id, workspaceId=workspace.id, **good)


async def test_a_resource_that_has_nothing_to_say_is_refused(azure: Azure) -> None:
    workspace = await create(azure, "operationalinsights:Workspace")
    identity = await create(azure, "managedidentity:UserAssignedIdentity")

    with refused(400, "ResourceTypeNotSupported", "userAssignedIdentities' does not support diagnostic settings."):
        await create(azure, SETTING, resourceUri=identity.id, workspaceId=workspace.id)


async def test_a_category_goes_to_a_workspace_once(azure: Azure) -> None:
    workspace = await create(azure, "operationalinsights:Workspace")
    both = {"resourceUri": workspace.id, "workspaceId": workspace.id}
    made = await create(azure, SETTING, **both)

    with refused(409, "Conflict", "is already used in diagnostic setting 'audit' for category 'Audit'"):
        await create(azure, SETTING, **both, name="second")
    await azure.update(made.id, made.inputs)
    await create(azure, SETTING, **both, name="second", logs=[{"category": "SummaryLogs", "enabled": True}])


async def test_a_resource_has_five_settings(azure: Azure) -> None:
    workspace = await create(azure, "operationalinsights:Workspace")
    off = {"resourceUri": workspace.id, "workspaceId": workspace.id, "logs": [{"category": "Audit", "enabled": False}]}
    for number in range(5):
        await create(azure, SETTING, **off, name=f"setting{number}")

    with refused(409, "Conflict", "The limit of 5 diagnostic settings was reached"):
        await create(azure, SETTING, **off, name="sixth")


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"groupShortName": "thirteen-long"}, "groupShortName"),
        ({"groupShortName": ""}, "groupShortName"),
        ({"actionGroupName": "a/b"}, "actionGroupName"),
        ({"emailReceivers": [{"name": "mail", "emailAddress": "nobody"}]}, "emailReceivers[0].emailAddress"),
        ({"webhookReceivers": [{"name": "mail", "serviceUri": "https://x.example"}]}, "webhookReceivers[0].name"),
        ({"webhookReceivers": [{"name": "hook", "serviceUri": "x.example"}]}, "webhookReceivers[0].serviceUri"),
    ],
)
async def test_an_action_group_may_not_be(azure: Azure, changes: dict[str, Any], at: str) -> None:
    assert list(problems_of(azure, GROUP_OF_PEOPLE, **changes)) == [at]


async def test_an_action_group_is_kept(azure: Azure) -> None:
    assert not problems_of(azure, GROUP_OF_PEOPLE)

    made = await create(azure, GROUP_OF_PEOPLE)

    assert made.id == f"{GROUP}/providers/Microsoft.Insights/actionGroups/page"
    assert (
        made.outputs["emailReceivers"][0]["emailAddress"]
        == ACCEPTED[GROUP_OF_PEOPLE]["emailReceivers"][0]["emailAddress"]
    )
