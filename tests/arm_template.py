"""A tape as an ARM template, for tools that read those and no Pulumi program.

What ARM has at the top of a resource stays there; the rest goes below `properties`, from where azure-native lifts it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from localazure.services.catalog import TYPES
from localazure.shapes import resource_shape
from tests.tape import Registration, Tape

TOP: Final = frozenset(
    {"extendedLocation", "identity", "kind", "location", "managedBy", "plan", "properties", "sku", "tags", "zones"}
)
ARM_NAMES: Final = {"expires": "exp", "networkRuleSet": "networkAcls"}
"""What the SDK calls otherwise than ARM (`x-ms-client-name` in Azure/azure-rest-api-specs), and tools look for."""
SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def arm_template(tape: Tape) -> dict[str, Any]:
    """Return the template that declares the Azure resources of a tape, sorted by type and name."""
    resources = sorted(_resources(tape), key=lambda resource: (resource["type"], resource["name"]))
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}


def _resources(tape: Tape) -> Iterator[dict[str, Any]]:
    for registration in tape.registrations.values():
        if registration.custom and registration.type.startswith("azure-native:"):
            yield _resource(registration)


def _resource(registration: Registration) -> dict[str, Any]:
    token = registration.type.removeprefix("azure-native:")
    path = TYPES[token].path
    scope, _, rest = path.rpartition("/providers/")
    kind, name = _type_and_name(rest, registration.inputs) if rest != path else _group(registration.inputs)
    named = set(re.findall(r"{(\w+)}", path))
    inputs = {key: value for key, value in registration.inputs.items() if key not in named}
    below = {key: value for key, value in inputs.items() if key not in TOP}
    resource: dict[str, Any] = {
        "type": kind,
        "apiVersion": resource_shape(token).api_version,
        "name": name,
        **{key: value for key, value in inputs.items() if key in TOP},
    }
    if below:
        resource["properties"] = {**resource.get("properties", {}), **below}
    resource = _in_arms_names(resource)
    if scope.startswith("{"):
        resource["scope"] = registration.inputs[scope.strip("{}")]
    return resource


def _in_arms_names(value: Any) -> Any:
    match value:
        case dict():
            items = cast("dict[str, Any]", value).items()
            return {ARM_NAMES.get(key, key): _in_arms_names(item) for key, item in items}
        case list():
            return [_in_arms_names(item) for item in cast("list[Any]", value)]
        case _:
            return value


def _type_and_name(path: str, inputs: Mapping[str, Any]) -> tuple[str, str]:
    """`Microsoft.KeyVault/vaults/secrets` and `the-vault/the-secret` of the path below the provider."""
    provider, *segments = path.split("/")
    names = [str(inputs[match[1]]) if (match := re.fullmatch(r"{(\w+)}", part)) else part for part in segments[1::2]]
    return "/".join([provider, *segments[::2]]), "/".join(names)


def _group(inputs: Mapping[str, Any]) -> tuple[str, str]:
    return "Microsoft.Resources/resourceGroups", inputs["resourceGroupName"]
