from typing import Any

import pytest

from localazure.azure import Azure
from localazure.store import Record
from localazure.subscription import SUBSCRIPTION_ID
from tests.unit.localazure.arm import GROUP, create, problems_of, refused

METRIC, LOG, ACTIVITY = (f"monitor:{kind}" for kind in ("MetricAlert", "ScheduledQueryRule", "ActivityLogAlert"))
ABSENT = f"{GROUP}/providers/Microsoft.Insights/actionGroups/none"
SUBSCRIPTION = f"/subscriptions/{SUBSCRIPTION_ID}"


def criteria(**changes: Any) -> dict[str, Any]:
    criterion = {
        "criterionType": "StaticThresholdCriterion",
        "metricName": "ServiceApiResult",
        "metricNamespace": "Microsoft.KeyVault/vaults",
        "name": "it",
        "operator": "GreaterThan",
        "threshold": 5,
        "timeAggregation": "Count",
    }
    kind = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
    return {"allOf": [{**criterion, **changes}], "odataType": kind}


def condition(**changes: Any) -> dict[str, Any]:
    return {"allOf": [{"query": "Usage", "threshold": 0, **changes}]}


async def watched(azure: Azure) -> Record:
    return await create(azure, "keyvault:Vault")


async def test_a_metric_rule_watches_a_resource_and_tells_a_group(azure: Azure) -> None:
    vault, people = await watched(azure), await create(azure, "monitor:ActionGroup")

    made = await create(azure, METRIC, scopes=[vault.id], criteria=criteria(), actions=[{"actionGroupId": people.id}])

    assert made.id == f"{GROUP}/providers/Microsoft.Insights/metricAlerts/cpu"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"metricName": "ServiceApiResults"}, "The following metric name(s) were not found: ServiceApiResults."),
        ({"metricNamespace": "Microsoft.App/containerApps"}, "metric name(s) were not found: ServiceApiResult."),
        (
            {"dimensions": [{"name": "statusCode", "operator": "Include", "values": ["403"]}]},
            "The dimension 'statusCode' of metric 'ServiceApiResult' was not found.",
        ),
    ],
)
async def test_a_metric_or_dimension_that_the_resource_does_not_have_is_refused(
    azure: Azure, changes: dict[str, Any], text: str
) -> None:
    vault = await watched(azure)

    with refused(400, "BadRequest", text):
        await create(azure, METRIC, scopes=[vault.id], criteria=criteria(**changes))


async def test_a_metric_whose_validation_is_skipped_passes(azure: Azure) -> None:
    vault = await watched(azure)

    assert await create(
        azure, METRIC, scopes=[vault.id], criteria=criteria(metricName="New", skipMetricValidation=True)
    )


@pytest.mark.parametrize("token", [METRIC, LOG, ACTIVITY])
async def test_a_rule_that_tells_a_group_that_is_not_there_is_refused(azure: Azure, token: str) -> None:
    vault = await watched(azure)
    actions: dict[str, Any] = {
        METRIC: [{"actionGroupId": ABSENT}],
        LOG: {"actionGroups": [ABSENT]},
        ACTIVITY: {"actionGroups": [{"actionGroupId": ABSENT}]},
    }
    own = {"criteria": criteria()} if token == METRIC else {}

    with refused(404, "ResourceNotFound", "none"):
        await create(azure, token, scopes=[vault.id], actions=actions[token], **own)


@pytest.mark.parametrize("token", [METRIC, LOG, ACTIVITY])
async def test_a_rule_on_what_is_not_there_is_refused(azure: Azure, token: str) -> None:
    own = {"criteria": criteria()} if token == METRIC else {}

    with refused(404, "ResourceNotFound", "none"):
        await create(azure, token, scopes=[f"{GROUP}/providers/Microsoft.KeyVault/vaults/none"], **own)


async def test_a_rule_on_several_resources_is_not_imitated(azure: Azure) -> None:
    vault, other = await watched(azure), await create(azure, "keyvault:Vault", vaultName="other")

    with refused(501, "NotSimulated", "does not imitate a rule on several resources"):
        await create(azure, METRIC, scopes=[vault.id, other.id], criteria=criteria())


