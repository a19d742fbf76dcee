"""The platform on one screen: create, grant, export.

Every environment has the same components; what differs is data in the stack files.
"""

import gc
from datetime import UTC, datetime

import pulumi
from pulumi_azure_native import authorization

from app.contract import READINESS_PATH, ThirdPartyKey
from components.alerting.alerts import Alerts, AlertsArgs
from components.alerting.watches import watch_service, watch_stores
from components.cache import Cache, CacheArgs
from components.database import Database, DatabaseArgs
from components.dns import Dns, DnsArgs, Site
from components.edge.front_door import Edge, EdgeArgs
from components.environment import Environment, EnvironmentArgs
from components.frontend import PROBE_PATH, Frontend, FrontendArgs
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.messaging import Messaging, MessagingArgs
from components.networking.network import Network, NetworkArgs
from components.observability import Observability, ObservabilityArgs
from components.platform import Platform, PlatformArgs
from components.protection import Protection, ProtectionArgs
from components.registry import Registry, RegistryArgs
from components.storage import Storage, StorageArgs
from components.vault import Vault, VaultArgs
from components.workbooks import Workbooks, WorkbooksArgs
from components.workloads.hosting import Hosting
from components.workloads.service import Service
from components.workloads.service_args import Identities, ServiceArgs
from release import Release
from settings import Settings

# Nearly all that the program makes lives to its end: looking for garbage in it takes longer than making it.
gc.disable()

settings = Settings.load()
release = settings.release.over(Release.remembered())
account = authorization.get_client_config()

platform = Platform(
    "platform",
    PlatformArgs(
        settings=settings.platform,
        subscription_id=account.subscription_id,
        tenant_id=account.tenant_id,
        today=datetime.now(UTC).date(),
    ),
)
api, mcp, worker, backup, migrator, pull = (
    WorkloadIdentity(name, WorkloadIdentityArgs(platform=platform))
    for name in ("api", "mcp", "worker", "backup", "migrator", "pull")
)

network = Network("network", NetworkArgs(platform=platform, settings=settings.network))
observability = Observability("observability", ObservabilityArgs(platform=platform, settings=settings.observability))
registry = Registry("registry", RegistryArgs(platform=platform, settings=settings.registry))
vault = Vault("vault", VaultArgs(platform=platform, settings=settings.vault, third_party_secrets=list(ThirdPartyKey)))
database = Database("database", DatabaseArgs(platform=platform, settings=settings.database, administrator=migrator))
cache = Cache("cache", CacheArgs(platform=platform, settings=settings.cache))
messaging = Messaging("messaging", MessagingArgs(platform=platform, settings=settings.messaging))
storage = Storage("storage", StorageArgs(platform=platform, settings=settings.storage))
dns = Dns("dns", DnsArgs(platform=platform, settings=settings.dns))
edge = Edge("edge", EdgeArgs(platform=platform, settings=settings.edge, dns=dns))
frontend = Frontend(
    "frontend",
    FrontendArgs(platform=platform, settings=settings.frontend, dns=dns, is_behind_edge=settings.edge.is_open),
)
environment = Environment(
    "environment",
    EnvironmentArgs(
        platform=platform,
        settings=settings.environment,
        subnet_id=network.apps_subnet_id,
        workspace_id=observability.workspace_id,
    ),
)

data = {"cache": cache, "database": database, "messaging": messaging, "storage": storage, "vault": vault}
ids = {name: part.id for name, part in data.items()}
everyday = (cache.grant_access, observability.grant_publish, vault.grant_crypto)
grants = [
    registry.grant_pull(pull),
    *(grant(identity) for grant in everyday for identity in (api, mcp, worker)),
    *(vault.grant_read(api, key) for key in ThirdPartyKey),
    vault.grant_read(worker, ThirdPartyKey.TELEGRAM),
    messaging.grant_send(api),
    messaging.grant_receive(worker),
    storage.grant_write_backups(backup),
    storage.grant_read_backups(migrator),
    *(storage.grant_exports(identity) for identity in (api, worker)),
    *(storage.grant_anchor(identity) for identity in (worker, migrator)),
    *network.connect({"registry": registry.private_link, **{name: part.private_link for name, part in data.items()}}),
]

workbooks = Workbooks("workbooks", WorkbooksArgs(platform=platform, observability=observability))
alerts = Alerts(
    "alerts",
    AlertsArgs(
        platform=platform,
        settings=settings.alerts,
        observability=observability,
        is_public=settings.environment.is_public,
    ),
)
watch_stores(alerts, ids, settings.database.sku_name)
observability.collect({**ids, "edge": edge.id, "registry": registry.id, "cache-database": cache.database_id})
web_address = edge.publish(Site.WEB, frontend.url, probe_path=PROBE_PATH, cached=True)

# Without an image there is a registry to push to and nothing to run: the first `up` of an environment.
if rollouts := release.rollouts():
    service = Service(
        "service",
        ServiceArgs(
            hosting=Hosting(
                platform=platform, environment_id=environment.id, registry=registry, pull=pull, grants=grants
            ),
            identities=Identities(api=api, mcp=mcp, worker=worker, migrate=migrator, backup=backup),
            sizes=settings.sizes,
            rollouts=rollouts,
            behaviour=settings.behaviour,
            edge=edge,
            frontend_origin=web_address,
            vault=vault,
            database=database,
            cache=cache,
            messaging=messaging,
            storage=storage,
            observability=observability,
        ),
    )
    api_address = edge.publish(Site.API, service.api.url, probe_path=READINESS_PATH)
    mcp_address = edge.publish(Site.MCP, service.mcp.url, probe_path=READINESS_PATH)
    watch_service(alerts, service, settings.sizes)
    alerts.probe("api", pulumi.Output.concat(api_address, READINESS_PATH))
    alerts.probe("mcp", pulumi.Output.concat(mcp_address, READINESS_PATH))
    observability.collect({"api": service.api.id, "mcp": service.mcp.id, "worker": service.worker.id})
    pulumi.export("release", service.release)
    pulumi.export("api_url", service.api.url)
    pulumi.export("mcp_url", service.mcp.url)
    pulumi.export("jobs", service.jobs)

Protection(
    "protection",
    ProtectionArgs(
        settings=settings.protection,
        locked={**ids, "workspace": observability.workspace_id, "zone": dns.id},
        after=[*data.values(), observability, alerts, workbooks, dns, *grants],
    ),
)
pulumi.export("web_address", web_address)
pulumi.export("name_servers", dns.name_servers)
pulumi.export("front_door_id", edge.front_door_id)
pulumi.export("resource_group", platform.resource_group_name)
pulumi.export("registry", registry.login_server)
pulumi.export("vault_uri", vault.uri)
pulumi.export("token_issuer", settings.authentication.issuer)
pulumi.export("token_audiences", settings.authentication.audiences)
