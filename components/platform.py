"""The resource group, and what every other component needs to know of the environment it is made in.

The environment's name makes physical names and tags; nothing compares it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, Literal

import pulumi
from pulumi_azure_native import resources
from pydantic import Field

from components import names
from components.section import Conflict, Section

_UNIQUE: Final = (
    names.cache,
    names.database_server,
    names.registry,
    names.service_bus,
    names.storage_account,
    names.vault,
)
"""Names that end in what makes them unique."""

_RESERVED: Final = ("microsoft", "windows")
"""What no name may hold (Microsoft, "Resolve errors for reserved resource names"); other words are whole names."""


class PlatformSettings(Section):
    """What this environment is called and who answers for it."""

    environment: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,9}$")]
    """The environment's name, part of every physical name."""
    unique: Annotated[str, Field(pattern=r"^[a-z0-9]{3,8}$")]
    """What makes names unique in the world: vault, registry, database server."""
    owner: Annotated[str, Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")]
    """The mail address of the team that answers for the resources."""
    cost_center: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{2,32}$")]
    """Where the bill goes."""
    data_classification: Literal["public", "internal", "confidential", "restricted"]
    """The highest class of data that is kept here."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield the physical names that this environment would make, and Azure would refuse."""
        for name in _UNIQUE:
            try:
                name(self.environment, self.unique)
            except ValueError as error:
                yield "unique", str(error)
        for word in _RESERVED:
            if word in f"{self.environment}{self.unique}":
                key = "environment" if word in self.environment else "unique"
                yield key, f'makes names with the word "{word}", which Azure takes in none (allowed without it)'


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """Arguments of `Platform`."""

    settings: PlatformSettings
    subscription_id: str
    tenant_id: str
    today: date


class Platform(pulumi.ComponentResource):
    """One resource group per environment."""

    environment: str
    """The environment's name, for physical names."""
    unique: str
    """The suffix of names that are unique in the world."""
    subscription_id: str
    """Where built-in roles are looked up."""
    tenant_id: str
    """The directory that every identity and token belongs to."""
    today: date
    """The day of this run, in UTC: for what begins or ends by the day of its creation, and ignores changes of that."""
    resource_group_name: pulumi.Output[str]
    """Where every other resource is made."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Platform", name, None, opts)
        self._settings = args.settings
        self.environment = args.settings.environment
        self.unique = args.settings.unique
        self.subscription_id = args.subscription_id
        self.tenant_id = args.tenant_id
        self.today = args.today
        group = resources.ResourceGroup(
            name,
            resource_group_name=names.resource_group(self.environment),
            tags=self.tags(name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.resource_group_name = group.name
        self.register_outputs({"resource_group_name": self.resource_group_name})

    def in_days(self, days: int) -> int:
        """Return the end of what is made today and lives for so many days, in seconds since 1970.

        A day in the stack file would turn bad with time: Azure takes an end that is over, and fails what comes later.
        """
        return int(datetime.combine(self.today + timedelta(days=days), time(tzinfo=UTC)).timestamp())

    def tags(self, component: str) -> dict[str, str]:
        """Return the tags of a resource of `component`."""
        return {
            "application": "digitalmee",
            "component": component,
            "cost-center": self._settings.cost_center,
            "data-classification": self._settings.data_classification,
            "environment": self.environment,
            "managed-by": "pulumi",
            "owner": self._settings.owner,
        }
