"""What the environment may cost in a month, and who hears of it before it is spent."""

from typing import Final

import pulumi
from pulumi_azure_native import consumption

from components import names
from components.platform import Platform

STEPS: Final = (("Actual", 50), ("Actual", 80), ("Actual", 100), ("Forecasted", 100))
"""Per cent of the budget that tell, spent or foreseen; Azure takes five at the most."""


def budget(
    name: str,
    platform: Platform,
    *,
    amount: int,
    email: str,
    group_id: pulumi.Input[str],
    parent: pulumi.Resource,
) -> consumption.Budget:
    """Make the budget of the resource group, from the month of its creation on.

    Azure takes no start before the current month for a new budget, and another start for none that exists (Microsoft,
    "Budgets - Create Or Update"; github.com/Azure/CanadaPubSecALZ/issues/317): so a day in the stack file would turn
    bad with time, and the engine keeps the start that the budget was made with.

    Args:
        name: Its logical name.
        platform: Whose group it is.
        amount: Per month, in the currency of the bill.
        email: Whom Azure writes to.
        group_id: The action group that is told too.
        parent: The component that owns it.
    """
    group = pulumi.Output.concat(
        f"/subscriptions/{platform.subscription_id}/resourceGroups/", platform.resource_group_name
    )
    return consumption.Budget(
        name,
        budget_name=names.budget(platform.environment),
        scope=group,
        amount=amount,
        category=consumption.CategoryType.COST,
        time_grain=consumption.TimeGrainType.MONTHLY,
        time_period=consumption.BudgetTimePeriodArgs(start_date=f"{platform.today:%Y-%m}-01T00:00:00Z"),
        notifications={
            f"{kind}{percent}": consumption.NotificationArgs(
                enabled=True,
                operator=consumption.OperatorType.GREATER_THAN,
                threshold=percent,
                threshold_type=kind,
                contact_emails=[email],
                contact_groups=[group_id],
            )
            for kind, percent in STEPS
        },
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True, ignore_changes=["timePeriod"]),
    )
