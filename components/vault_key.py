"""The key of people: an RSA key that never leaves the vault and wraps the data key of each person.

Azure makes the first version when it is first asked, and no later request changes a key (Microsoft, "Keys - Create If
Not Exist"): what is declared here holds from the beginning, and an operator changes it in the vault. The vault makes
new versions by itself. An old one goes on unwrapping, also after it has expired; only wrapping ends with it
(Microsoft, "About keys": date-time controlled operations).
"""

from typing import Final

import pulumi
from pulumi_azure_native import keyvault

from components.platform import Platform
from components.vault_settings import VaultSettings

NAME: Final = "people"
"""What the key is called in the vault."""

_SIZE: Final = 3072
"""Bits: what NIST SP 800-57 part 1 allows beyond 2030."""
_ROTATE: Final = "P60D"
"""How long before its end a version gets a successor."""
_NOTIFY: Final = "P30D"
"""How long before its end people are told of a version without one, which Azure fixes (Microsoft, "Configure
cryptographic key auto-rotation")."""


def people(
    name: str, platform: Platform, vault: keyvault.Vault, settings: VaultSettings, *, parent: pulumi.Resource
) -> keyvault.Key:
    """Declare the key.

    Args:
        name: Its logical name.
        platform: Where it is made.
        vault: What keeps it.
        settings: How long a version lives, and whether it may be deleted.
        parent: The component that it belongs to.
    """
    return keyvault.Key(
        name,
        key_name=NAME,
        vault_name=vault.name,
        resource_group_name=platform.resource_group_name,
        properties=keyvault.KeyPropertiesArgs(
            attributes=keyvault.KeyAttributesArgs(
                enabled=True, expires=platform.in_days(settings.key_days), exportable=False
            ),
            kty=keyvault.JsonWebKeyType.RSA,
            key_size=_SIZE,
            key_ops=[keyvault.JsonWebKeyOperation.WRAP_KEY, keyvault.JsonWebKeyOperation.UNWRAP_KEY],
            rotation_policy=_rotation(settings.key_days),
        ),
        tags=platform.tags("vault"),
        opts=pulumi.ResourceOptions(parent=parent, protect=settings.protect, ignore_changes=["properties", "tags"]),
    )


def _rotation(days: int) -> keyvault.RotationPolicyArgs:
    kind = keyvault.KeyRotationPolicyActionType
    return keyvault.RotationPolicyArgs(
        attributes=keyvault.KeyRotationPolicyAttributesArgs(expiry_time=f"P{days}D"),
        lifetime_actions=[_before_end(kind.ROTATE, _ROTATE), _before_end(kind.NOTIFY, _NOTIFY)],
    )


def _before_end(what: keyvault.KeyRotationPolicyActionType, time: str) -> keyvault.LifetimeActionArgs:
    trigger = keyvault.TriggerArgs(time_before_expiry=time)
    return keyvault.LifetimeActionArgs(action=keyvault.ActionArgs(type=what), trigger=trigger)
