"""Tokens that prove nobody, each near to a good one: what RFC 8725 warns of, and what was tried on real services."""

import base64
import hashlib
import hmac
import json
import string
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from app.identity.tokens import LEEWAY_S, SUBJECT_MAX
from tests.unit.app.issuer import AUDIENCE, EC_KEY, RSA_KEY, STRANGER_KEY, Issuer, public_key

_SHORT_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
_OTHER_CURVE_KEY = ec.generate_private_key(ec.SECP384R1())
_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_MINUTES = 300

ODD_KEYS: list[Any] = [
    public_key(RSA_KEY, "shared"),
    public_key(STRANGER_KEY, "shared"),
    public_key(RSA_KEY, "encrypts", use="enc"),
    public_key(RSA_KEY, "may not verify", key_ops=["encrypt"]),
    public_key(RSA_KEY, "another algorithm", alg="PS256"),
    public_key(_SHORT_KEY, "short"),
    public_key(_OTHER_CURVE_KEY, "another curve"),
    {"kty": "oct", "kid": "symmetric", "k": "c2VjcmV0"},
    {"kty": "RSA", "kid": "half"},
    "not a key",
]
"""What a set may hold beside good keys, none of which this service may use."""


def _segment(value: Any) -> str:
    """Encode one part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signed(header: Any, claims: Any, key: rsa.RSAPrivateKey = RSA_KEY) -> str:
    """Sign with RS256 what a library for tokens would not encode; bytes are taken as they are."""
    body = f"{_segment(header)}.{_segment(claims)}"
    return f"{body}.{_segment(key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _header(**changes: Any) -> dict[str, Any]:
    return {"alg": "RS256", "kid": "rsa", "typ": "JWT", **changes}


def _claims(**changes: Any) -> Callable[[Issuer], str]:
    """Make tokens whose claims the issuer has signed all the same."""
    return lambda issuer: _signed(_header(), {**issuer.claims(), **changes})


def _with_public_key(issuer: Issuer, algorithm: str, encoding: serialization.Encoding) -> str:
    """Take the issuer's public key for the secret of an HMAC (RFC 8725 section 2.1)."""
    secret = RSA_KEY.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    body = f"{_segment(_header(alg=algorithm))}.{_segment(issuer.claims())}"
    return f"{body}.{_segment(hmac.digest(secret, body.encode(), getattr(hashlib, 'sha' + algorithm[2:])))}"


def _with_other_bits(token: str) -> str:
    """Change bits of the last digit that belong to no byte: a lenient decoder sees the same signature."""
    return token[:-1] + _DIGITS[_DIGITS.index(token[-1]) ^ 1]


