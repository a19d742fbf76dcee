"""Server parameters of PostgreSQL on Azure: encryption, logs and metrics that are always on, and the pooler.

All of them take effect without a restart. They are set one after another, as the server refuses a second change while
it is busy with the first (`ServerIsBusy`), and those of a feature after the switch that shows them.
"""

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import dbforpostgresql as postgres


def parameters(*, pgbouncer: bool) -> Mapping[str, str]:
    """Return values by parameter, in the order in which they are set."""
    baseline = {
        "connection_throttle.enable": "on",
        "log_checkpoints": "on",
        "metrics.collector_database_activity": "on",
        "require_secure_transport": "on",
        "ssl_min_protocol_version": "TLSv1.2",
    }
    # asyncpg and others prepare statements, which transaction pooling loses unless they are tracked
    pooler = {
        "pgbouncer.enabled": "true",
        "pgbouncer.max_prepared_statements": "200",
        "metrics.pgbouncer_diagnostics": "on",
    }
    return {**baseline, **pooler} if pgbouncer else baseline


def configure(
    name: str,
    values: Mapping[str, str],
    *,
    server: postgres.Server,
    resource_group_name: pulumi.Input[str],
    parent: pulumi.Resource,
    after: pulumi.Resource,
) -> pulumi.Output[str]:
    """Set the parameters of `server` one after another, and return its id, known once it is at rest again.

    Args:
        name: Prefix of the logical names.
        values: Values by parameter, in their order.
        server: The server.
        resource_group_name: Where the server is.
        parent: The component that owns the server.
        after: What the server must have finished before.
    """
    latest: pulumi.Resource = after
    for parameter, value in values.items():
        latest = postgres.Configuration(
            f"{name}-{parameter.replace('.', '-').replace('_', '-')}",
            configuration_name=parameter,
            server_name=server.name,
            resource_group_name=resource_group_name,
            source="user-override",
            value=value,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[latest]),
        )
    return pulumi.Output.all(server.id, latest.urn).apply(lambda known: str(known[0]))
