"""The functions of the SDK: `get_*` of every type that has a behaviour, and the client's own identity."""

import re
from typing import Any

from localazure.azure import Azure
from localazure.errors import NotSimulatedError
from localazure.operator import OPERATOR


def invoke(azure: Azure, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Answer a function. `token` is e.g. `keyvault:getVault`. Raises AzureError."""
    if token == "authorization:getClientConfig":
        return {
            "clientId": OPERATOR.client_id,
            "objectId": OPERATOR.object_id,
            "subscriptionId": azure.subscription_id,
            "tenantId": azure.tenant_id,
        }
    found = re.fullmatch(r"(\w+):get(\w+)", token)
    if found and f"{found[1]}:{found[2]}" in azure.tokens:
        record = azure.need(azure.type_of(f"{found[1]}:{found[2]}").id_of(arguments))
        return {**record.outputs, "id": record.id}
    raise NotSimulatedError(f"azure-native:{token}")
