"""Identities and the grants that name them. Mocks prove construction, nothing of Azure."""

from uuid import UUID

from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from tests.computed import guid
from tests.tape import SUBSCRIPTION, Tape, record
from tests.unit.components.parts import platform, registry, tags


def _granted() -> Tape:
    def program() -> None:
        place = platform()
        place_of_images = registry(place)
        for name in ("pull", "spare"):
            place_of_images.grant_pull(WorkloadIdentity(name, WorkloadIdentityArgs(platform=place)))

    return record(program)


def test_an_identity_is_named_after_workload_and_environment() -> None:
    identity = _granted().one("UserAssignedIdentity", "pull")
    assert identity.inputs == {
        "resourceGroupName": "rg-dme-test",
        "resourceName": "id-dme-pull-test",
        "tags": tags("pull"),
    }


def test_a_grant_names_role_principal_and_scope_and_its_kind() -> None:
    grant = _granted().one("RoleAssignment", "registry-acr-pull-pull")
    role = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    assert grant.inputs["principalId"] == guid("principal of id-dme-pull-test")
    assert grant.inputs["principalType"] == "ServicePrincipal"
    assert grant.inputs["scope"].endswith("/acrdmetestabc1")
    assert grant.inputs["roleDefinitionId"] == (
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    )
    assert grant.parent.endswith("digitalmee:components:Registry::registry")


def test_the_guid_of_a_grant_is_the_same_in_every_run_and_differs_between_identities() -> None:
    first, second = ({g.name: g.inputs["roleAssignmentName"] for g in _granted().of("RoleAssignment")} for _ in "ab")
    assert first == second
    assert len({UUID(guid) for guid in first.values()}) == 2


def test_a_grant_is_replaced_before_its_guid_is_used_again() -> None:
    assert all(grant.delete_before_replace for grant in _granted().of("RoleAssignment"))
