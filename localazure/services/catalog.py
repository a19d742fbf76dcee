"""Every resource type that has a behaviour."""

from typing import Final

from localazure.resource_type import ResourceType
from localazure.services import (
    app,
    app_environment,
    applicationinsights,
    authorization,
    containerregistry,
    dbforpostgresql,
    keyvault,
    managedidentity,
    monitor,
    operationalinsights,
    resources,
)

TYPES: Final[dict[str, type[ResourceType]]] = {
    behaviour.token: behaviour
    for behaviour in (
        app.ContainerApp,
        app_environment.ManagedEnvironment,
        applicationinsights.Component,
        authorization.RoleAssignment,
        containerregistry.Registry,
        dbforpostgresql.AdministratorsMicrosoftEntra,
        dbforpostgresql.Database,
        dbforpostgresql.FirewallRule,
        dbforpostgresql.Server,
        keyvault.Secret,
        keyvault.Vault,
        managedidentity.UserAssignedIdentity,
        monitor.DiagnosticSetting,
        operationalinsights.Workspace,
        resources.ResourceGroup,
    )
}
