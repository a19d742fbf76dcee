"""What Azure adds to a resource: the outputs that the program reads, per type."""

from collections.abc import Callable, Mapping
from typing import Any, Final

Inputs = Mapping[str, Any]

PREFIX: Final = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups"

_NAME_OF: Final[Mapping[str, str]] = {
    "app:ContainerApp": "containerAppName",
    "app:ManagedEnvironment": "environmentName",
    "applicationinsights:Component": "resourceName",
    "authorization:RoleAssignment": "roleAssignmentName",
    "containerregistry:Registry": "registryName",
    "dbforpostgresql:AdministratorsMicrosoftEntra": "objectId",
    "dbforpostgresql:Database": "databaseName",
    "dbforpostgresql:FirewallRule": "firewallRuleName",
    "dbforpostgresql:Server": "serverName",
    "keyvault:Secret": "secretName",
    "keyvault:Vault": "vaultName",
    "managedidentity:UserAssignedIdentity": "resourceName",
    "monitor:DiagnosticSetting": "name",
    "operationalinsights:Workspace": "workspaceName",
    "resources:ResourceGroup": "resourceGroupName",
}

_ADDED: Final[Mapping[str, Callable[[str, Inputs], Inputs]]] = {
    "app:ContainerApp": lambda name, inputs: {
        "configuration": {
            **inputs["configuration"],
            "ingress": {**inputs["configuration"]["ingress"], "fqdn": f"{name}.example.azurecontainerapps.io"},
        },
        # the input is a list of ids, the output a map of objects
        "identity": {
            **inputs["identity"],
            "userAssignedIdentities": {key: {} for key in inputs["identity"]["userAssignedIdentities"]},
        },
    },
    "containerregistry:Registry": lambda name, _: {"loginServer": f"{name}.azurecr.io"},
    "dbforpostgresql:Server": lambda name, _: {"fullyQualifiedDomainName": f"{name}.postgres.database.azure.com"},
    "keyvault:Vault": lambda name, inputs: {
        "properties": {**inputs["properties"], "vaultUri": f"https://{name}.vault.azure.net/"}
    },
    "managedidentity:UserAssignedIdentity": lambda name, _: {
        "clientId": f"client-of-{name}",
        "principalId": f"principal-of-{name}",
    },
}


def computed(token: str, name: str, inputs: Inputs) -> tuple[str, dict[str, Any]]:
    """Return the id and the outputs of a resource with `inputs`; a component has neither."""
    kind = token.removeprefix("azure-native:")
    if kind not in _NAME_OF:
        assert token.startswith("digitalmee:components:"), f"{token} of {name}: no computed outputs known"
        return name, dict(inputs)
    physical = inputs[_NAME_OF[kind]]
    added = _ADDED[kind](physical, inputs) if kind in _ADDED else {}
    return f"{PREFIX}/{kind}/{physical}", {**inputs, "name": physical, **added}
