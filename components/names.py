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


def action_group(environment: str, audience: str) -> str:
    """Name an action group: 1-260 characters."""
    return _checked(f"ag-{PRODUCT}-{audience}-{environment}", r"[a-z0-9-]{1,260}")


def alert_rule(environment: str, rule: str) -> str:
    """Name an alert rule of any kind: 1-260 characters."""
    return _checked(f"alert-{PRODUCT}-{rule}-{environment}", r"[a-z0-9-]{1,260}")


def availability_test(environment: str, endpoint: str) -> str:
    """Name an availability test: 1-64 characters."""
    return _checked(f"webt-{PRODUCT}-{endpoint}-{environment}", r"[a-z0-9-]{1,64}")


def budget(environment: str) -> str:
    """Name a budget: 1-63 characters."""
    return _checked(f"budget-{PRODUCT}-{environment}", r"[a-z0-9-]{1,63}")


def registry(environment: str, unique: str) -> str:
    """Name a container registry: 5-50 letters and digits, unique in the world."""
    return _checked(f"acr{PRODUCT}{environment}{unique}", r"[a-z0-9]{5,50}")


def vault(environment: str, unique: str) -> str:
    """Name a Key Vault: 3-24 characters, unique in the world, also among deleted vaults."""
    return _checked(f"kv-{PRODUCT}-{environment}-{unique}", r"[a-z0-9-]{3,24}")


def cache(environment: str, unique: str) -> str:
    """Name an Azure Managed Redis cluster: 1-60 characters, unique in its region."""
    return _checked(f"amr-{PRODUCT}-{environment}-{unique}", r"[a-z0-9]+(-[a-z0-9]+)*")


def database_server(environment: str, unique: str) -> str:
    """Name a PostgreSQL server: 3-63 characters, unique in the world."""
    return _checked(f"psql-{PRODUCT}-{environment}-{unique}", r"[a-z0-9-]{3,63}")


def managed_environment(environment: str) -> str:
    """Name a Container Apps environment: 1-60 characters."""
    return _checked(f"cae-{PRODUCT}-{environment}", r"[a-z0-9-]{1,60}")


def container_app(environment: str, workload: str) -> str:
    """Name a container app: 2-32 characters, starting with a letter."""
    return _checked(f"ca-{PRODUCT}-{workload}-{environment}", r"[a-z][a-z0-9-]{1,31}")


def managed_group(environment: str) -> str:
    """Name the resource group that the platform makes for an environment's own parts: 1-90 characters."""
    return _checked(f"rg-{PRODUCT}-{environment}-managed", r"[a-z0-9-]{1,90}")


def virtual_network(environment: str) -> str:
    """Name a virtual network: 2-64 characters."""
    return _checked(f"vnet-{PRODUCT}-{environment}", r"[a-z0-9-]{2,64}")


def subnet(purpose: str) -> str:
    """Name a subnet: 1-80 characters, unique in its network."""
    return _checked(f"snet-{purpose}", r"[a-z0-9-]{1,80}")


def security_group(environment: str, purpose: str) -> str:
    """Name a network security group: 1-80 characters."""
    return _checked(f"nsg-{PRODUCT}-{purpose}-{environment}", r"[a-z0-9-]{1,80}")


def private_endpoint(environment: str, target: str) -> str:
    """Name a private endpoint: 2-64 characters."""
    return _checked(f"pep-{PRODUCT}-{target}-{environment}", r"[a-z0-9-]{2,64}")


def container_job(environment: str, job: str) -> str:
    """Name a Container Apps job: 2-32 characters, starting with a letter."""
    return _checked(f"caj-{PRODUCT}-{job}-{environment}", r"[a-z][a-z0-9-]{1,31}")


def storage_account(environment: str, unique: str) -> str:
    """Name a storage account: 3-24 letters and digits, unique in the world."""
    return _checked(f"st{PRODUCT}{environment}{unique}", r"[a-z0-9]{3,24}")


def front_door(environment: str) -> str:
    """Name a Front Door profile: 1-260 characters."""
    return _checked(f"afd-{PRODUCT}-{environment}", r"[a-z0-9-]{1,260}")


def front_door_endpoint(environment: str, site: str) -> str:
    """Name an endpoint of Front Door: 2-46 characters; Azure makes its host name unique."""
    return _checked(f"fde-{PRODUCT}-{site}-{environment}", r"[a-z0-9-]{2,46}")


def firewall_policy(environment: str) -> str:
    """Name a firewall policy of Front Door: 1-128 letters and digits, starting with a letter."""
    return _checked(f"fdfp{PRODUCT}{environment}", r"[a-z][a-z0-9]{0,127}")


def static_web_app(environment: str) -> str:
    """Name a Static Web App: 1-40 characters."""
    return _checked(f"stapp-{PRODUCT}-{environment}", r"[a-z0-9-]{1,40}")


def service_bus(environment: str, unique: str) -> str:
    """Name a Service Bus namespace: 6-50 characters, unique in the world; `-sb` and `-mgmt` may not end it."""
    return _checked(f"sbns-{PRODUCT}-{environment}-{unique}", r"(?!.*-(sb|mgmt)$)[a-z][a-z0-9-]{4,48}[a-z0-9]")


def _checked(name: str, pattern: str) -> str:
    if not re.fullmatch(pattern, name):
        raise ValueError(f'makes the name "{name}" of {len(name)} characters (allowed {pattern})')
    return name
