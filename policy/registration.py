"""What a rule sees: resources as the program registers them, before Azure adds anything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

AZURE_NATIVE: Final = "azure-native:"
STACK: Final = "pulumi:pulumi:Stack"
"""The type under which a tape holds what the stack exports."""
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What a preview holds in the place of a value that only the deployment will tell (pulumi, sdk/go/common/resource)."""
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret, not one

Inputs = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A value that the engine keeps encrypted."""

    value: Any = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One resource.

    Args:
        urn: its name in the engine, which tells the stack.
        type: the token without the package, as `keyvault:Vault`; `STACK` with the exports as inputs.
        name: its logical name.
        inputs: properties by wire name; secrets are `Secret`, values of the future `UNKNOWN`.
        protect: whether the engine refuses to delete it.
        ignore_changes: properties that an update leaves as they are.
    """

    urn: str
    type: str
    name: str
    inputs: Inputs
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()

    @property
    def stack(self) -> str:
        """The stack that it belongs to."""
        return self.urn.split("::")[0].removeprefix("urn:pulumi:")

    @property
    def physical_name(self) -> str:
        """Its name in Azure, as the program gives it; empty where the type has none of its own."""
        kind = self.type.rpartition(":")[2]
        return str(self.inputs.get(_NAME_OF.get(self.type, f"{kind[0].lower()}{kind[1:]}Name"), ""))

    def is_named_in(self, resource_id: Any) -> bool:
        """Whether a resource id is this one's or that of something below it; an id of the future may be."""
        if UNKNOWN in (resource_id, self.physical_name):
            return True
        return bool(self.physical_name) and self.physical_name.lower() in str(resource_id).lower().split("/")


_NAME_OF: Final[Mapping[str, str]] = {
    "app:ManagedEnvironment": "environmentName",
    "redisenterprise:RedisEnterprise": "clusterName",
    "storage:BlobContainer": "containerName",
    "storage:StorageAccount": "accountName",
}


@dataclass(frozen=True)
class Tape:
    """All registrations of one run of the program."""

    registrations: tuple[Registration, ...]

    def of(self, *types: str) -> Iterator[Registration]:
        """The resources of some types; `*` is every type of Azure's."""
        for registration in self.registrations:
            if registration.type in types or ("*" in types and registration.type != STACK):
                yield registration


def registered(
    type_: str, inputs: Inputs, *, protect: bool = False, ignore_changes: tuple[str, ...] = ()
) -> Registration:
    """A registration of an example."""
    urn = f"urn:pulumi:example::example::{AZURE_NATIVE}{type_}::example"
    return Registration(
        urn=urn, type=type_, name="example", inputs=inputs, protect=protect, ignore_changes=ignore_changes
    )


def judged_type(token: str) -> str | None:
    """The type as rules name it; None for components and resources of other providers, which no rule judges."""
    if token == STACK:
        return STACK
    return token.removeprefix(AZURE_NATIVE) if token.startswith(AZURE_NATIVE) else None


def decode(value: Any) -> Any:
    """A value of the engine's wire format: marked secrets become `Secret`, whole numbers integers."""
    match value:
        case {"value": content} if cast("dict[str, Any]", value).get(_SIGNATURE) == _SECRET:
            return Secret(value=decode(content))
        case Mapping():
            return {key: decode(item) for key, item in cast("Mapping[str, Any]", value).items()}
        case list():
            return [decode(item) for item in cast("list[Any]", value)]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
