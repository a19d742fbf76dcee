"""Physical names.

One function per Azure type knows its length, its alphabet and how far it must be unique.
Prefixes are the abbreviations of the Cloud Adoption Framework. Names are plain strings, so previews show them;
where a name must be unique in the world it ends in the `unique` value of the stack file. Limits: Microsoft's
"Naming rules and restrictions for Azure resources".
"""

import re
from typing import Final

PRODUCT: Final = "dme"
"""The product's abbreviation in every physical name."""


def resource_group(environment: str) -> str:
    """Name a resource group: 1-90 characters, unique in the subscription."""
    return _checked(f"rg-{PRODUCT}-{environment}", r"[a-z0-9-]{1,90}")


def identity(environment: str, workload: str) -> str:
    """Name a user-assigned identity: 3-128 characters; it is also the name of its PostgreSQL role (63 at most)."""
    return _checked(f"id-{PRODUCT}-{workload}-{environment}", r"[a-z0-9-]{3,63}")


def workspace(environment: str) -> str:
    """Name a Log Analytics workspace: 4-63 characters."""
    return _checked(f"log-{PRODUCT}-{environment}", r"[a-z0-9-]{4,63}")


def application_insights(environment: str) -> str:
    """Name an Application Insights component: 1-255 characters."""
    return _checked(f"appi-{PRODUCT}-{environment}", r"[a-z0-9-]{1,255}")


def registry(environment: str, unique: str) -> str:
    """Name a container registry: 5-50 letters and digits, unique in the world."""
    return _checked(f"acr{PRODUCT}{environment}{unique}", r"[a-z0-9]{5,50}")


def vault(environment: str, unique: str) -> str:
    """Name a Key Vault: 3-24 characters, unique in the world, also among deleted vaults."""
    return _checked(f"kv-{PRODUCT}-{environment}-{unique}", r"[a-z0-9-]{3,24}")


def database_server(environment: str, unique: str) -> str:
    """Name a PostgreSQL server: 3-63 characters, unique in the world."""
    return _checked(f"psql-{PRODUCT}-{environment}-{unique}", r"[a-z0-9-]{3,63}")


def managed_environment(environment: str) -> str:
    """Name a Container Apps environment: 1-60 characters."""
    return _checked(f"cae-{PRODUCT}-{environment}", r"[a-z0-9-]{1,60}")


def container_app(environment: str, workload: str) -> str:
    """Name a container app: 2-32 characters, starting with a letter."""
    return _checked(f"ca-{PRODUCT}-{workload}-{environment}", r"[a-z][a-z0-9-]{1,31}")


def _checked(name: str, pattern: str) -> str:
    if not re.fullmatch(pattern, name):
        raise ValueError(f'makes the name "{name}" of {len(name)} characters (allowed {pattern})')
    return name
