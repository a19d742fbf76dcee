"""Microsoft.DBforPostgreSQL: the parameters of a flexible server."""

from collections.abc import Iterable
from typing import Any, Final

from localazure.errors import AzureError
from localazure.postgres.parameters import Parameter, switch
from localazure.resource_type import ResourceType
from localazure.services.dbforpostgresql import SERVER
from localazure.store import Record
from localazure.validation import Problem


def _count(default: str, lowest: str, highest: str) -> Parameter:
    return Parameter(default=default, highest=highest, kind="Integer", lowest=lowest)


_OF_THE_SERVICE: Final = {
    "azure.extensions": Parameter(default="", kind="Set"),
    "connection_throttle.enable": switch(),
    "metrics.autovacuum_diagnostics": switch(),
    "metrics.collector_database_activity": switch(),
    "metrics.pgbouncer_diagnostics": switch(),
    "pgbouncer.default_pool_size": _count("50", "1", "4950"),
    "pgbouncer.enabled": switch("true", "false"),
    "pgbouncer.max_client_conn": _count("5000", "1", "50000"),
    "pgbouncer.max_prepared_statements": _count("0", "0", "5000"),
    "pgbouncer.pool_mode": Parameter(default="transaction", kind="Enumeration", values=("transaction", "session")),
    "require_secure_transport": switch(),
}
"""Parameters that the service adds to PostgreSQL's (Microsoft, "Server parameters": categories PgBouncer, Metrics)."""


class Configuration(ResourceType):
    """A parameter of a server. Checked against the real server's list, kept, and without effect on it."""

    token = "dbforpostgresql:Configuration"
    path = SERVER + "/configurations/{configurationName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """A change names who makes it (the ARM reference: source user-override)."""
        if inputs.get("source") not in {None, "user-override"}:
            yield "source", f"'{inputs['source']}' is not a valid source of a change. Allowed: user-override"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a parameter that the server does not have, and a value that it does not take.

        Raises:
            AzureError: also for PgBouncer on the tier Burstable, and for its parameters while it is off, when they
                are hidden (Microsoft, "Server parameters: PgBouncer").
        """
        del previous
        server = self.subscription.need(record.id.rsplit("/configurations/", 1)[0])
        name, value = record.name, record.inputs.get("value", "")
        parameter = _OF_THE_SERVICE.get(name) or await self.subscription.runtime.postgres.parameter(server.name, name)
        if parameter is None or not self._is_shown(server, name):
            raise AzureError(404, "ConfigurationNotExists", f"Server '{server.name}' has no configuration '{name}'.")
        if not parameter.takes(value):
            raise AzureError(
                400, "InvalidParameterValue", f"The value '{value}' is not valid for '{name}'. Allowed: {parameter}."
            )
        record.outputs |= {
            "dataType": parameter.kind,
            "defaultValue": parameter.default,
            "source": "user-override",
            "value": value,
        }

    def _is_shown(self, server: Record, name: str) -> bool:
        if not name.startswith("pgbouncer."):
            return True
        if server.inputs.get("sku", {}).get("tier") == "Burstable":
            return False
        switches = self.subscription.find(self.token, serverName=server.name, configurationName="pgbouncer.enabled")
        return name == "pgbouncer.enabled" or any(each.inputs.get("value") == "true" for each in switches)
