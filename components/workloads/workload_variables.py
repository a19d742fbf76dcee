"""The environment of what serves: the API, the tool server and the worker. Plain values, no resource."""

import pulumi

from app.contract import ApiEnv, McpEnv, ThirdPartyKey, UpkeepEnv, WorkerEnv
from components.identity import WorkloadIdentity
from components.workloads.service_args import ServiceArgs
from components.workloads.variables import Values, Variables, process_values


def product_values(
    env: type[ApiEnv | McpEnv | UpkeepEnv | WorkerEnv], args: ServiceArgs, identity: WorkloadIdentity, log_level: str
) -> Values:
    """Return what is told to all that handle data of people: the key to it, the cache, where telemetry goes.

    Args:
        env: The names that the role reads.
        args: What the service is made of.
        identity: What the container acts as.
        log_level: The least severe message that is logged.
    """
    return {
        **process_values(env, identity=identity, database=args.database, log_level=log_level),
        env.APPLICATIONINSIGHTS_CONNECTION_STRING: args.observability.connection_string,
        env.DATA_KEY_ID: args.vault.people_key_id,
        env.REDIS_HOST: args.cache.host,
        env.REDIS_PORT: args.cache.port,
    }


def api_variables(args: ServiceArgs) -> Variables:
    """Return the environment of the API."""
    behaviour = args.behaviour
    keys = {
        ApiEnv.ANTHROPIC_API_KEY: ThirdPartyKey.ANTHROPIC,
        ApiEnv.OPENAI_API_KEY: ThirdPartyKey.OPENAI,
        ApiEnv.TELEGRAM_BOT_TOKEN: ThirdPartyKey.TELEGRAM,
        ApiEnv.TELEGRAM_WEBHOOK_SECRET: ThirdPartyKey.TELEGRAM_WEBHOOK,
    }
    return Variables(
        values={
            **product_values(ApiEnv, args, args.identities.api, args.sizes.api.log_level),
            **_door_values(ApiEnv, args, audience=behaviour.authentication.audience),
            ApiEnv.CHAT_MODEL: behaviour.chat.model,
            ApiEnv.CHAT_PROVIDER: behaviour.chat.provider,
            ApiEnv.CORS_ORIGINS: pulumi.Output.from_input(args.frontend_origin).apply(
                lambda own: ",".join(filter(None, (own, behaviour.web.origins)))
            ),
            ApiEnv.EXPORT_CONTAINER: args.storage.exports,
            ApiEnv.SERVICE_BUS_HOST: args.messaging.host,
            ApiEnv.SERVICE_BUS_QUEUE: args.messaging.queue,
            ApiEnv.STORAGE_BLOB_ENDPOINT: args.storage.blob_endpoint,
            ApiEnv.TRACE_PERCENT: str(behaviour.trace_percent),
        },
        secrets={name: args.vault.secret_reference(key) for name, key in keys.items()},
    )


def mcp_variables(args: ServiceArgs) -> Variables:
    """Return the environment of the tool server."""
    behaviour = args.behaviour
    return Variables(
        values={
            **product_values(McpEnv, args, args.identities.mcp, args.sizes.mcp.log_level),
            **_door_values(McpEnv, args, audience=behaviour.authentication.tool_audience),
            McpEnv.TRACE_PERCENT: str(behaviour.trace_percent),
        }
    )


def worker_variables(args: ServiceArgs) -> Variables:
    """Return the environment of the worker."""
    return Variables(
        values={
            **product_values(WorkerEnv, args, args.identities.worker, args.sizes.worker.log_level),
            WorkerEnv.AUDIT_CONTAINER: args.storage.audit,
            WorkerEnv.EXPORT_CONTAINER: args.storage.exports,
            WorkerEnv.SERVICE_BUS_HOST: args.messaging.host,
            WorkerEnv.SERVICE_BUS_QUEUE: args.messaging.queue,
            WorkerEnv.STORAGE_BLOB_ENDPOINT: args.storage.blob_endpoint,
            WorkerEnv.TRACE_PERCENT: str(args.behaviour.trace_percent),
        },
        secrets={WorkerEnv.TELEGRAM_BOT_TOKEN: args.vault.secret_reference(ThirdPartyKey.TELEGRAM)},
    )


def _door_values(env: type[ApiEnv | McpEnv], args: ServiceArgs, *, audience: str) -> Values:
    """Return what is told to what people reach: through which door, whose tokens, how often."""
    limits = args.behaviour.limits
    return {
        env.FRONT_DOOR_ID: args.edge.front_door_id,
        env.LIMIT_PER_ADDRESS: str(limits.per_address_per_minute),
        env.LIMIT_PER_PERSON: str(limits.per_person_per_minute),
        env.TOKEN_ALGORITHMS: ",".join(args.behaviour.authentication.algorithms),
        env.TOKEN_AUDIENCE: audience,
        env.TOKEN_ISSUER: args.behaviour.authentication.issuer,
        env.TRUSTED_HOPS: str(args.edge.hops),
    }
