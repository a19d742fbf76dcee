"""The signing key of the embedded tenant."""

from pathlib import Path
from typing import Any

import jwt
import pytest

from localazure.planes.tokens import Identity, TokenSigner

TENANT = "11111111-1111-1111-1111-111111111111"
IDENTITY = Identity(client_id="client", object_id="object", resource_id="/identity")


def test_a_managed_identitys_token_has_the_claims_of_azure(tmp_path: Path) -> None:
    signer = TokenSigner(tmp_path, TENANT)
    token = signer.issue_for(IDENTITY, resource="https://vault.azure.net", lifetime_seconds=60)
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 60
    volatile = {"exp", "iat", "jti", "nbf"}
    assert {name: value for name, value in claims.items() if name not in volatile} == {
        "appid": "client",
        "aud": "https://vault.azure.net",
        "idtyp": "app",
        "iss": f"https://sts.windows.net/{TENANT}/",
        "oid": "object",
        "sub": "object",
        "tid": TENANT,
        "ver": "1.0",
        "xms_mirid": "/identity",
    }


@pytest.mark.parametrize("issued", ["https://vault.azure.net", "https://vault.azure.net/"])
@pytest.mark.parametrize("expected", ["https://vault.azure.net", "https://vault.azure.net/"])
def test_a_slash_at_the_end_of_an_audience_makes_no_difference(tmp_path: Path, issued: str, expected: str) -> None:
    signer = TokenSigner(tmp_path, TENANT)
    token = signer.issue_for(IDENTITY, resource=issued, lifetime_seconds=60)
    claims = signer.verify(token, audience=expected)
    assert (claims.object_id, claims.application_id, claims.audience) == ("object", "client", issued)


def test_the_key_is_kept_private_and_serves_the_next_daemon(tmp_path: Path) -> None:
    token = TokenSigner(tmp_path, TENANT).issue_for(IDENTITY, resource="https://r", lifetime_seconds=60)
    assert TokenSigner(tmp_path, TENANT).verify(token, audience="https://r").object_id == "object"
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]


def test_the_published_key_verifies_and_is_not_the_private_one(tmp_path: Path) -> None:
    signer = TokenSigner(tmp_path, TENANT)
    token = signer.issue_for(IDENTITY, resource="https://r", lifetime_seconds=60)
    (published,) = signer.jwks()["keys"]
    assert set(published) == {"alg", "e", "kid", "kty", "n", "use"}
    key = jwt.PyJWKSet.from_dict(dict(signer.jwks()))[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, audience="https://r", algorithms=["RS256"])["oid"] == "object"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"lifetime_seconds": -1}, jwt.ExpiredSignatureError),
        ({"audience": "https://other"}, jwt.InvalidAudienceError),
        ({"audience": "https://r//"}, jwt.InvalidAudienceError),
        ({"issuer": "https://login.microsoftonline.com/t/v2.0"}, jwt.InvalidIssuerError),
        ({"nbf": 99999999999}, jwt.ImmatureSignatureError),
        ({"oid": None}, jwt.MissingRequiredClaimError),
    ],
)
def test_a_token_that_does_not_fit_is_refused(tmp_path: Path, changed: dict[str, Any], error: type[Exception]) -> None:
    signer = TokenSigner(tmp_path, TENANT)
    fitting: dict[str, Any] = {
        "audience": "https://r",
        "issuer": f"https://sts.windows.net/{TENANT}/",
        "lifetime_seconds": 60,
        "oid": "object",
        "subject": "object",
    }
    assert signer.verify(signer.issue(**fitting), audience="https://r").object_id == "object"
    with pytest.raises(error):
        signer.verify(signer.issue(**fitting | changed), audience="https://r")


def test_a_token_of_another_key_or_of_none_is_refused(tmp_path: Path) -> None:
    signer = TokenSigner(tmp_path / "one", TENANT)
    forger = TokenSigner(tmp_path / "two", TENANT)
    forged = forger.issue_for(IDENTITY, resource="https://r", lifetime_seconds=60)
    claims: dict[str, Any] = jwt.decode(forged, options={"verify_signature": False})
    for token in (forged, jwt.encode(claims, "", algorithm="none"), forged.rpartition(".")[0] + ".", "x"):
        with pytest.raises(jwt.InvalidTokenError):
            signer.verify(token, audience="https://r")
