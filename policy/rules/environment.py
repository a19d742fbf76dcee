"""The environment of container apps."""

from policy.checks import all_of, beside, expect, given, on, refers_to
from policy.registration import registered
from policy.rule import AnyRule, ResourceRule, TapeRule

ENVIRONMENT = "app:ManagedEnvironment"


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="environment-zones",
        title="The environment spreads over zones, in a subnet of its own",
        reason="One data centre takes the whole product down; without the subnet Azure ignores or refuses the wish.",
        source="PSRule Azure.ContainerApp.AvailabilityZone; APRL container apps: zone redundancy",
        fix="Set zoneRedundant to true and vnetConfiguration.infrastructureSubnetId; both only when it is created.",
        types=(ENVIRONMENT,),
        check=all_of(on("zoneRedundant"), given("vnetConfiguration.infrastructureSubnetId")),
        passes={"zoneRedundant": True, "vnetConfiguration": {"infrastructureSubnetId": "/subnet"}},
        violates={"zoneRedundant": True},
    ),
    ResourceRule(
        id="environment-in-network",
        title="The environment is in the platform's network",
        reason="Data services that are closed to the internet cannot be reached from outside of it.",
        source="own; PSRule Azure.ContainerApp.PublicAccess",
        fix="Set vnetConfiguration.infrastructureSubnetId to the delegated subnet.",
        types=(ENVIRONMENT,),
        check=given("vnetConfiguration.infrastructureSubnetId"),
        passes={"vnetConfiguration": {"infrastructureSubnetId": "/subnet"}},
        violates={"vnetConfiguration": {"internal": False}},
    ),
    ResourceRule(
        id="environment-logs-keyless",
        title="Logs leave the environment without a shared key",
        reason="The log-analytics destination needs the key of the workspace, which lets anyone write logs.",
        source="own; Microsoft, Log storage in Container Apps",
        fix="Set appLogsConfiguration.destination to azure-monitor and add a diagnostic setting.",
        types=(ENVIRONMENT,),
        check=all_of(
            expect("appLogsConfiguration.destination", "azure-monitor"),
            expect("appLogsConfiguration.logAnalyticsConfiguration", None),
        ),
        passes={"appLogsConfiguration": {"destination": "azure-monitor"}},
        violates={"appLogsConfiguration": {"destination": "log-analytics"}},
    ),
    ResourceRule(
        id="environment-encrypted",
        title="Traffic between apps is encrypted",
        reason="Requests inside of the environment would be readable on its network.",
        source="AVM app/managed-environment default; own",
        fix="Set peerTrafficConfiguration.encryption.enabled to true.",
        types=(ENVIRONMENT,),
        check=on("peerTrafficConfiguration.encryption.enabled"),
        passes={"peerTrafficConfiguration": {"encryption": {"enabled": True}}},
        violates={"peerTrafficConfiguration": {"encryption": {"enabled": False}}},
    ),
    TapeRule(
        id="environment-logs-collected",
        title="The environment's logs are collected",
        reason="Without a diagnostic setting the azure-monitor destination drops them.",
        source="PSRule Azure.ContainerApp; Microsoft, Log storage in Container Apps",
        fix="Add a diagnostic setting of the environment.",
        types=(ENVIRONMENT,),
        check=beside(
            ("monitor:DiagnosticSetting",), refers_to("resourceUri"), "no diagnostic setting collects its logs"
        ),
        passes=(
            registered(ENVIRONMENT, {"environmentName": "cae"}),
            registered("monitor:DiagnosticSetting", {"resourceUri": "/managedEnvironments/cae"}),
        ),
        violates=(
            registered(ENVIRONMENT, {"environmentName": "cae"}),
            registered("monitor:DiagnosticSetting", {"resourceUri": "/managedEnvironments/other"}),
        ),
    ),
)
