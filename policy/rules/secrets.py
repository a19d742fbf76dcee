"""Secrets in the wrong place. A key that is written in clear is in the state file, in its backups and in the log."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policy.checks import items_at
from policy.registration import STACK, UNKNOWN, Inputs, Secret, registered
from policy.rule import AnyRule, ResourceRule, TapeRule

CREDENTIAL: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|(AccountKey|SharedAccessKey|Password|Pwd)=[^;{]|\bsk-[A-Za-z0-9_-]{16}"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{20}|\bxox[abprs]-[A-Za-z0-9-]{10}|\b\d{8,10}:[A-Za-z0-9_-]{35}\b"
    r"|hooks\.slack\.com/services/\w|\.webhook\.office\.com/\w|discord(app)?\.com/api/webhooks/\d"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ|://[^/:@\s]+:[^/@\s]+@|[?&]sig=[A-Za-z0-9%]{16}"
)
"""Forms of keys: PEM, connection strings, OpenAI and Anthropic, GitHub, Slack, Telegram, addresses that are a key
themselves (webhooks of Slack, Teams, Discord), JSON Web Token, URL with a password, SAS."""
CREDENTIAL_NAME: Final = re.compile(
    r"(^|[_\W])(api_?key|access_?key|account_?key|private_?key|password|pwd|secret|sas|connection_?string|bot_?token)s?$"
)
"""Ends of names, in lower case with underscores, under which only secrets are kept."""

NOT_SECRET: Final = frozenset({"APPLICATIONINSIGHTS_CONNECTION_STRING"})
"""Variables of such a name that open nothing: insights take a token and no key, which `insights-entra-only` holds
(Microsoft, "Connection strings in Application Insights": not a secret)."""


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def _clear_texts(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Every text that is not marked as a secret, with its path."""
    match value:
        case str() if value != UNKNOWN:
            yield at, value
        case Mapping():
            for key, item in cast("Mapping[str, Any]", value).items():
                yield from _clear_texts(item, f"{at}.{key}" if at else key)
        case list():
            for number, item in enumerate(cast("list[Any]", value)):
                yield from _clear_texts(item, f"{at}[{number}]")
        case _:
            return


def _no_credentials(inputs: Inputs) -> str | None:
    found = [at for at, text in _clear_texts(inputs) if CREDENTIAL.search(text)]
    return f"{', '.join(found)} looks like a key in clear" if found else None


def _no_secret_exports(exports: Inputs) -> str | None:
    named = {at for at, text in _clear_texts(exports) if text and CREDENTIAL_NAME.search(_snake(at))}
    looking = {at for at, text in _clear_texts(exports) if CREDENTIAL.search(text)}
    return f"{', '.join(sorted(named | looking))} is exported in clear" if named | looking else None


def _no_secret_variables(inputs: Inputs) -> str | None:
    containers = items_at(inputs, "template.containers", "template.initContainers")
    variables = [variable for container in containers for variable in items_at(container, "env")]
    plain = [str(variable.get("name")) for variable in variables if variable.get("value")]
    clear = [name for name in plain if name not in NOT_SECRET and CREDENTIAL_NAME.search(_snake(name))]
    return f"variable {', '.join(clear)} holds its value in clear" if clear else None


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="no-plain-credentials",
        title="No input looks like a key in clear",
        reason="The state file, its backups and the log of the deployment would hold it.",
        source="PSRule Azure.Deployment.SecureValue; checkov secrets",
        fix="Put it into the vault and refer to it.",
        types=("*",),
        check=_no_credentials,
        passes={"tags": {"note": "sk-"}},
        violates={"tags": {"note": "AccountKey=c2VjcmV0"}},
    ),
    ResourceRule(
        id="no-secret-variables",
        title="Variables whose name says secret are references",
        reason="Everybody who may look at the app could read them.",
        source="PSRule Azure.Deployment.SecretLeak; checkov CKV_K8S_35 intent",
        fix="Set secretRef in the place of value.",
        types=("app:ContainerApp", "app:Job"),
        check=_no_secret_variables,
        passes={"template": {"containers": [{"name": "a", "env": [{"name": "OPENAI_API_KEY", "secretRef": "key"}]}]}},
        violates={"template": {"containers": [{"name": "a", "env": [{"name": "OPENAI_API_KEY", "value": "k"}]}]}},
    ),
    TapeRule(
        id="no-secret-exports",
        title="The stack exports no secret in clear",
        reason="Exports are shown on the screen and kept in the state file.",
        source="PSRule Azure.Deployment.OutputSecretValue",
        fix="Do not export it, or mark it as a secret.",
        types=(STACK,),
        check=lambda stack, _: _no_secret_exports(stack.inputs),
        passes=(registered(STACK, {"vault_uri": "https://kv.example/", "db_password": Secret(value="x")}),),
        violates=(registered(STACK, {"db_password": "hunter2"}),),
    ),
)
