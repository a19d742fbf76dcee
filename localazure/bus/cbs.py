"""Requests to `$cbs`: a client shows a token (claims-based security, Microsoft's protocol guide)."""

from typing import Final

import jwt

from localazure.bus.codec import Int
from localazure.bus.message import Message, value, with_value
from localazure.planes.tokens import Claims, TokenSigner

RESOURCE: Final = "https://servicebus.azure.net"
"""The audience of a token for any namespace."""

_ACCEPTED, _REFUSED = 202, 401
_NO_KEYS: Final = (
    "LocalAuthDisabled: Authorization failed because SAS authentication has been disabled for the namespace."
)


def put_token(request: Message, tokens: TokenSigner) -> tuple[Claims | None, bytes]:
    """Check the token of a request, and give what it says, if it is good, with the answer."""
    claims, refusal = _verify(request, tokens)
    return claims, with_value(
        None,
        application_properties={
            "status-code": Int(_REFUSED if refusal else _ACCEPTED),
            "status-description": refusal or "Accepted",
        },
        correlation_id=request.properties[0] if request.properties else None,
    )


def _verify(request: Message, tokens: TokenSigner) -> tuple[Claims | None, str | None]:
    """The claims, or why not: Azure/azure-sdk-for-js issue 26360, azure-sdk-for-net 6462, RedDog issue 4."""
    if request.application_properties.get("type") != "jwt":
        return None, _NO_KEYS
    try:
        return tokens.verify(str(value(request)), audience=RESOURCE), None
    except jwt.InvalidAudienceError:
        return None, "InvalidAudience: Invalid authorization token audience."
    except jwt.ExpiredSignatureError:
        return None, "ExpiredToken: The token is expired."
    except jwt.InvalidIssuerError:
        return None, "InvalidIssuer: Token issuer is invalid."
    except jwt.InvalidTokenError:
        return None, "InvalidSignature: The token has an invalid signature."