def _changed(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{_segment(issuer.claims(sub='bob'))}.{signature}"


_FORM: dict[str, Callable[[Issuer], str]] = {
    "empty": lambda _: "",
    "not a token": lambda _: "hello",
    "dots alone": lambda _: "..",
    "two parts": lambda i: i.token().rpartition(".")[0],
    "four parts": lambda i: i.token() + ".e30",
    "encrypted": lambda i: f"{_segment({'alg': 'RSA-OAEP', 'enc': 'A256GCM', 'kid': 'rsa'})}.a.b.c.{i.token()[-20:]}",
    "nested": lambda i: _signed(_header(cty="JWT"), i.token().encode()),
    "white space before": lambda i: " " + i.token(),
    "white space inside": lambda i: i.token().replace(".", ". ", 1),
    "tabulator after a part": lambda i: i.token().replace(".", ".\t", 1),
    "two tokens": lambda i: f"{i.token()}, {i.token()}",
    "quoted": lambda i: f'"{i.token()}"',
    "padding": lambda i: i.token() + "==",
    "padding of a part": lambda i: i.token().replace(".", "=.", 1),
    "standard alphabet": lambda i: i.token()[:-1] + "+",
    "letter outside ASCII": lambda i: i.token() + "\xe9",
    "other unused bits": lambda i: _with_other_bits(i.token()),
    "longer than 16 kB": lambda i: i.token(filler="f" * 20_000),
    "header nested 10,000 deep": lambda _: f"{_segment(b'[' * 10_000)}.e30.e30",
    "header is a list": lambda _: f"{_segment([1])}.e30.e30",
    "header is not text": lambda i: _signed(b"\xff\xfe", i.claims()),
    "claims are a list": lambda _: _signed(_header(), []),
    "claims are nothing": lambda _: _signed(_header(), None),
    "claims are not text": lambda _: _signed(_header(), b"\xff\xfe"),
    "claims are not in the token": lambda i: _signed(_header(b64=False, crit=["b64"]), i.claims()),
}
_SIGNATURE: dict[str, Callable[[Issuer], str]] = {
    **{
        f"algorithm {name}": lambda i, name=name: f"{_segment(_header(alg=name))}.{_segment(i.claims())}.e30"
        for name in ("none", "None", "NONE", "nOnE", "", None, "rs256", "HS512", "EdDSA", ["RS256"])
    },
    "no algorithm and no signature": lambda i: f"{_segment(_header(alg='none'))}.{_segment(i.claims())}.",
    "signature stripped": lambda i: i.token().rpartition(".")[0] + ".",
    "signature of another key": lambda i: i.token(key=STRANGER_KEY),
    "public key as a shared secret": lambda i: _with_public_key(i, "HS256", serialization.Encoding.PEM),
    "public key as a longer secret": lambda i: _with_public_key(i, "HS512", serialization.Encoding.DER),
    "claims changed": _changed,
    "elliptic signature of zeros": lambda i: (  # CVE-2022-21449
        f"{_segment(_header(alg='ES256', kid='ec'))}.{_segment(i.claims())}.{_segment(bytes(64))}"
    ),
    "longer hash": lambda i: i.token(algorithm="RS512"),
    "other padding": lambda i: i.token(algorithm="PS256"),
    "one padding called the other": lambda i: _signed(_header(alg="PS256"), i.claims()),
    "elliptic key for RSA": lambda i: i.token(headers={"kid": "ec"}),
    "RSA key for elliptic": lambda i: i.token(key=EC_KEY, algorithm="ES256"),
    "critical extension": lambda i: i.token(headers={"crit": ["exp"]}),
    "critical extension that nobody knows": lambda i: i.token(headers={"crit": ["x"], "x": 1}),
}
_KEY: dict[str, Callable[[Issuer], str]] = {
    "no key": lambda i: _signed({"alg": "RS256", "typ": "JWT"}, i.claims()),
    "key is a number": lambda i: _signed(_header(kid=7), i.claims()),
    "key is a list": lambda i: _signed(_header(kid=["rsa"]), i.claims()),
    "key of a longer name": lambda i: i.token(headers={"kid": "rsa\0"}),
    "key in other case": lambda i: i.token(headers={"kid": "RSA"}),
    "key is a path": lambda i: i.token(headers={"kid": "../../../../dev/null"}),
    "key is a statement": lambda i: i.token(headers={"kid": "' union select 'rsa' --"}),
    "key is a command": lambda i: i.token(headers={"kid": "rsa|id"}),
    "key in letters that look alike": lambda i: i.token(headers={"kid": "rs\u0430"}),
    "key is half a character": lambda i: _signed(b'{"alg":"RS256","typ":"JWT","kid":"\\ud800"}', i.claims()),
    "key of 10 kB": lambda i: i.token(headers={"kid": "k" * 10_000}),
    "key named twice": lambda i: _signed(b'{"alg":"RS256","typ":"JWT","kid":"rsa","kid":"x"}', i.claims()),
    "key in the header": lambda i: i.token(key=STRANGER_KEY, headers={"jwk": public_key(STRANGER_KEY, "rsa")}),
    "keys at an address": lambda i: i.token(key=STRANGER_KEY, headers={"jku": "https://evil.test/keys"}),
    "certificate at an address": lambda i: i.token(key=STRANGER_KEY, headers={"x5u": "https://evil.test/cert"}),
    "key of two": lambda i: i.token(headers={"kid": "shared"}),
    "key for encryption": lambda i: i.token(headers={"kid": "encrypts"}),
    "key not for verification": lambda i: i.token(headers={"kid": "may not verify"}),
    "key for another algorithm": lambda i: i.token(headers={"kid": "another algorithm"}),
    "key that is too short": lambda i: _signed(_header(kid="short"), i.claims(), _SHORT_KEY),
    "key on another curve": lambda i: i.token(
        key=_OTHER_CURVE_KEY, algorithm="ES384", headers={"kid": "another curve"}
    ),
    "key that is symmetric": lambda i: i.token(headers={"kid": "symmetric"}),
    "key that is half there": lambda i: i.token(headers={"kid": "half"}),
}
_TIME: dict[str, Callable[[Issuer], str]] = {
    "expired": lambda i: i.token(exp=int(time.time()) - _MINUTES),
    "expired for as long as is forgiven": lambda i: i.token(exp=int(time.time()) - LEEWAY_S),
    "expired in the beginning": lambda i: i.token(exp=0),
    "expired before time": lambda i: i.token(exp=-1),
    "expires never": lambda i: i.token(exp=None),
    "expires at infinity": _claims(exp=float("inf")),
    "expires at no number": _claims(exp=float("nan")),
    "expires in words": _claims(exp="tomorrow"),
    "expires at a text": lambda i: i.token(exp=str(int(time.time()) + 600)),
    "expires when true": _claims(exp=True),
    "not valid yet": lambda i: i.token(nbf=int(time.time()) + _MINUTES),
    "not valid yet by a little": lambda i: i.token(nbf=int(time.time()) + LEEWAY_S + 20),
    "valid from a text": _claims(nbf="0"),
    "issued in the future": lambda i: i.token(iat=int(time.time()) + _MINUTES),
    "issued never": lambda i: i.token(iat=None),
    "issued when true": _claims(iat=True),
}
_PARTIES: dict[str, Callable[[Issuer], str]] = {
    "no audience": lambda i: i.token(aud=None),
    "empty audience": lambda i: i.token(aud=""),
    "tool server's audience": lambda i: i.token(aud="api://digitalmee-tools"),
    "audience in other case": lambda i: i.token(aud=AUDIENCE.upper()),
    "audience with a slash more": lambda i: i.token(aud=AUDIENCE + "/"),
    "audience in a list": lambda i: i.token(aud=[AUDIENCE]),
    "audience among others": lambda i: i.token(aud=[AUDIENCE, "api://other"]),
    "no issuer": lambda i: i.token(iss=None),
    "another issuer": lambda i: i.token(iss="https://evil.test"),
    "issuer with a slash more": lambda i: i.token(iss=i.url + "/"),
    "issuer without encryption": lambda i: i.token(iss=i.url.replace("https:", "http:")),
    "issuer in other case": lambda i: i.token(iss=i.url.upper()),
    "issuer in a list": _claims(iss=["https://evil.test"]),
    "issuer of another tenant": lambda i: i.token(iss=f"{i.url}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"),
    "issuer of every tenant": lambda i: i.token(iss=i.url + "/{tenantid}/v2.0"),
    "no subject": lambda i: i.token(sub=None),
    "empty subject": lambda i: i.token(sub=""),
    "subject with a null character": lambda i: i.token(sub="a\0b"),
    "subject with a line break": lambda i: i.token(sub="ada\r\nbob"),
    "subject is a number": _claims(sub=7),
    "subject is a list": _claims(sub=["ada"]),
    "subject without end": lambda i: i.token(sub="a" * (SUBJECT_MAX + 1)),
}
_KIND: dict[str, Callable[[Issuer], str]] = {
    "ID token": lambda i: i.token(scp=None),
    "ID token with a nonce": lambda i: i.token(nonce="n"),
    "ID token with a hash of its access token": lambda i: i.token(at_hash="h"),
    "ID token with a hash of its code": lambda i: i.token(c_hash="h"),
    "no type": lambda i: _signed({"alg": "RS256", "kid": "rsa"}, i.claims()),
    "type of a logout": lambda i: i.token(headers={"typ": "logout+jwt"}),
    "type of a proof": lambda i: i.token(headers={"typ": "dpop+jwt"}),
    "type is a list": lambda i: _signed(_header(typ=["at+jwt"]), i.claims()),
    "scopes in a list": lambda i: i.token(scp=["Tasks.ReadWrite"]),
    "no scope in the scopes": lambda i: i.token(scp=""),
    "token of an application": lambda i: i.token(scp=None, roles=["Tasks.ReadWrite"]),
}

MATRIX: dict[str, Callable[[Issuer], str]] = {**_FORM, **_SIGNATURE, **_KEY, **_TIME, **_PARTIES, **_KIND}
"""By what is wrong: how to forge it from an issuer that serves `ODD_KEYS` too."""
