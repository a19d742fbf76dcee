"""Alerts, who hears of them, and the budget."""

from typing import Any

from policy.checks import all_of, beside, between, each, holds, items_at, known, on, value_at
from policy.registration import UNKNOWN, Inputs, Registration, registered
from policy.rule import AnyRule, ResourceRule, TapeRule

METRIC, QUERY, ACTIVITY = "monitor:MetricAlert", "monitor:ScheduledQueryRule", "monitor:ActivityLogAlert"
GROUP, TEST, BUDGET = "monitor:ActionGroup", "applicationinsights:WebTest", "consumption:Budget"
RESOURCE_GROUP = "resources:ResourceGroup"
RECEIVERS = ("emailReceivers", "webhookReceivers", "smsReceivers", "azureAppPushReceivers")


def _tells(inputs: Inputs) -> str | None:
    told = [value_at(inputs, path) for path in ("actions", "actions.actionGroups")]
    return None if any(told) and value_at(inputs, "actions.actionGroups") != [] else "no action group is told"


def _receives(inputs: Inputs) -> str | None:
    return None if items_at(inputs, *RECEIVERS) else "nobody receives anything"


def _notifies(inputs: Inputs) -> str | None:
    notifications: dict[str, Any] = value_at(inputs, "notifications") or {}
    told = [item for item in notifications.values() if item.get("enabled")]
    return None if any(item.get("contactEmails") or item.get("contactGroups") for item in told) else "nobody is told"


def _of_the_environment(group: Registration, budget: Registration) -> bool:
    return group.stack == budget.stack


