"""Faults by script, as the subscription lets them happen."""

import asyncio
from typing import Any

import pytest

from localazure.access import ACR_PULL as PULLERS
from localazure.access import is_granted
from localazure.azure import Azure
from localazure.faults import Fault, Kind
from tests.unit.localazure.arm import ACR_PULL, GROUP, create, grant, refused

GROUP_TYPE, IDENTITY, VAULT = "resources:ResourceGroup", "managedidentity:UserAssignedIdentity", "keyvault:Vault"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (Kind.REFUSED, 400, "InvalidRequestContent"),
        (Kind.QUOTA, 403, "QuotaExceeded"),
        (Kind.CONFLICT, 409, "AnotherOperationInProgress"),
        (Kind.THROTTLED, 429, "ResourceRequestsThrottled"),
        (Kind.UNAVAILABLE, 503, "ServiceUnavailable"),
    ],
)
async def test_a_struck_operation_is_refused_and_leaves_nothing(
    azure: Azure, kind: Kind, status: int, code: str
) -> None:
    azure.script([Fault(kind=kind)])

    with refused(status, code, code):
        await create(azure, GROUP_TYPE)

    assert azure.get(GROUP) is None
    assert await create(azure, GROUP_TYPE)


async def test_operations_before_and_after_the_struck_ones_pass(azure: Azure) -> None:
    azure.script([Fault(kind=Kind.REFUSED, type="managedidentity:*", operation="create", after=1, times=2)])

    outcomes: list[bool] = []
    for name in ("a", "b", "c", "d"):
        try:
            await create(azure, IDENTITY, resourceName=name)
            outcomes.append(True)
        except Exception:  # noqa: BLE001 - whether it was refused is the point
            outcomes.append(False)

    assert outcomes == [True, False, False, True]
    assert [fault["struck"] for fault in azure.faults.status()] == [2]


async def test_an_update_and_a_deletion_are_struck_by_their_own_faults(azure: Azure) -> None:
    group = await create(azure, GROUP_TYPE)
    azure.script([Fault(kind=Kind.CONFLICT, operation="delete"), Fault(kind=Kind.QUOTA, operation="update")])

    with refused(403, "QuotaExceeded", "quota"):
        await azure.update(group.id, group.inputs)
    with refused(409, "AnotherOperationInProgress", "in progress"):
        await azure.delete(group.id)

    assert azure.get(group.id)


async def test_the_answer_of_an_operation_that_timed_out_is_lost_and_its_work_is_not(azure: Azure) -> None:
    azure.script([Fault(kind=Kind.TIMEOUT)])

    with refused(504, "GatewayTimeout", "did not receive a response from 'resources:ResourceGroup'"):
        await create(azure, GROUP_TYPE)

    assert azure.get(GROUP)


async def test_a_slow_operation_ends_with_the_script(azure: Azure) -> None:
    azure.script([Fault(kind=Kind.SLOW, seconds=3600)])
    slow = asyncio.ensure_future(create(azure, GROUP_TYPE))
    done, _ = await asyncio.wait({slow}, timeout=0.1)
    assert not done

    azure.script([])

    assert (await asyncio.wait_for(slow, 30)).id == GROUP


async def test_a_role_counts_only_after_its_delay(azure: Azure) -> None:
    identity = await create(azure, IDENTITY)
    azure.script([Fault(kind=Kind.ROLE_DELAY, seconds=3600)])
    await grant(azure, identity, ACR_PULL, azure.need(GROUP))
    principal = identity.outputs["principalId"]
    late = is_granted(azure.store, principal, PULLERS, GROUP)

    azure.script([])

    assert (late, is_granted(azure.store, principal, PULLERS, GROUP)) == (False, True)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({}, "kind is None. Allowed: refused, quota, "),
        ({"kind": "thunder"}, "kind is 'thunder'. Allowed: "),
        ({"kind": "slow", "colour": 1}, "colour is no key of a fault. Allowed: kind, type, "),
        ({"kind": "slow", "operation": "read"}, 'operation is "read". Allowed: create, update, delete, *.'),
        ({"kind": "slow", "seconds": 3601}, "seconds is 3601. Allowed: 0 to 3600."),
        ({"kind": "slow", "times": 0}, "times is 0. Allowed: 1 to "),
        ({"kind": "slow", "after": "1"}, "after is '1'. Allowed: 0 to "),
    ],
)
def test_a_line_that_is_no_fault_is_named_with_what_is_allowed(line: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        Fault.of(line)

    assert str(caught.value).startswith(problem)
