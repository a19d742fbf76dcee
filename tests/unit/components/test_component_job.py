"""The container apps job. Mocks prove construction, nothing of Azure."""

from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.vault import SecretReference
from components.workloads.hosting import Hosting
from components.workloads.job import Job, JobArgs, JobSettings, RestoreSettings
from components.workloads.variables import Variables
from tests.tape import Registration, record
from tests.unit.components.parts import platform, registry

BY_HAND = JobSettings(cron="", timeout_seconds=600, retry_limit=0, cpu=0.25, memory="0.5Gi", log_level="info")
NIGHTLY = BY_HAND.model_copy(update={"cron": "30 2 * * *", "retry_limit": 2, "cpu": 1, "memory": "2Gi"})


def _job(wanted: JobSettings) -> Registration:
    def program() -> None:
        place = platform()
        identity, pull = (WorkloadIdentity(name, WorkloadIdentityArgs(platform=place)) for name in ("backup", "pull"))
        key = SecretReference(name="a-key", url=pulumi.Output.from_input("https://vault/secrets/a-key"))
        args = JobArgs(
            hosting=Hosting(
                platform=place, environment_id="/environment", registry=registry(place), pull=pull, grants=[place]
            ),
            settings=wanted,
            digest="sha256:1",
            identity=identity,
            variables=Variables(values={"A": "1"}, secrets={"B": key}),
        )
        Job("backup", args)

    return record(program).one("app:Job", "backup")


def test_a_job_without_a_time_is_started_by_hand() -> None:
    configuration = _job(BY_HAND).inputs["configuration"]
    assert configuration["triggerType"] == "Manual"
    assert configuration["manualTriggerConfig"] == {"parallelism": 1, "replicaCompletionCount": 1}
    assert "scheduleTriggerConfig" not in configuration


def test_a_job_with_a_time_follows_the_clock() -> None:
    configuration = _job(NIGHTLY).inputs["configuration"]
    assert configuration["triggerType"] == "Schedule"
    assert configuration["scheduleTriggerConfig"]["cronExpression"] == "30 2 * * *"
    assert "manualTriggerConfig" not in configuration
    assert (configuration["replicaTimeout"], configuration["replicaRetryLimit"]) == (600, 2)


def test_a_job_runs_the_role_it_is_named_after_and_serves_nothing() -> None:
    inputs = _job(NIGHTLY).inputs
    [container] = inputs["template"]["containers"]
    assert (container["args"], container["image"]) == (["backup"], "acrdmetestabc1.azurecr.io/digitalmee@sha256:1")
    assert container["resources"] == {"cpu": 1, "memory": "2Gi"}
    assert container["env"] == [{"name": "A", "value": "1"}, {"name": "B", "secretRef": "a-key"}]
    assert "probes" not in container
    assert inputs["configuration"]["secrets"][0]["name"] == "a-key"
    assert inputs["jobName"] == "caj-dme-backup-test"


def test_the_container_gets_no_token_of_the_identity_that_pulls() -> None:
    said = _job(BY_HAND).inputs["configuration"]["identitySettings"]
    lifecycles = {each["identity"].rpartition("/")[2]: each["lifecycle"] for each in said}
    assert lifecycles == {"id-dme-backup-test": "Main", "id-dme-pull-test": "None"}


@pytest.mark.parametrize("cron", ["61 * * * *", "* * 32 * *", "0 0 * * 9", "* * * FOO *"])
def test_a_time_that_is_none_is_refused_with_an_example(cron: str) -> None:
    with pytest.raises(ValidationError, match=r'is no time of cron .*"30 2'):
        JobSettings.model_validate({**BY_HAND.model_dump(), "cron": cron})


@pytest.mark.parametrize("cron", ["@daily", "* * * *", "* * * * * *", " "])
def test_a_time_has_five_fields(cron: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        JobSettings.model_validate({**BY_HAND.model_dump(), "cron": cron})


def test_a_restore_follows_no_clock_and_names_a_backup_or_none() -> None:
    values: dict[str, Any] = {**BY_HAND.model_dump(), "backup": ""}
    assert RestoreSettings.model_validate({**values, "backup": "20260102T023000Z"})
    with pytest.raises(ValidationError, match="started by hand only"):
        RestoreSettings.model_validate({**values, "cron": "30 2 * * *"})
    with pytest.raises(ValidationError, match="pattern"):
        RestoreSettings.model_validate({**values, "backup": "the newest"})


@settings(max_examples=50, deadline=None)
@given(minute=st.integers(0, 59), hour=st.integers(0, 23), quarters=st.integers(1, 16), wrong=st.integers(1, 9))
def test_every_minute_of_the_day_and_every_pair_of_cores_and_memory_is_allowed(
    minute: int, hour: int, quarters: int, wrong: int
) -> None:
    cpu = quarters / 4
    values: dict[str, Any] = {**BY_HAND.model_dump(), "cron": f"{minute} {hour} * * *", "cpu": cpu}
    assert JobSettings.model_validate({**values, "memory": f"{cpu * 2:g}Gi"})
    if wrong != cpu * 2:
        with pytest.raises(ValidationError, match="does not go with"):
            JobSettings.model_validate({**values, "memory": f"{wrong}Gi"})
