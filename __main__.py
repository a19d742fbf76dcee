"""The platform on one screen: create, grant, export.

Every environment has the same components; what differs is data in the stack files.
"""

import pulumi
from pulumi_azure_native import authorization

from components.database import Database, DatabaseArgs
from components.environment import Environment, EnvironmentArgs
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.observability import Observability, ObservabilityArgs
from components.platform import Platform, PlatformArgs
from components.registry import Registry, RegistryArgs
from components.variables import api_variables, migrate_variables
from components.vault import Vault, VaultArgs
from components.workload import Workload, WorkloadArgs
from release import Release
from settings import Settings

settings = Settings.load()
release = settings.release.over(Release.remembered())
account = authorization.get_client_config()

platform = Platform(
    "platform",
    PlatformArgs(settings=settings.platform, subscription_id=account.subscription_id, tenant_id=account.tenant_id),
)
api_identity = WorkloadIdentity("api", WorkloadIdentityArgs(platform=platform))
migrator = WorkloadIdentity("migrator", WorkloadIdentityArgs(platform=platform))
pull = WorkloadIdentity("pull", WorkloadIdentityArgs(platform=platform))

observability = Observability("observability", ObservabilityArgs(platform=platform, settings=settings.observability))
registry = Registry("registry", RegistryArgs(platform=platform, settings=settings.registry))
vault = Vault(
    "vault",
    VaultArgs(platform=platform, settings=settings.vault, third_party_secrets=["openai-api-key"]),
)
database = Database("database", DatabaseArgs(platform=platform, settings=settings.database, administrator=migrator))
environment = Environment(
    "environment",
    EnvironmentArgs(platform=platform, settings=settings.environment, workspace_id=observability.workspace_id),
)

grants = [registry.grant_pull(pull), vault.grant_read(api_identity, "openai-api-key")]

# Without an image there is a registry to push to and nothing to run: the first `up` of an environment.
if release.api:
    api = Workload(
        "api",
        WorkloadArgs(
            platform=platform,
            settings=settings.api,
            environment_id=environment.id,
            image=registry.image(release.api),
            registry=registry.login_server,
            identity=api_identity,
            migrator=migrator,
            pull=pull,
            variables=api_variables(
                identity=api_identity,
                database=database,
                authentication=settings.authentication,
                openai_api_key=vault.secret_reference("openai-api-key"),
                log_level=settings.api.log_level,
            ),
            migrate_variables=migrate_variables(
                administrator=migrator,
                runtime=api_identity,
                database=database,
                log_level=settings.api.log_level,
            ),
            grants=grants,
        ),
    )
    pulumi.export("api_url", api.url)

pulumi.export("release", release.model_dump(exclude_none=True))
pulumi.export("resource_group", platform.resource_group_name)
pulumi.export("registry", registry.login_server)
pulumi.export("vault_uri", vault.uri)
pulumi.export("token_issuer", settings.authentication.issuer)
pulumi.export("token_audience", settings.authentication.audience)
