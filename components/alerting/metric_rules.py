"""The metric rules, a table per kind of resource; limits come from what is declared.

Metric names, units and dimensions: Microsoft, "Supported metrics with Azure Monitor". `RestartCount` is not here: it
counts since a replica was made and never falls, so a static limit on it would never clear; `log_rules.py` counts the
events instead.
"""

from functools import partial
from typing import Final

from components.alerting.alert_rule import MetricRule, Runbook, Severity, When, above
from components.workloads.workload_settings import SizeSettings

CRITICAL, ERROR, WARNING, NOTICE = Severity
_APP: Final = "Microsoft.App/containerApps"

CPU_SHARE: Final = 0.8
"""Of the declared cores: above the 70 % at which another replica starts, so it means that scaling does not help."""
MEMORY_SHARE: Final = 0.85
"""Of the declared memory; at all of it the kernel ends the container."""
SHARE_PERCENT: Final = 80
"""Of a limit that Azure sets."""

_GIBIBYTE: Final = 1024**3
_CONNECTIONS: Final = {2: 50, 4: 429, 8: 859, 16: 1718, 32: 3437}
"""`max_connections` by gibibytes of memory; 5000 above (Microsoft, "Limits in Azure Database for PostgreSQL")."""


def service_rules(settings: SizeSettings) -> tuple[MetricRule, ...]:
    """Return the rules of a container app that answers requests, by the size declared for it."""
    errors = MetricRule(
        name="errors",
        severity=ERROR,
        namespace=_APP,
        metric="Requests",
        when=above(20, "Total"),
        minutes=5,
        dimension=("statusCodeCategory", "5xx"),
        runbook=Runbook.AVAILABILITY,
    )
    return (errors, *size_rules(settings))


def size_rules(settings: SizeSettings) -> tuple[MetricRule, ...]:
    """Return the rules of any container app: how much of what is declared for it is in use."""
    rule = partial(MetricRule, namespace=_APP, severity=WARNING, minutes=15, runbook=Runbook.SATURATION)
    cores = above(round(CPU_SHARE * settings.cpu * 1e9))
    memory = above(round(MEMORY_SHARE * float(settings.memory.removesuffix("Gi")) * _GIBIBYTE))
    full = When(aggregation="Minimum", operator="GreaterThanOrEqual", threshold=settings.max_replicas)
    scales = settings.max_replicas > max(settings.min_replicas, 1)
    return (
        rule(name="cpu", metric="UsageNanoCores", when=cores),
        rule(name="memory", metric="WorkingSetBytes", when=memory),
        *([rule(name="full", metric="Replicas", when=full, dimension=("revisionName", "*"))] if scales else []),
    )


def database_rules(sku_name: str) -> tuple[MetricRule, ...]:
    """Return the rules of the database server, by its size."""
    rule = partial(
        MetricRule, namespace="Microsoft.DBforPostgreSQL/flexibleServers", minutes=15, runbook=Runbook.DATABASE
    )
    dead = When(aggregation="Maximum", operator="LessThan", threshold=1)
    connections = above(connections_of(sku_name) * SHARE_PERCENT // 100)
    return (
        rule(name="down", severity=CRITICAL, minutes=5, metric="is_db_alive", when=dead),
        rule(name="connections", severity=WARNING, metric="active_connections", when=connections),
        rule(name="refused", severity=WARNING, metric="connections_failed", when=above(10, "Total")),
        rule(name="storage", severity=WARNING, metric="storage_percent", when=above(SHARE_PERCENT)),
        rule(name="cpu", severity=WARNING, metric="cpu_percent", when=above(SHARE_PERCENT)),
        rule(name="memory", severity=WARNING, metric="memory_percent", when=above(85)),
        rule(name="deadlocks", severity=NOTICE, metric="deadlocks", when=above(0, "Total")),
    )


def messaging_rules(queue: str) -> tuple[MetricRule, ...]:
    """Return the rules of the Service Bus namespace and its queue.

    Service Bus has no metric for the age of the oldest message. A message that waits for an hour keeps the queue from
    being empty for that hour, so `oldest` misses none; where nothing is completed meanwhile, the first has waited as
    long as the window, which is `stuck`. The counts are not exported to logs, so no query can do better.
    """
    rule = partial(MetricRule, namespace="Microsoft.ServiceBus/namespaces", runbook=Runbook.QUEUE, minutes=15)
    of = ("EntityName", queue)
    dead, waiting = above(0, "Maximum"), above(0, "Minimum")
    nothing = ("CompleteMessage", When(aggregation="Total", operator="LessThan", threshold=1))
    return (
        rule(name="dead-letters", severity=WARNING, metric="DeadletteredMessages", when=dead, dimension=of),
        rule(name="stuck", severity=ERROR, metric="ActiveMessages", when=waiting, also=nothing, dimension=of),
        rule(name="oldest", severity=WARNING, metric="ActiveMessages", when=waiting, minutes=60, dimension=of),
        rule(name="backlog", severity=WARNING, metric="ActiveMessages", when=above(1000), dimension=of),
        rule(name="throttled", severity=WARNING, metric="ThrottledRequests", when=above(0, "Total")),
        rule(name="errors", severity=WARNING, metric="ServerErrors", when=above(0, "Total")),
    )


_cache = partial(MetricRule, namespace="Microsoft.Cache/redisEnterprise", minutes=15, runbook=Runbook.CACHE)
_DENIED: Final = ("StatusCode", "403")
_UNAVAILABLE: Final = When(aggregation="Average", operator="LessThan", threshold=99)
_vault = partial(MetricRule, namespace="Microsoft.KeyVault/vaults", minutes=15, runbook=Runbook.VAULT)

CACHE_RULES: Final = (
    _cache(name="memory", severity=WARNING, metric="usedmemorypercentage", when=above(SHARE_PERCENT, "Maximum")),
    _cache(name="evictions", severity=NOTICE, metric="evictedkeys", when=above(0)),
    _cache(name="load", severity=WARNING, metric="percentProcessorTime", when=above(SHARE_PERCENT, "Maximum")),
)
"""Evictions are a rate per second."""

VAULT_RULES: Final = (
    _vault(name="denials", severity=WARNING, metric="ServiceApiResult", when=above(5, "Count"), dimension=_DENIED),
    _vault(name="availability", severity=ERROR, metric="Availability", when=_UNAVAILABLE),
    _vault(name="saturation", severity=WARNING, metric="SaturationShoebox", when=above(75)),
)

JOB_RULES: Final = (
    MetricRule(
        name="failed",
        severity=ERROR,
        namespace="Microsoft.App/jobs",
        metric="Executions",
        when=above(0, "Total"),
        minutes=60,
        dimension=("state", "failed"),
        runbook=Runbook.JOBS,
    ),
)


def connections_of(sku_name: str) -> int:
    """Return how many connections a PostgreSQL server of a size takes: it follows from its memory.

    Args:
        sku_name: As `Standard_B1ms`, `Standard_D2ds_v5`, `Standard_E4ds_v5`.
    """
    family, size = sku_name[9], sku_name[10:].split("_", maxsplit=1)[0]
    cores = int("".join(letter for letter in size if letter.isdigit()))
    if family == "B":
        gibibytes = 2 if cores == 1 else cores * (4 if "ms" in size else 2)
    else:
        gibibytes = cores * {"D": 4, "E": 8}[family]
    return next((limit for memory, limit in _CONNECTIONS.items() if gibibytes <= memory), 5000)