def _tells_of_incidents(group: Registration, alert: Registration) -> bool:
    del group
    conditions = items_at(alert.inputs, "condition.allOf")
    return value_at(alert.inputs, "condition.allOf") == UNKNOWN or any(
        leaf.get("field") == "category" and leaf.get("equals") == "ServiceHealth" for leaf in conditions
    )


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="alert-mitigates",
        title="An alert ends when its cause ends",
        reason="Alerts that stay open are closed unread.",
        source="PSRule Azure.Alert.MetricAutoMitigate",
        fix="Set autoMitigate to true.",
        types=(METRIC, QUERY),
        check=on("autoMitigate"),
        passes={"autoMitigate": True},
        violates={"autoMitigate": False},
    ),
    ResourceRule(
        id="alert-not-every-minute",
        title="A query does not run every minute",
        reason="It costs twice as much, and logs arrive later than that.",
        source="PSRule Azure.Alert.HighFrequencyQuery",
        fix="Set evaluationFrequency to PT5M or more.",
        types=(QUERY,),
        check=holds("evaluationFrequency", lambda value: value not in (None, "PT1M"), "PT5M or more"),
        passes={"evaluationFrequency": "PT5M"},
        violates={"evaluationFrequency": "PT1M"},
    ),
    ResourceRule(
        id="alert-tells",
        title="An alert tells an action group",
        reason="Nobody looks at the portal at three in the morning.",
        source="Microsoft, Best practices for Azure Monitor alerts",
        fix="Name an action group in actions.",
        types=(METRIC, QUERY, ACTIVITY),
        check=_tells,
        passes={"actions": [{"actionGroupId": "/page"}]},
        violates={"actions": []},
    ),
    ResourceRule(
        id="alert-explains",
        title="An alert says what to read",
        reason="Whoever is woken up begins with the runbook.",
        source="own",
        fix="Name the runbook under docs/runbooks in the description.",
        types=(METRIC, QUERY, ACTIVITY),
        check=holds("description", lambda value: "docs/runbooks/" in str(value), "text that names docs/runbooks/..."),
        passes={"description": "Errors. Read docs/runbooks/errors.md."},
        violates={"description": "Errors."},
    ),
    ResourceRule(
        id="alert-severity",
        title="An alert has a severity",
        reason="It decides who is woken up.",
        source="Microsoft, Best practices for Azure Monitor alerts",
        fix="Set severity between 0 and 4.",
        types=(METRIC, QUERY),
        check=between("severity", 0, 4),
        passes={"severity": 2},
        violates={"enabled": True},
    ),
    ResourceRule(
        id="group-receives",
        title="An action group has somebody to tell",
        reason="Alerts into an empty group are lost without a trace.",
        source="APRL Azure Monitor; own",
        fix="Add a receiver.",
        types=(GROUP,),
        check=known(*RECEIVERS, check=_receives),
        passes={"emailReceivers": [{"name": "mail", "emailAddress": "a@b.example"}]},
        violates={"emailReceivers": []},
    ),
    ResourceRule(
        id="group-common-schema",
        title="Receivers get the common alert schema",
        reason="Every kind of alert has another form without it.",
        source="Microsoft, Common alert schema",
        fix="Set useCommonAlertSchema of each receiver to true.",
        types=(GROUP,),
        check=each("emailReceivers", "webhookReceivers", check=on("useCommonAlertSchema")),
        passes={"emailReceivers": [{"name": "mail", "emailAddress": "a@b.example", "useCommonAlertSchema": True}]},
        violates={"emailReceivers": [{"name": "mail", "emailAddress": "a@b.example", "useCommonAlertSchema": False}]},
    ),
    ResourceRule(
        id="test-five-places",
        title="Availability is asked from five places",
        reason="With fewer, one place's trouble looks like an outage.",
        source="Microsoft, Application Insights availability tests",
        fix="Name five locations or more.",
        types=(TEST,),
        check=holds("locations", lambda value: len(value or []) >= 5, "five or more"),  # noqa: PLR2004 - as the text says
        passes={"locations": [{"location": str(number)} for number in range(5)]},
        violates={"locations": [{"location": str(number)} for number in range(2)]},
    ),
    ResourceRule(
        id="test-checks-certificate",
        title="An availability test looks at the certificate",
        reason="Certificates end on a day that everybody could have known.",
        source="Microsoft, Application Insights availability tests; own",
        fix="Set validationRules.sSLCheck and sSLCertRemainingLifetimeCheck to 7 days or more.",
        types=(TEST,),
        check=all_of(on("validationRules.sSLCheck"), between("validationRules.sSLCertRemainingLifetimeCheck", 7, 365)),
        passes={"validationRules": {"sSLCheck": True, "sSLCertRemainingLifetimeCheck": 14}},
        violates={"validationRules": {"sSLCheck": False}},
    ),
    ResourceRule(
        id="budget-tells",
        title="A budget tells somebody",
        reason="The bill is the first to tell otherwise.",
        source="Microsoft, Cost Management budgets; own",
        fix="Add an enabled notification with contacts.",
        types=(BUDGET,),
        check=known("notifications", check=_notifies),
        passes={
            "notifications": {
                "a": {"enabled": True, "contactEmails": ["a@b.example"], "operator": "GreaterThan", "threshold": 80}
            }
        },
        violates={
            "notifications": {"a": {"enabled": True, "contactEmails": [], "operator": "GreaterThan", "threshold": 80}}
        },
    ),
    TapeRule(
        id="budget-exists",
        title="What the environment may cost is said",
        reason="A scale rule gone wild is found on the bill.",
        source="own; Microsoft, Cost optimization: CO:04",
        fix="Declare a budget of the resource group.",
        types=(RESOURCE_GROUP,),
        check=beside((BUDGET,), _of_the_environment, "no budget is declared"),
        passes=(registered(RESOURCE_GROUP, {}), registered(BUDGET, {})),
        violates=(registered(RESOURCE_GROUP, {}),),
    ),
    TapeRule(
        id="service-health-told",
        title="Somebody hears of Azure's own incidents",
        reason="People look for a fault of their own for hours.",
        source="PSRule Azure.Monitor.ServiceHealth; APRL: service health alerts",
        fix="Declare an activity log alert of the category ServiceHealth.",
        types=(RESOURCE_GROUP,),
        check=beside((ACTIVITY,), _tells_of_incidents, "no activity log alert has the category ServiceHealth"),
        passes=(
            registered(RESOURCE_GROUP, {}),
            registered(ACTIVITY, {"condition": {"allOf": [{"field": "category", "equals": "ServiceHealth"}]}}),
        ),
        violates=(registered(RESOURCE_GROUP, {}),),
    ),
)
