"""Locks: what the stack says must not be deleted, Azure does not delete, whoever asks.

A lock also holds what is below it: children, role assignments, diagnostic settings. So it is made after all of them and
goes before any of them; to change one of those, take the lock off first. Putting locks on needs
`Microsoft.Authorization/locks/write`, which Contributor lacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization

from components.section import Section


class ProtectionSettings(Section):
    """What guards against deletion by mistake."""

    locks: bool
    """Whether stateful resources carry a lock that refuses deletion until somebody takes it off."""


@dataclass(frozen=True, kw_only=True)
class ProtectionArgs:
    """Arguments of `Protection`."""

    settings: ProtectionSettings
    locked: Mapping[str, pulumi.Input[str] | None]
    """Resource ids by what the program calls them; None is not there in this environment."""
    after: Sequence[pulumi.Resource]
    """What is made on and below them: the locks come last and go first."""


class Protection(pulumi.ComponentResource):
    """A lock per stateful resource, where the stack says so."""

    lock_ids: list[pulumi.Output[str]]
    """Resource ids of the locks."""

    def __init__(self, name: str, args: ProtectionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Protection", name, None, opts)
        locks = [
            authorization.ManagementLockByScope(
                f"{name}-{what}",
                lock_name="keep",
                scope=resource_id,
                level=authorization.LockLevel.CAN_NOT_DELETE,
                notes=f"The {what} holds data. Take this lock off by protection.locks in the stack file.",
                opts=pulumi.ResourceOptions(parent=self, depends_on=args.after, delete_before_replace=True),
            )
            for what, resource_id in args.locked.items()
            if args.settings.locks and resource_id is not None
        ]
        self.lock_ids = [lock.id for lock in locks]
        self.register_outputs({"lock_ids": self.lock_ids})