async def test_an_availability_rule_watches_its_test_and_its_component(azure: Azure) -> None:
    component = await create(azure, "applicationinsights:Component")
    test = await create(azure, "applicationinsights:WebTest", tags={f"hidden-link:{component.id}": "Resource"})
    wanted = {
        "componentId": component.id,
        "failedLocationCount": 2,
        "odataType": "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria",
        "webTestId": test.id,
    }

    with refused(400, "BadRequest", "must be its web test and its component"):
        await create(azure, METRIC, scopes=[test.id], criteria=wanted)
    assert await create(azure, METRIC, scopes=[test.id, component.id], criteria=wanted)


@pytest.mark.parametrize(
    ("token", "changes", "at"),
    [
        (METRIC, {"evaluationFrequency": "PT2M"}, "evaluationFrequency"),
        (METRIC, {"windowSize": "PT10M"}, "windowSize"),
        (METRIC, {"windowSize": "PT1M"}, "windowSize"),
        (METRIC, {"severity": 5}, "severity"),
        (METRIC, {"location": "westeurope"}, "location"),
        (LOG, {"windowSize": "P3D"}, "windowSize"),
        (LOG, {"windowSize": "PT20M"}, "windowSize"),
        (LOG, {"severity": 2.5}, "severity"),
        (LOG, {"autoMitigate": True, "muteActionsDuration": "PT5M"}, "muteActionsDuration"),
        (LOG, {"criteria": condition(operator="gt")}, "criteria.allOf[0].operator"),
        (LOG, {"criteria": condition(query=" ")}, "criteria.allOf[0].query"),
        (LOG, {"criteria": condition(query="Usage | where (1 == 1")}, "criteria.allOf[0].query"),
        (LOG, {"criteria": condition(query='Usage | where x == "a)")')}, "criteria.allOf[0].query"),
        (
            LOG,
            {"criteria": condition(failingPeriods={"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 2})},
            "criteria.allOf[0].failingPeriods",
        ),
        (ACTIVITY, {"location": "westeurope"}, "location"),
        (ACTIVITY, {"condition": {"allOf": []}}, "condition.allOf"),
        (ACTIVITY, {"condition": {"allOf": [{"equals": "ServiceHealth", "field": "category"}]}}, "scopes"),
    ],
)
async def test_a_rule_may_not_be(azure: Azure, token: str, changes: dict[str, Any], at: str) -> None:
    assert not problems_of(azure, token)
    assert list(problems_of(azure, token, **changes)) == [at]


@pytest.mark.parametrize("query", ['T | where x == "(" // )', "T | where x in ('a]', \"b\") | extend y = z[0]"])
async def test_brackets_in_texts_and_comments_of_a_query_do_not_count(azure: Azure, query: str) -> None:
    assert not problems_of(azure, LOG, criteria=condition(query=query))


async def test_a_log_rule_asks_one_scope(azure: Azure) -> None:
    workspace = await create(azure, "operationalinsights:Workspace")

    with refused(400, "BadRequest", "A rule has exactly one scope, not 2."):
        await create(azure, LOG, scopes=[workspace.id, workspace.id])
    assert await create(azure, LOG, scopes=[workspace.id])


async def test_a_preview_does_not_know_every_condition(azure: Azure) -> None:
    assert not list(azure.type_of(ACTIVITY).refusals({"location": "global"}))
    assert not list(azure.type_of(LOG).refusals({"location": "westeurope"}))


async def test_incidents_are_watched_for_a_subscription(azure: Azure) -> None:
    incidents = {"allOf": [{"equals": "ServiceHealth", "field": "category"}]}

    assert not problems_of(azure, ACTIVITY, condition=incidents, scopes=[SUBSCRIPTION])
    assert await create(azure, ACTIVITY, condition=incidents, scopes=[SUBSCRIPTION])


async def test_the_operators_of_a_log_rule_are_those_of_azure_and_not_of_the_sdk(azure: Azure) -> None:
    behaviour = azure.type_of(LOG)

    assert not problems_of(azure, LOG, criteria=condition(operator="GreaterThan"))
    assert behaviour.allows("criteria.allOf[0].operator", None)
    assert not behaviour.allows("kind", "Other")
