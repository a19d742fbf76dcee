"""What is refused of a job; that jobs run is tested in tests/integration/jobs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from localazure.azure import Azure
from localazure.services.job_rules import next_start
from tests.unit.localazure.arm import ACCEPTED, GROUP, create, problems_of, refused, urn

JOB = "app:Job"
TEMPLATE = ACCEPTED[JOB]["template"]
CONTAINER = TEMPLATE["containers"][0]


def at(problems: dict[str, str]) -> list[str]:
    return list(problems)


async def test_an_accepted_job_has_no_problem(azure: Azure) -> None:
    assert problems_of(azure, JOB) == {}
    schedule = {"triggerType": "Schedule", "scheduleTriggerConfig": {"cronExpression": "30 2 * * 1-5"}}
    assert problems_of(azure, JOB, configuration={"replicaTimeout": 60, **schedule}) == {}


@pytest.mark.parametrize("name", ["a", "Job", "1job", "a--b", "job-", "a" * 33])
async def test_a_job_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert at(problems_of(azure, JOB, jobName=name)) == ["jobName"]


async def test_a_configuration_that_a_preview_does_not_know_yet_is_missed_by_the_put_alone(azure: Azure) -> None:
    inputs = {name: value for name, value in ACCEPTED[JOB].items() if name != "configuration"}
    await create(azure, "resources:ResourceGroup")

    assert dict(azure.type_of(JOB).refusals(inputs)) == {}
    with refused(400, "BadRequest", "The property 'configuration' is required."):
        await azure.create(JOB, {**inputs, "environmentId": GROUP}, urn(JOB))


@pytest.mark.parametrize(
    ("configuration", "where"),
    [
        ({"replicaTimeout": 0}, "configuration.replicaTimeout"),
        ({"replicaRetryLimit": 11}, "configuration.replicaRetryLimit"),
        ({"triggerType": "Event"}, "configuration.triggerType"),
        ({"scheduleTriggerConfig": {"cronExpression": "* * * * *"}}, "configuration.scheduleTriggerConfig"),
        ({"manualTriggerConfig": {"parallelism": 2}}, "configuration.manualTriggerConfig.parallelism"),
    ],
)
async def test_a_configuration_that_does_not_fit_is_refused(
    azure: Azure, configuration: dict[str, Any], where: str
) -> None:
    given = {"triggerType": "Manual", **configuration}
    assert at(problems_of(azure, JOB, configuration=given)) == [where]


@pytest.mark.parametrize("cron", ["", "* * * *", "* * * * * *", "61 * * * *", "0 0 31 2 *", "@daily", "often"])
async def test_a_schedule_needs_a_cron_expression_of_five_fields(azure: Azure, cron: str) -> None:
    configuration = {"triggerType": "Schedule", "scheduleTriggerConfig": {"cronExpression": cron}}
    found = problems_of(azure, JOB, configuration=configuration)
    assert at(found) == ["configuration.scheduleTriggerConfig.cronExpression"]


@pytest.mark.parametrize(
    "template",
    [{**TEMPLATE, "initContainers": [CONTAINER]}, {"containers": [CONTAINER, {**CONTAINER, "name": "other"}]}],
)
async def test_a_job_of_several_containers_is_not_imitated(azure: Azure, template: dict[str, Any]) -> None:
    assert at(problems_of(azure, JOB, template=template)) == ["template"]


async def test_cpu_and_memory_come_in_pairs_as_for_apps(azure: Azure) -> None:
    container = {**CONTAINER, "resources": {"cpu": 0.5, "memory": "4Gi"}}
    assert at(problems_of(azure, JOB, template={"containers": [container]})) == ["template.containers"]


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ("30 2 * * *", datetime(2026, 3, 2, 2, 30, tzinfo=UTC)),
        ("* * * * *", datetime(2026, 3, 1, 2, 31, tzinfo=UTC)),
        ("0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_schedule_is_due_after_a_moment_and_never_at_it(cron: str, due: datetime) -> None:
    assert next_start(cron, datetime(2026, 3, 1, 2, 30, tzinfo=UTC)) == due
