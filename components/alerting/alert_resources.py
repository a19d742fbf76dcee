"""How a rule becomes a resource of Azure Monitor: one function per kind of rule.

Every rule ends by itself when its cause ends (`auto_mitigate`), and its description ends in the name of its runbook.
"""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from components import names
from components.alerting.action_groups import ActionGroups
from components.alerting.alert_rule import ActivityRule, LogRule, MetricRule
from components.platform import Platform


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where rules are made, and whom they tell."""

    name: str
    """The logical name that the rules' names begin with."""
    platform: Platform
    groups: ActionGroups
    enabled: bool
    parent: pulumi.Resource

    @property
    def opts(self) -> pulumi.ResourceOptions:
        """The options of every rule."""
        return pulumi.ResourceOptions(parent=self.parent, delete_before_replace=True)


def metric_alert(place: Place, rule: MetricRule, *, what: str, scope: pulumi.Input[str]) -> monitor.MetricAlert:
    """Watch a metric of the resource `scope`, which the program calls `what`."""
    dimensions = [
        monitor.MetricDimensionArgs(name=name, operator="Include", values=[value])
        for name, value in ([rule.dimension] if rule.dimension else [])
    ]
    criteria = [
        monitor.MetricCriteriaArgs(
            criterion_type="StaticThresholdCriterion",
            name=metric,
            metric_namespace=rule.namespace,
            metric_name=metric,
            time_aggregation=when.aggregation,
            operator=when.operator,
            threshold=when.threshold,
            dimensions=dimensions,
        )
        for metric, when in rule.conditions
    ]
    return monitor.MetricAlert(
        f"{place.name}-{what}-{rule.name}",
        rule_name=names.alert_rule(place.platform.environment, f"{what}-{rule.name}"),
        resource_group_name=place.platform.resource_group_name,
        location="global",
        description=f"{rule.says} Read {rule.runbook}.",
        severity=rule.severity,
        enabled=place.enabled,
        scopes=[scope],
        evaluation_frequency="PT5M",
        window_size=_duration(rule.minutes),
        auto_mitigate=True,
        criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
            odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", all_of=criteria
        ),
        actions=[monitor.MetricAlertActionArgs(action_group_id=place.groups.of(rule.severity))],
        tags=place.platform.tags(place.name),
        opts=place.opts,
    )


def log_alert(place: Place, rule: LogRule, *, workspace_id: pulumi.Input[str]) -> monitor.ScheduledQueryRule:
    """Ask the workspace, and tell of every row.

    The query is not validated when the rule is made: a table does not exist before something was written to it.
    """
    return monitor.ScheduledQueryRule(
        f"{place.name}-{rule.name}",
        rule_name=names.alert_rule(place.platform.environment, rule.name),
        resource_group_name=place.platform.resource_group_name,
        kind=monitor.Kind.LOG_ALERT,
        display_name=rule.name,
        description=f"{rule.says} Read {rule.runbook}.",
        severity=float(rule.severity),
        enabled=place.enabled,
        scopes=[workspace_id],
        evaluation_frequency=_duration(rule.frequency_minutes),
        window_size=_duration(rule.window_minutes),
        auto_mitigate=True,
        skip_query_validation=True,
        criteria=monitor.ScheduledQueryRuleCriteriaArgs(
            all_of=[
                monitor.ConditionArgs(
                    query=rule.query,
                    time_aggregation=monitor.TimeAggregation.COUNT,
                    operator="GreaterThan",
                    threshold=0,
                    failing_periods=monitor.ConditionFailingPeriodsArgs(
                        number_of_evaluation_periods=1, min_failing_periods_to_alert=1
                    ),
                )
            ]
        ),
        actions=monitor.ActionsArgs(
            action_groups=[place.groups.of(rule.severity)], custom_properties={"runbook": rule.runbook}
        ),
        tags=place.platform.tags(place.name),
        opts=place.opts,
    )


def activity_alert(place: Place, rule: ActivityRule) -> monitor.ActivityLogAlert:
    """Tell of events of the activity log."""
    subscription = f"/subscriptions/{place.platform.subscription_id}"
    group = pulumi.Output.concat(subscription, "/resourceGroups/", place.platform.resource_group_name)
    operations = [
        monitor.AlertRuleLeafConditionArgs(field="operationName", equals=operation) for operation in rule.operations
    ]
    conditions = [
        monitor.AlertRuleAnyOfOrLeafConditionArgs(field="category", equals=rule.category),
        *([monitor.AlertRuleAnyOfOrLeafConditionArgs(any_of=operations)] if operations else []),
    ]
    return monitor.ActivityLogAlert(
        f"{place.name}-{rule.name}",
        activity_log_alert_name=names.alert_rule(place.platform.environment, rule.name),
        resource_group_name=place.platform.resource_group_name,
        location="global",
        description=f"An event of the category {rule.category}. Read {rule.runbook}.",
        enabled=place.enabled,
        scopes=[subscription if rule.subscription_wide else group],
        condition=monitor.AlertRuleAllOfConditionArgs(all_of=conditions),
        actions=monitor.ActionListArgs(
            action_groups=[monitor.ActionGroupArgs(action_group_id=place.groups.of(rule.severity))]
        ),
        tags=place.platform.tags(place.name),
        opts=place.opts,
    )


def _duration(minutes: int) -> str:
    """Return ISO 8601 as Azure spells it: PT15M, PT6H, P1D."""
    spelled = {1440: "P1D", 360: "PT6H", 60: "PT1H"}
    return spelled.get(minutes, f"PT{minutes}M")
