"""The rules on what happens to the resources themselves, by people or by Azure."""

from typing import Final

from components.alerting.alert_rule import ActivityRule, Runbook, Severity

DELETIONS: Final = (
    "Microsoft.App/containerApps/delete",
    "Microsoft.App/managedEnvironments/delete",
    "Microsoft.Authorization/locks/delete",
    "Microsoft.Cache/redisEnterprise/delete",
    "Microsoft.ContainerRegistry/registries/delete",
    "Microsoft.DBforPostgreSQL/flexibleServers/delete",
    "Microsoft.KeyVault/vaults/delete",
    "Microsoft.OperationalInsights/workspaces/delete",
    "Microsoft.ServiceBus/namespaces/delete",
    "Microsoft.Storage/storageAccounts/delete",
)

ACTIVITY_RULES: Final = (
    ActivityRule(
        name="service-health",
        severity=Severity.WARNING,
        category="ServiceHealth",
        subscription_wide=True,  # Azure publishes its incidents for a subscription, not for a group
        runbook=Runbook.PLATFORM,
    ),
    ActivityRule(
        name="resource-health", severity=Severity.WARNING, category="ResourceHealth", runbook=Runbook.PLATFORM
    ),
    ActivityRule(
        name="deletions",
        severity=Severity.ERROR,
        category="Administrative",
        operations=DELETIONS,
        runbook=Runbook.PLATFORM,
    ),
    ActivityRule(
        name="grants",
        severity=Severity.NOTICE,
        category="Administrative",
        operations=("Microsoft.Authorization/roleAssignments/write",),
        runbook=Runbook.PLATFORM,
    ),
)
