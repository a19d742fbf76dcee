"""Who is told: one group that wakes people up, one that files work."""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from components import names
from components.alerting.alert_rule import Severity
from components.platform import Platform

NO_WEBHOOK = "none"


@dataclass(frozen=True, kw_only=True)
class ActionGroupsArgs:
    """Arguments of `ActionGroups`."""

    platform: Platform
    page_email: str
    page_webhook: str
    """An https address, or `none`."""
    ticket_email: str
    pages: bool
    """Whether anybody is woken up; otherwise everything is a ticket."""


class ActionGroups(pulumi.ComponentResource):
    """The group that pages and the group that files tickets."""

    page_id: pulumi.Output[str]
    """Resource id of the group that wakes people up."""
    ticket_id: pulumi.Output[str]
    """Resource id of the group that files work."""

    def __init__(self, name: str, args: ActionGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:ActionGroups", name, None, opts)
        self._pages = args.pages
        webhooks = (
            [monitor.WebhookReceiverArgs(name="pager", service_uri=args.page_webhook, use_common_alert_schema=True)]
            if args.page_webhook != NO_WEBHOOK
            else []
        )
        self.page_id = self._group(name, "page", args.platform, args.page_email, webhooks, enabled=args.pages)
        self.ticket_id = self._group(name, "ticket", args.platform, args.ticket_email, [], enabled=True)
        self.register_outputs({"page_id": self.page_id, "ticket_id": self.ticket_id})

    def of(self, severity: Severity) -> pulumi.Output[str]:
        """Return the id of the group that is told of a severity."""
        return self.page_id if severity.pages and self._pages else self.ticket_id

    def _group(
        self,
        name: str,
        audience: str,
        platform: Platform,
        email: str,
        webhooks: list[monitor.WebhookReceiverArgs],
        *,
        enabled: bool,
    ) -> pulumi.Output[str]:
        mail = monitor.MicrosoftCommonEmailReceiverArgs(name="mail", email_address=email, use_common_alert_schema=True)
        group = monitor.ActionGroup(
            f"{name}-{audience}",
            action_group_name=names.action_group(platform.environment, audience),
            resource_group_name=platform.resource_group_name,
            location="global",
            group_short_name=f"{names.PRODUCT}-{audience}",
            enabled=enabled,
            email_receivers=[mail],
            webhook_receivers=webhooks,
            tags=platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        return group.id
