"""Logs: the workspace, Application Insights, and who sends there what."""

from typing import Final

from policy.checks import all_of, beside, between, expect, given, not_on, on, refers_to
from policy.registration import registered
from policy.rule import AnyRule, ResourceRule, TapeRule

WORKSPACE, INSIGHTS = "operationalinsights:Workspace", "applicationinsights:Component"
SETTING = "monitor:DiagnosticSetting"
LOGGED: Final = (
    "keyvault:Vault",
    "cdn:Profile",
    "containerregistry:Registry",
    "dbforpostgresql:Server",
    "servicebus:Namespace",
    "storage:StorageAccount",
)
"""Who must say who did what."""

RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="workspace-retention",
        title="Logs are kept for 30 days to two years",
        reason="What is shorter misses slow incidents; what is longer is not allowed or not needed.",
        source="checkov CKV_AZURE_37 intent; Microsoft, Data retention in Log Analytics",
        fix="Set retentionInDays between 30 and 730.",
        types=(WORKSPACE,),
        check=between("retentionInDays", 30, 730),
        passes={"retentionInDays": 90},
        violates={"retentionInDays": 7},
    ),
    ResourceRule(
        id="workspace-no-keys",
        title="Nobody writes logs with a shared key",
        reason="With it anyone can write false logs.",
        source="PSRule Azure.AppInsights.LocalAuth intent; own",
        fix="Set features.disableLocalAuth to true.",
        types=(WORKSPACE,),
        check=on("features.disableLocalAuth"),
        passes={"features": {"disableLocalAuth": True}},
        violates={"features": {"disableLocalAuth": False}},
    ),
    ResourceRule(
        id="workspace-by-resource",
        title="Who may see a resource may see its logs, and nobody else",
        reason="Rights on the workspace open the logs of everything.",
        source="Microsoft, Manage access to Log Analytics workspaces",
        fix="Set features.enableLogAccessUsingOnlyResourcePermissions to true.",
        types=(WORKSPACE,),
        check=on("features.enableLogAccessUsingOnlyResourcePermissions"),
        passes={"features": {"enableLogAccessUsingOnlyResourcePermissions": True}},
        violates={"features": {"enableLogAccessUsingOnlyResourcePermissions": False}},
    ),
    ResourceRule(
        id="insights-in-workspace",
        title="Application Insights keeps its data in the workspace",
        reason="Classic components are retired.",
        source="PSRule Azure.AppInsights.Workspace",
        fix="Set workspaceResourceId.",
        types=(INSIGHTS,),
        check=given("workspaceResourceId"),
        passes={"workspaceResourceId": "/workspaces/log"},
        violates={"ingestionMode": "ApplicationInsights"},
    ),
    ResourceRule(
        id="insights-entra-only",
        title="Application Insights takes telemetry from identities only",
        reason="The instrumentation key is in every client: anyone could write false telemetry.",
        source="PSRule Azure.AppInsights.LocalAuth",
        fix="Set disableLocalAuth to true and grant Monitoring Metrics Publisher.",
        types=(INSIGHTS,),
        check=on("disableLocalAuth"),
        passes={"disableLocalAuth": True},
        violates={"disableLocalAuth": False},
    ),
    ResourceRule(
        id="insights-masks-addresses",
        title="Telemetry holds no addresses of people",
        reason="They are personal data that nobody here needs.",
        source="GDPR article 5(1)(c); Microsoft, Geolocation and IP address handling",
        fix="Leave disableIpMasking off.",
        types=(INSIGHTS,),
        check=not_on("disableIpMasking"),
        passes={"disableIpMasking": False},
        violates={"disableIpMasking": True},
    ),
    ResourceRule(
        id="diagnostics-dedicated",
        title="Logs go to the workspace, into tables of their own",
        reason="The shared table AzureDiagnostics loses columns above 500.",
        source="Microsoft, Diagnostic settings: Dedicated",
        fix="Set workspaceId, and logAnalyticsDestinationType to Dedicated or leave it out.",
        types=(SETTING,),
        check=all_of(given("workspaceId"), expect("logAnalyticsDestinationType", "Dedicated", None)),
        passes={"workspaceId": "/workspaces/log", "logAnalyticsDestinationType": "Dedicated"},
        violates={"workspaceId": "/workspaces/log", "logAnalyticsDestinationType": "AzureDiagnostics"},
    ),
    TapeRule(
        id="logs-collected",
        title="What holds data or secrets says who did what",
        reason="After an incident nobody could tell what was read.",
        source="PSRule Azure.KeyVault.Logs, Azure.ServiceBus.AuditLogs, Azure.FrontDoor.Logs; APRL registry",
        fix="Collect its diagnostics into the workspace.",
        types=LOGGED,
        check=beside((SETTING,), refers_to("resourceUri"), "no diagnostic setting collects its logs"),
        passes=(
            registered(LOGGED[0], {"vaultName": "kv"}),
            registered(SETTING, {"resourceUri": "/vaults/kv", "workspaceId": "/log"}),
        ),
        violates=(
            registered(LOGGED[0], {"vaultName": "kv"}),
            registered(SETTING, {"resourceUri": "/vaults/other", "workspaceId": "/log"}),
        ),
    ),
)
