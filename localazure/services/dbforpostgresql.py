"""Microsoft.DBforPostgreSQL: flexible servers, as real servers that take tokens for passwords."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

import asyncpg  # pyright: ignore[reportMissingTypeStubs] # asyncpg ships no types; used for its exceptions

from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, guid_problem, name_problem
from localazure.services.dbforpostgresql_rules import server_problems
from localazure.store import Record
from localazure.validation import Problem

_KINDS = {"Group": "group", "ServicePrincipal": "service", "User": "user"}
SERVER: Final = RESOURCE_GROUP + "/providers/Microsoft.DBforPostgreSQL/flexibleServers/{serverName}"


@contextmanager
def _words_of_the_service() -> Generator[None]:
    """What the server itself refuses, as ARM would hand it on."""
    try:
        yield
    except asyncpg.PostgresError as error:
        raise AzureError(400, "InvalidParameterValue", str(error)) from error


class Server(ResourceType):
    """A flexible server. Its domain name is an address of this machine, port included."""

    token = "dbforpostgresql:Server"
    path = SERVER
    # Fixed at creation (azure-facts.md section 3.15; Microsoft Learn, "Flexible Server limitations").
    force_new = frozenset(
        {"administratorLogin", "backup.geoRedundantBackup", "location", "network.delegatedSubnetResourceId"}
    )

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, sizes of a tier, high availability and zones, storage sizes, retention, maintenance window.

        Also a public address beside a subnet, logins of no kind, and passwords without an administrator. Sources:
        `dbforpostgresql_rules.py`. Not imitated: restored servers and replicas.
        """
        return server_problems(inputs)

    async def put(self, record: Record, previous: Record | None) -> None:
        """Start the server. Names are global, storage never shrinks, a major version never goes back.

        Raises:
            AzureError: in the words of the service.
        """
        if self.is_name_taken(record):
            raise AzureError(409, "ServerNameAlreadyExists", f"Specified server name '{record.name}' is already used.")
        size = record.inputs.get("storage", {}).get("storageSizeGB", 32)
        if previous and size < previous.inputs.get("storage", {}).get("storageSizeGB", 32):
            raise AzureError(
                400, "ServerStorageSizeInvalid", "Storage scale-down is not supported. Storage can only grow."
            )
        version = record.inputs.get("version", "17")
        if previous and int(version) < int(previous.inputs.get("version", "17")):
            raise AzureError(
                400, "InvalidParameterValue", f"The version cannot go back to {version}: an upgrade is for good."
            )
        endpoint = await self.subscription.runtime.postgres.create(record.name, int(version))
        record.outputs |= {
            "fullyQualifiedDomainName": f"{endpoint.host}:{endpoint.port}",
            "minorVersion": endpoint.version.partition(".")[2],
            "state": "Ready",
            "version": version,
        }

    async def delete(self, record: Record) -> None:
        """Stop the server and drop its data, as Azure does."""
        await self.subscription.runtime.postgres.drop(record.name)

    async def recover(self, record: Record) -> None:
        """Start the server again on its data and port."""
        await self.subscription.runtime.postgres.create(record.name, int(record.outputs["version"]))

    def status(self, record: Record) -> dict[str, Any] | None:
        """Where the server answers."""
        return {"kind": "server", "name": record.name, "address": record.outputs["fullyQualifiedDomainName"]}


class Database(ResourceType):
    """A database on a flexible server."""

    token = "dbforpostgresql:Database"
    path = SERVER + "/databases/{databaseName}"
    force_new = frozenset({"charset", "collation"})

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule: 63 characters as PostgreSQL itself has (Microsoft Learn, "Naming rules and restrictions")."""
        return name_problem(
            inputs, "databaseName", r"[A-Za-z0-9_-]{1,63}", "1-63 letters, digits, underscores and hyphens."
        )

    async def put(self, record: Record, previous: Record | None) -> None:
        """Create the database."""
        del previous
        inputs = record.inputs
        self.subscription.need(record.id.rsplit("/databases/", 1)[0])
        charset, collation = inputs.get("charset", "UTF8"), inputs.get("collation", "en_US.utf8")
        with _words_of_the_service():
            await self.subscription.runtime.postgres.create_database(
                inputs["serverName"], record.name, charset, collation
            )
        record.outputs |= {"charset": charset, "collation": collation}

    async def delete(self, record: Record) -> None:
        """Drop the database."""
        await self.subscription.runtime.postgres.drop_database(record.inputs["serverName"], record.name)


class FirewallRule(ResourceType):
    """A firewall rule. Everything here comes from loopback, so it admits nobody and refuses nobody."""

    token = "dbforpostgresql:FirewallRule"
    path = SERVER + "/firewallRules/{firewallRuleName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule (Microsoft Learn, "Naming rules and restrictions", Microsoft.DBforPostgreSQL)."""
        return name_problem(
            inputs, "firewallRuleName", r"[A-Za-z0-9_-]{1,128}", "1-128 letters, digits, underscores and hyphens."
        )

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a rule of a server that is not there."""
        del previous
        self.subscription.need(record.id.rsplit("/firewallRules/", 1)[0])


class AdministratorsMicrosoftEntra(ResourceType):
    """An Entra administrator of a flexible server."""

    token = "dbforpostgresql:AdministratorsMicrosoftEntra"
    path = SERVER + "/administrators/{objectId}"
    force_new = frozenset({"principalName", "principalType", "tenantId"})
    # The SDK took the enum of another service (azure-facts.md section 1, "Wrong generated enums").
    also_allowed = MappingProxyType({"principalType": frozenset(_KINDS)})

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """An object id that is none (description of `objectId` in the SDK: a GUID)."""
        return guid_problem(inputs, "objectId")

    async def put(self, record: Record, previous: Record | None) -> None:
        """Make the principal an administrator under its name. The server must take Entra logins.

        Raises:
            AzureError: in the words of the service.
        """
        del previous
        inputs = record.inputs
        server = self.subscription.need(record.id.rsplit("/administrators/", 1)[0])
        if server.inputs.get("authConfig", {}).get("activeDirectoryAuth") != "Enabled":
            raise AzureError(
                400, "AadAuthNotEnabled", f"Microsoft Entra authentication is not enabled on server '{server.name}'."
            )
        kind = _KINDS.get(inputs.get("principalType", ""))
        if kind is None or "principalName" not in inputs:
            raise AzureError(
                400,
                "InvalidParameterValue",
                f"An administrator needs a principalName, and a principalType of {', '.join(_KINDS)}.",
            )
        with _words_of_the_service():
            await self.subscription.runtime.postgres.set_administrator(
                server.name, inputs["principalName"], inputs["objectId"], kind
            )

    async def delete(self, record: Record) -> None:
        """Take the administrator's access away."""
        inputs = record.inputs
        await self.subscription.runtime.postgres.remove_administrator(inputs["serverName"], inputs["principalName"])
