"""Whose requests a load sends: tokens of the deployed stack's issuer, one per person."""

import os
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localazure.client import Client
from ops.engine import find_engine
from ops.local_cloud import LocalCloud
from ops.target import Target, UsageError, report, run_command

LIFETIME_S: Final = 7200


@dataclass(frozen=True, kw_only=True)
class Service:
    """What is loaded.

    Args:
        url: Scheme, host and port.
        tokens: One per person.
        fields: Header fields that every request needs.
        trust: The authorities of its address.
    """

    url: str
    tokens: tuple[str, ...]
    fields: Mapping[str, str]
    trust: ssl.SSLContext | None


def service_of(environ: Mapping[str, str], users: int) -> Service:
    """Find the service: what `make up` has deployed here, or URL with the tokens of the file TOKENS.

    Raises:
        UsageError: There is none, or it cannot be used.
    """
    if url := environ.get("URL"):
        path = Path(environ.get("TOKENS") or "")
        if not path.is_file():
            raise UsageError(f"TOKENS={path}: no such file. URL needs TOKENS=<file> with one bearer token per line.")
        tokens = tuple(path.read_text(encoding="utf-8").split())
        return Service(url=url, tokens=tokens, fields={}, trust=ssl.create_default_context())
    target = Target.of(environ)
    cloud = LocalCloud(find_engine(report), environ, target.stack)
    outputs = cloud.outputs()
    if "api_url" not in outputs:
        raise UsageError(f"{target.stack} is not deployed here; run `make up STACK={target.stack}` first.")
    client = cloud.client()
    tokens = mint(client, users, issuer=outputs["token_issuer"], audience=outputs["token_audiences"]["api"])
    fields = {"X-Azure-FDID": outputs["front_door_id"]} if outputs.get("front_door_id") else {}
    trust = ssl.create_default_context(cafile=cloud.state / "tls" / "ca.pem")
    return Service(url=outputs["api_url"], tokens=tokens, fields=fields, trust=trust)


def subject(number: int) -> str:
    """Name a person of the load."""
    return f"load-{number:05}"


def mint(client: Client, people: int, *, issuer: str, audience: str) -> tuple[str, ...]:
    """Let the embedded Entra make a token for each of the people."""
    return tuple(
        client.mint(
            issuer=issuer,
            audience=audience,
            subject=subject(number),
            roles=["user"],
            lifetime_seconds=LIFETIME_S,
        )
        for number in range(people)
    )


def count_of(environ: Mapping[str, str], name: str, otherwise: int) -> int:
    """Read a whole number above zero from the environment. Raises UsageError for anything else."""
    text = environ.get(name) or str(otherwise)
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{name}={text}: expected a whole number above 0. Example: {name}={otherwise}")
    return int(text)


def _print_tokens(environ: Mapping[str, str]) -> int:
    for token in service_of(environ, count_of(environ, "USERS", 1000)).tokens:
        print(token)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(_print_tokens, os.environ))
