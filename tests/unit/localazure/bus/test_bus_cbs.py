"""What a client is told that shows a token."""

from pathlib import Path

import pytest

from localazure.bus.cbs import RESOURCE, put_token
from localazure.bus.codec import Described, encode
from localazure.bus.message import Message
from localazure.planes.tokens import Identity, TokenSigner

WORKER = Identity(client_id="c", object_id="worker", resource_id="/worker")


def _asked(token: str, kind: str = "jwt") -> Message:
    return Message(properties=["id"], application_properties={"type": kind}, body=encode(Described(0x77, token)))


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> TokenSigner:
    return TokenSigner(tmp_path_factory.mktemp("tokens"), "tenant")


@pytest.mark.parametrize("resource", [RESOURCE, f"{RESOURCE}/"], ids=["bare", "as the official client asks for it"])
def test_a_good_token_says_who_its_bearer_is(tokens: TokenSigner, resource: str) -> None:
    claims, raw = put_token(_asked(tokens.issue_for(WORKER, resource=resource, lifetime_seconds=60)), tokens)
    answer = Message.parse(raw)
    assert claims is not None
    assert claims.object_id == "worker"
    assert answer.application_properties == {"status-code": 202, "status-description": "Accepted"}
    assert answer.properties[5] == "id"


@pytest.mark.parametrize(
    ("resource", "lifetime", "issuer", "text"),
    [
        ("https://vault.azure.net", 60, None, "InvalidAudience: Invalid authorization token audience."),
        (RESOURCE, -10, None, "ExpiredToken: The token is expired."),
        (RESOURCE, 60, "https://elsewhere/", "InvalidIssuer: Token issuer is invalid."),
    ],
)
def test_a_bad_token_is_refused_with_its_reason(
    tokens: TokenSigner, resource: str, lifetime: int, issuer: str | None, text: str
) -> None:
    token = tokens.issue_for(WORKER, resource=resource, lifetime_seconds=lifetime)
    if issuer:
        token = tokens.issue(issuer=issuer, audience=resource, subject="s", lifetime_seconds=lifetime, oid="worker")
    claims, raw = put_token(_asked(token), tokens)
    assert claims is None
    assert Message.parse(raw).application_properties == {"status-code": 401, "status-description": text}


def test_a_token_of_another_tenant_has_no_valid_signature(tokens: TokenSigner, tmp_path: Path) -> None:
    other = TokenSigner(tmp_path, "tenant").issue_for(WORKER, resource=RESOURCE, lifetime_seconds=60)
    claims, raw = put_token(_asked(other), tokens)
    assert claims is None
    assert Message.parse(raw).application_properties["status-description"].startswith("InvalidSignature")


def test_a_shared_access_key_opens_nothing(tokens: TokenSigner) -> None:
    claims, raw = put_token(_asked("SharedAccessSignature sr=...", "servicebus.windows.net:sastoken"), tokens)
    assert claims is None
    assert Message.parse(raw).application_properties["status-description"].startswith("LocalAuthDisabled")
