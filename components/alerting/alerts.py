"""Every alert of an environment: rules that the tables declare, on the limits that the stack declares.

What is asked of the logs, of the activity log and of the bill exists always; a resource is watched by `watch`, an
address by `probe`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import pulumi
from pydantic import Field

from components.alerting.action_groups import ActionGroups, ActionGroupsArgs
from components.alerting.activity_rules import ACTIVITY_RULES
from components.alerting.alert_resources import Place, activity_alert, log_alert, metric_alert
from components.alerting.alert_rule import LogRule, MetricRule
from components.alerting.availability import availability_alert
from components.alerting.availability_model import promise_percent
from components.alerting.budget import budget
from components.alerting.burn_rate import BURN_RATES, Objective, burn_rate_rule
from components.alerting.log_rules import EXPIRY, RESTARTING, ingestion_rule, slow_rule
from components.observability import Observability
from components.platform import Platform
from components.section import Conflict, Section

MAIL = r"^[^@\s]+@[^@\s]+\.[a-z]+$"


class AlertsSettings(Section):
    """What is promised, what it may cost, and who is told."""

    enabled: bool
    """Whether the rules are evaluated; availability tests and the budget always are."""
    pages: bool
    """Whether urgent alerts wake somebody up; otherwise they are tickets like the others."""
    page_email: Annotated[str, Field(pattern=MAIL)]
    """Who is woken up."""
    page_webhook: Annotated[str, Field(pattern=r"^(none|https://[a-z0-9.-]+(/[A-Za-z0-9._~/-]*)?)$")]
    """Where urgent alerts are posted, without a key in the address; none for nowhere."""
    ticket_email: Annotated[str, Field(pattern=MAIL)]
    """Who finds the other alerts in the morning, and the warnings of the budget."""
    availability_percent: Annotated[float, Field(ge=90, le=99.99)]
    """Share of requests that must be answered without a fault of the service, over 30 days."""
    minimum_requests: Annotated[int, Field(ge=1, le=1_000_000)]
    """Requests in a window below which its ratio of failures says nothing."""
    latency_ms: Annotated[int, Field(ge=50, le=60_000)]
    """Milliseconds in which 95 of 100 requests must be answered."""
    ingestion_gb_per_day: Annotated[float, Field(ge=0.1, le=1000)]
    """Gigabytes of logs per day that are expected at the most."""
    budget_per_month: Annotated[int, Field(ge=1, le=1_000_000)]
    """What the environment may cost per month, in the currency of the bill."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a promise that Azure does not make, and pages of rules that are off."""
        if self.availability_percent > (most := promise_percent()):
            yield (
                "availability_percent",
                f"Azure promises less than {self.availability_percent:g} (allowed up to {most:g})",
            )
        if self.pages and not self.enabled:
            yield "pages", "true wakes nobody while `enabled` is false (allowed false, or enable the rules)"


@dataclass(frozen=True, kw_only=True)
class AlertsArgs:
    """Arguments of `Alerts`."""

    platform: Platform
    settings: AlertsSettings
    observability: Observability
    is_public: bool
    """Whether addresses answer on the internet, from where they are probed."""


class Alerts(pulumi.ComponentResource):
    """Action groups, rules, and the budget."""

    page_id: pulumi.Output[str]
    """The action group that wakes people up."""
    ticket_id: pulumi.Output[str]
    """The action group that files work."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Alerts", name, None, opts)
        platform, settings = args.platform, args.settings
        groups = ActionGroups(
            name,
            ActionGroupsArgs(
                platform=platform,
                page_email=settings.page_email,
                page_webhook=settings.page_webhook,
                ticket_email=settings.ticket_email,
                pages=settings.pages,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self._is_public = args.is_public
        self._insights_id = args.observability.insights_id
        self._place = Place(name=name, platform=platform, groups=groups, enabled=settings.enabled, parent=self)
        for rule in log_rules(settings):
            log_alert(self._place, rule, workspace_id=args.observability.workspace_id)
        for rule in ACTIVITY_RULES:
            activity_alert(self._place, rule)
        budget(
            f"{name}-budget",
            platform,
            amount=settings.budget_per_month,
            email=settings.ticket_email,
            group_id=groups.ticket_id,
            parent=self,
        )
        self.page_id, self.ticket_id = groups.page_id, groups.ticket_id
        self.register_outputs({"page_id": self.page_id, "ticket_id": self.ticket_id})

    def watch(self, what: str, resource_id: pulumi.Input[str], rules: Sequence[MetricRule]) -> None:
        """Watch the metrics of one resource, which the program calls `what`."""
        for rule in rules:
            metric_alert(self._place, rule, what=what, scope=resource_id)

    def probe(self, endpoint: str, url: pulumi.Input[str]) -> None:
        """Ask an address that is public from five places of the world. `endpoint` is what the program calls it."""
        if self._is_public:
            availability_alert(self._place, endpoint=endpoint, url=url, insights_id=self._insights_id)


def log_rules(settings: AlertsSettings) -> tuple[LogRule, ...]:
    """Return every rule on the logs, by what is promised and expected."""
    objective = Objective(
        availability_percent=settings.availability_percent, minimum_requests=settings.minimum_requests
    )
    return (
        *(burn_rate_rule(rate, objective) for rate in BURN_RATES),
        slow_rule(settings.latency_ms),
        RESTARTING,
        EXPIRY,
        ingestion_rule(settings.ingestion_gb_per_day),
    )
