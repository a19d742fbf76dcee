"""The embedded cloud's third parties behind its way out, as a container meets them."""

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from localazure.planes.egress import EgressProxy
from localazure.planes.third_parties import HOSTS, Strike, ThirdParties, Trouble
from localazure.planes.tls import CertificateAuthority


@dataclass(frozen=True, kw_only=True)
class ThirdPartyScene:
    """Running third parties, and the variables that lead to them."""

    parties: ThirdParties
    environ: Mapping[str, str]
    trust: ssl.SSLContext

    def strike(self, host: str, *troubles: Trouble, times: int = 1, seconds: float = 0) -> None:
        """Let these troubles happen to the next requests, in this order, and none of those before."""
        self.parties.script(Strike(trouble=one, host=host, times=times, seconds=seconds) for one in troubles)


@asynccontextmanager
async def open_third_parties(folder: Path) -> AsyncGenerator[ThirdPartyScene]:
    """Start them."""
    async with AsyncExitStack() as stack:
        authority, parties = CertificateAuthority(folder), ThirdParties()
        port = await parties.start(authority.server_context(*HOSTS))
        stack.push_async_callback(parties.stop)
        proxy = EgressProxy(dict.fromkeys(HOSTS, port))
        address = await proxy.start()
        stack.push_async_callback(proxy.stop)
        environ = {"HTTPS_PROXY": address, "NO_PROXY": "127.0.0.1,localhost", "SSL_CERT_FILE": str(authority.bundle)}
        yield ThirdPartyScene(
            parties=parties, environ=environ, trust=ssl.create_default_context(cafile=authority.bundle)
        )
