"""Locks. Mocks prove construction, nothing of Azure."""

import pulumi
from pulumi_azure_native import resources

from components.protection import Protection, ProtectionArgs, ProtectionSettings
from tests.tape import Tape, record


def _tape(*, locks: bool) -> Tape:
    def program() -> None:
        child = resources.ResourceGroup("child", resource_group_name="child", location="westeurope")
        Protection(
            "protection",
            ProtectionArgs(
                settings=ProtectionSettings(locks=locks),
                locked={"vault": pulumi.Output.from_input("/vault"), "database": "/database"},
                after=[child],
            ),
        )

    return record(program)


def test_each_stateful_resource_is_locked_against_deletion_after_all_that_is_on_it() -> None:
    tape = _tape(locks=True)
    locks = {lock.name: lock for lock in tape.of("ManagementLockByScope")}
    assert {name: lock.inputs["scope"] for name, lock in locks.items()} == {
        "protection-vault": "/vault",
        "protection-database": "/database",
    }
    child = tape.one("ResourceGroup", "child").urn
    assert all(lock.inputs["level"] == "CanNotDelete" for lock in locks.values())
    assert all(lock.depends_on == (child,) for lock in locks.values())


def test_a_stack_without_locks_has_none() -> None:
    assert _tape(locks=False).of("ManagementLockByScope") == []
