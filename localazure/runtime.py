"""What the resources of the embedded Azure run on: servers, data planes, images, and how a container reaches them."""

import os
import secrets
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from localazure.blobs import Blobs
from localazure.buses import Buses
from localazure.containers.images import ImageStore
from localazure.planes.egress import EgressProxy
from localazure.planes.identity import IdentityEndpoint
from localazure.planes.issuer import HOSTS, OpenIdIssuer
from localazure.planes.third_parties import HOSTS as THIRD_PARTY_HOSTS
from localazure.planes.third_parties import ThirdParties
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from localazure.postgres.server import PostgresServers
from localazure.redis.servers import RedisServers
from localazure.store import Store
from localazure.telemetry import Telemetry
from localazure.user_cache import user_cache
from localazure.vaults import Vaults


@dataclass(kw_only=True)
class Runtime:
    """Started parts. Made by `open`.

    Args:
        authority: signs the certificate of every listener.
        blobs: data planes of storage accounts.
        buses: brokers of Service Bus namespaces.
        container_environment: variables that every container gets.
        identity: gives tokens to containers.
        images: images by digest.
        issuer: makes users' tokens.
        logs: where containers' output goes, by app, revision and replica.
        postgres: real PostgreSQL servers.
        redis: real Redis servers.
        third_parties: language models and the bot's API, which are not Azure's.
        telemetry: the ingestion endpoint of Application Insights.
        vaults: data planes of key vaults.
    """

    authority: CertificateAuthority
    blobs: Blobs
    buses: Buses
    container_environment: Mapping[str, str]
    identity: IdentityEndpoint
    images: ImageStore
    issuer: OpenIdIssuer
    logs: Path
    postgres: PostgresServers
    redis: RedisServers
    third_parties: ThirdParties
    telemetry: Telemetry
    vaults: Vaults
    _headers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    @asynccontextmanager
    async def open(cls, state: Path, tenant_id: str, store: Store) -> AsyncGenerator[Self]:
        """Start everything that does not depend on a resource; stop it, and what resources started, at the end.

        Args:
            state: the state folder.
            tenant_id: GUID of the embedded Entra tenant.
            store: the subscription, whose role assignments decide who reads a vault.
        """
        async with AsyncExitStack() as stack:
            authority = CertificateAuthority(state / "tls")
            tokens = TokenSigner(state / "tokens", tenant_id)
            identity, issuer, third_parties = IdentityEndpoint(tokens), OpenIdIssuer(tokens), ThirdParties()
            identity_address = await identity.start()
            stack.push_async_callback(identity.stop)
            issuer_port = await issuer.start(authority.server_context(*HOSTS))
            stack.push_async_callback(issuer.stop)
            third_port = await third_parties.start(authority.server_context(*THIRD_PARTY_HOSTS))
            stack.push_async_callback(third_parties.stop)
            egress = EgressProxy({**dict.fromkeys(HOSTS, issuer_port), **dict.fromkeys(THIRD_PARTY_HOSTS, third_port)})
            proxy = await egress.start()
            stack.push_async_callback(egress.stop)
            postgres = PostgresServers(state / "postgres", authority, tokens)
            stack.push_async_callback(postgres.stop_all)
            redis = RedisServers(state / "redis", authority, tokens)
            stack.push_async_callback(redis.stop_all)
            vaults = Vaults(state / "vaults", authority, store, tokens)
            stack.push_async_callback(vaults.stop)
            blobs = Blobs(state / "blobs", authority, store, tokens)
            stack.push_async_callback(blobs.stop)
            buses = Buses(state / "buses", authority, store, tokens)
            stack.push_async_callback(buses.stop)
            telemetry = Telemetry(state / "telemetry", authority, store, tokens)
            stack.push_async_callback(telemetry.stop)
            yield cls(
                authority=authority,
                blobs=blobs,
                buses=buses,
                container_environment=_container_environment(identity_address, proxy, str(authority.bundle)),
                identity=identity,
                images=ImageStore(state / "images", user_cache(os.environ) / "layers"),
                issuer=issuer,
                logs=state / "logs",
                postgres=postgres,
                redis=redis,
                third_parties=third_parties,
                telemetry=telemetry,
                vaults=vaults,
            )

    def admit(self, revision: str, identities: Sequence[Identity]) -> dict[str, str]:
        """The environment of a container of a revision, which may act as these identities until it is withdrawn."""
        header = secrets.token_urlsafe(24)
        self._headers[revision].append(header)
        self.identity.register(header, identities)
        return {**self.container_environment, "IDENTITY_HEADER": header}

    def withdraw(self, revision: str) -> None:
        """Give no more tokens to the containers of a revision."""
        for header in self._headers.pop(revision, ()):
            self.identity.unregister(header)


def _container_environment(identity: str, proxy: str, bundle: str) -> dict[str, str]:
    return {
        "HTTPS_PROXY": proxy,
        "HTTP_PROXY": proxy,
        "IDENTITY_ENDPOINT": identity,
        "NO_PROXY": "127.0.0.1,localhost",
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
    }
