"""Settings and platforms for the tests of components."""

from datetime import date

from components.platform import Platform, PlatformArgs, PlatformSettings
from components.registry import Registry, RegistryArgs, RegistrySettings
from tests.tape import SUBSCRIPTION, TENANT

TODAY = date(2026, 11, 23)
PLATFORM_SETTINGS = PlatformSettings(
    environment="test",
    unique="abc1",
    owner="team@example.com",
    cost_center="CC-1",
    data_classification="internal",
)


def tags(component: str) -> dict[str, str]:
    """Return the tags that every taggable resource of `component` carries."""
    return {
        "application": "digitalmee",
        "component": component,
        "cost-center": "CC-1",
        "data-classification": "internal",
        "environment": "test",
        "managed-by": "pulumi",
        "owner": "team@example.com",
    }


def platform() -> Platform:
    """Declare a platform; call it inside a recorded program."""
    return Platform(
        "platform",
        PlatformArgs(settings=PLATFORM_SETTINGS, subscription_id=SUBSCRIPTION, tenant_id=TENANT, today=TODAY),
    )


def registry(place: Platform) -> Registry:
    """Declare the smallest registry; call it inside a recorded program."""
    settings = RegistrySettings(sku="Basic", retention_days=0, zone_redundant=False, private=False, protect=False)
    return Registry("registry", RegistryArgs(platform=place, settings=settings))
