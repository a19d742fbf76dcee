from typing import Any

import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import ACCEPTED, GROUP, create, problems_of, refused, urn

COMPONENT, TEST, WORKBOOK = (f"applicationinsights:{kind}" for kind in ("Component", "WebTest", "Workbook"))


async def test_a_component_on_a_workspace_has_a_connection_string(azure: Azure) -> None:
    workspace = await create(azure, "operationalinsights:Workspace")

    made = await create(azure, COMPONENT, workspaceResourceId=workspace.id)

    parts = dict(part.split("=") for part in made.outputs["connectionString"].split(";"))
    assert parts["InstrumentationKey"] == made.outputs["instrumentationKey"]
    assert parts["IngestionEndpoint"] == azure.runtime.telemetry.address
    assert parts["ApplicationId"] == made.outputs["appId"]
    assert made.outputs["workspaceResourceId"] == workspace.id


async def test_a_component_on_no_workspace_is_refused(azure: Azure) -> None:
    absent = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/none"

    with refused(404, "ResourceNotFound", "'Microsoft.OperationalInsights/workspaces/none' was not found"):
        await create(azure, COMPONENT, workspaceResourceId=absent)


@pytest.mark.parametrize(("percent", "problems"), [(0, 1), (0.5, 0), (100, 0), (101, 1)])
async def test_a_component_keeps_some_share_of_telemetry(azure: Azure, percent: float, problems: int) -> None:
    assert len(problems_of(azure, COMPONENT, samplingPercentage=percent)) == problems


async def test_a_test_belongs_to_a_component_by_its_tag(azure: Azure) -> None:
    component = await create(azure, COMPONENT)

    with refused(400, "BadRequest", "'hidden-link' tag pointing to an existing AI component is required"):
        await create(azure, TEST, tags={"owner": "us"})
    with refused(404, "ResourceNotFound", "none"):
        await create(
            azure, TEST, tags={f"hidden-link:{GROUP}/providers/Microsoft.Insights/components/none": "Resource"}
        )
    with refused(400, "BadRequest", "they must be in one region"):
        await create(azure, TEST, location="northeurope", tags={f"hidden-link:{component.id}": "Resource"})
    made = await create(azure, TEST, tags={f"hidden-link:{component.id}": "Resource"})

    assert made.id == f"{GROUP}/providers/Microsoft.Insights/webtests/test"


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"webTestKind": "ping"}, "webTestKind"),
        ({"frequency": 60}, "frequency"),
        ({"locations": [{"location": "westeurope"}]}, "locations[0].location"),
        ({"request": {"requestUrl": "example.com"}}, "request.requestUrl"),
        (
            {"request": {"requestUrl": "http://a.example"}, "validationRules": {"sSLCheck": True}},
            "validationRules.sSLCheck",
        ),
        ({"validationRules": {"sSLCertRemainingLifetimeCheck": 0}}, "validationRules.sSLCertRemainingLifetimeCheck"),
    ],
)
async def test_a_test_may_not_be(azure: Azure, changes: dict[str, Any], at: str) -> None:
    assert not problems_of(azure, TEST)
    assert list(problems_of(azure, TEST, **changes)) == [at]


async def test_a_workbook_has_a_guid_for_a_name_and_json_inside(azure: Azure) -> None:
    assert list(problems_of(azure, WORKBOOK, resourceName="health")) == ["resourceName"]
    assert list(problems_of(azure, WORKBOOK, serializedData="{")) == ["serializedData"]
    with refused(404, "ResourceNotFound", "none"):
        await create(azure, WORKBOOK, sourceId=f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/none")

    assert await create(azure, WORKBOOK)


@pytest.mark.parametrize("missing", ["webTestKind", "request"])
async def test_a_test_has_a_kind_and_a_request_though_a_preview_may_not_know_them_yet(
    azure: Azure, missing: str
) -> None:
    component = await create(azure, COMPONENT)
    inputs = {key: value for key, value in ACCEPTED[TEST].items() if key != missing}

    assert not list(azure.type_of(TEST).refusals(inputs))
    with refused(400, "BadRequest", "A 'standard' web test with a request is required."):
        await azure.create(TEST, {**inputs, "tags": {f"hidden-link:{component.id}": "Resource"}}, urn(TEST))
