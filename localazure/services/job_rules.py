"""What is refused of a job by its inputs alone, before anything else is looked at."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from croniter import CroniterBadDateError, croniter  # pyright: ignore[reportMissingTypeStubs] - croniter ships no types

from localazure.validation import Problem

Values = Mapping[str, Any]

_TRIGGERS: Final = {"Manual": "manualTriggerConfig", "Schedule": "scheduleTriggerConfig"}
_CRON_FIELDS: Final = 5
_MOST_RETRIES: Final = 10


def job_problems(inputs: Values) -> Iterator[Problem]:
    """What Container Apps refuses of a job's configuration, and what it takes but is not imitated.

    Microsoft Learn, "Jobs in Azure Container Apps": every trigger has settings of its own; cron in five fields, in UTC.
    """
    configuration: Values = inputs.get("configuration", {})  # in a preview it may not be known yet
    if configuration.get("replicaTimeout", 1) < 1:
        yield "configuration.replicaTimeout", f"'{configuration['replicaTimeout']}' must be at least 1 second"
    if not 0 <= configuration.get("replicaRetryLimit", 0) <= _MOST_RETRIES:
        yield "configuration.replicaRetryLimit", f"'{configuration['replicaRetryLimit']}': 0 to {_MOST_RETRIES}"
    yield from _trigger_problems(configuration)
    template: Values = inputs.get("template", {})
    if len(template.get("containers", [])) > 1 or template.get("initContainers"):
        yield "template", _not_imitated("a job of several containers", "one container")


def _trigger_problems(configuration: Values) -> Iterator[Problem]:
    trigger = configuration.get("triggerType", "Manual")
    if trigger not in _TRIGGERS:
        yield "configuration.triggerType", _not_imitated(f"the trigger {trigger}", "Manual or Schedule")
        return
    for kind, key in _TRIGGERS.items():
        if key in configuration and kind != trigger:
            yield f"configuration.{key}", f"a job with trigger {trigger} takes no {key}"
    config: Values = configuration.get(_TRIGGERS[trigger], {})
    for key in ("parallelism", "replicaCompletionCount"):
        if config.get(key, 1) != 1:
            yield f"configuration.{_TRIGGERS[trigger]}.{key}", _not_imitated("several replicas of an execution", "1")
    if trigger == "Schedule" and not _is_cron(cron := config.get("cronExpression", "")):
        at = "configuration.scheduleTriggerConfig.cronExpression"
        yield at, f"'{cron}' is not a cron expression of minute, hour, day of month, month and day of week"


def next_start(cron: str, after: datetime) -> datetime:
    """When a schedule is due for the first time after a moment; both in UTC."""
    return datetime.fromtimestamp(croniter(cron, after).get_next(float), UTC)


def _is_cron(expression: str) -> bool:
    if len(expression.split()) != _CRON_FIELDS or not croniter.is_valid(expression):
        return False
    try:
        next_start(expression, datetime.now(UTC))
    except CroniterBadDateError:  # the 31st of February
        return False
    return True


def _not_imitated(what: str, instead: str) -> str:
    return f"the embedded Azure does not imitate {what} (localazure/NONGOALS.md); use {instead}"
