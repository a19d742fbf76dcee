"""The OpenID issuer of users' tokens, in the place of login.microsoftonline.com and *.ciamlogin.com.

The egress proxy brings workloads here, so the issuer's address is the one in the stack file. It serves discovery and
keys (https://openid.net/specs/openid-connect-discovery-1_0.html); nobody signs in here: `mint` makes the tokens.
"""

import ssl
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from localazure.planes.listener import Listener
from localazure.planes.tokens import TokenSigner

HOSTS: Final = ("login.microsoftonline.com", "*.ciamlogin.com")
"""The host names that issue tokens of Entra ID and of Entra External ID."""

_KEYS: Final = "discovery/v2.0/keys"
_VERSION: Final = "/v2.0"


class OpenIdIssuer:
    """Every issuer below its hosts: `https://HOST/PREFIX` for any prefix.

    Args:
        tokens: The key.

    """

    def __init__(self, tokens: TokenSigner) -> None:
        self._listener: Listener | None = None
        self._tokens = tokens

    async def start(self, context: ssl.SSLContext, port: int = 0) -> int:
        """Listen with a certificate for `HOSTS`, and give the port.

        Raises:
            StateError: The port is taken.

        """
        application = web.Application()
        application.router.add_get("/{prefix:.+}/.well-known/openid-configuration", self._configuration)
        application.router.add_get("/{prefix:.+}/" + _KEYS, self._keys)
        self._listener = await Listener.open(application, context=context, port=port)
        return self._listener.port

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            await self._listener.close()
            self._listener = None

    def mint(self, *, issuer: str, audience: str, subject: str, roles: Sequence[str], lifetime_seconds: int) -> str:
        """Make a user's access token for the product's API (RFC 9068).

        Args:
            issuer: The issuer of the stack file, for example `https://login.microsoftonline.com/TENANT/v2.0`.
            audience: The audience of the stack file.
            subject: Who the token speaks for.
            roles: The app roles of that user.
            lifetime_seconds: Seconds until it expires.

        Returns:
            The compact form of the signed token.

        """
        return self._tokens.issue(
            issuer=issuer,
            audience=audience,
            subject=subject,
            lifetime_seconds=lifetime_seconds,
            typ="at+jwt",
            roles=list(roles),
            ver="2.0",
        )

    async def _configuration(self, request: web.Request) -> web.Response:
        base = f"https://{request.host}/{request.match_info['prefix']}"
        return web.json_response(
            {
                "claims_supported": ["aud", "exp", "iat", "iss", "nbf", "roles", "sub", "tid", "ver"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "issuer": base,
                "jwks_uri": f"{base.removesuffix(_VERSION)}/{_KEYS}",
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
            }
        )

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response(self._tokens.jwks())
