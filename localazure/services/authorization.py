"""Microsoft.Authorization: role assignments and locks."""

from collections.abc import Iterable
from typing import Any, ClassVar

from localazure.errors import AzureError
from localazure.locks import LOCK
from localazure.resource_type import ResourceType, guid_problem, name_problem
from localazure.store import Record
from localazure.validation import Problem


class RoleAssignment(ResourceType):
    """A role of a principal at a scope."""

    token = "authorization:RoleAssignment"
    path = "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}"
    # principalId, scope: provider/pkg/gen/replacement.go. roleDefinitionId: ARM refuses the change in place
    # (RoleAssignmentUpdateNotPermitted), so the program has to replace it on its own; see put().
    force_new = frozenset({"principalId", "scope"})
    named_by_guid: ClassVar[bool] = True

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """A name or a principal that is no GUID, and a role that is no id of one (descriptions in the SDK)."""
        yield from guid_problem(inputs, "roleAssignmentName")
        yield from guid_problem(inputs, "principalId")
        role = inputs.get("roleDefinitionId")
        if isinstance(role, str) and "/providers/microsoft.authorization/roledefinitions/" not in role.lower():
            yield "roleDefinitionId", f"'{role}' is not the id of a role definition"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse what ARM refuses: a scope that is not there, a second equal assignment, a changed role.

        Raises:
            AzureError: RoleAssignmentExists and RoleAssignmentUpdateNotPermitted in the words of ARM
                (issues of Azure-Samples/azure-search-openai-demo and others, see local-azure.md section 2).
        """
        inputs = record.inputs
        if inputs["scope"].strip("/").count("/") > 1:
            self.subscription.need(inputs["scope"])
        if previous and previous.inputs["roleDefinitionId"] != inputs["roleDefinitionId"]:
            raise AzureError(
                400,
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            )
        self._need_principal(inputs["principalId"], declared=inputs.get("principalType"))
        equal = self.subscription.find(
            self.token,
            principalId=inputs["principalId"],
            roleDefinitionId=inputs["roleDefinitionId"],
            scope=inputs["scope"],
        )
        if any(other.id.lower() != record.id.lower() for other in equal):
            raise AzureError(409, "RoleAssignmentExists", "The role assignment already exists.")

    def _need_principal(self, principal_id: str, *, declared: str | None) -> None:
        # With principalType set ARM skips the look-up in the directory, which is why everyone sets it.
        known = {record.outputs.get("principalId") for record in self.subscription.store.records()}
        if declared is None and principal_id not in known:
            raise AzureError(
                400,
                "PrincipalNotFound",
                f"Principal {principal_id.replace('-', '')} does not exist in the directory "
                f"{self.subscription.tenant_id}.",
            )


class ManagementLockByScope(ResourceType):
    """A lock on a resource: nothing that it holds can be deleted (`localazure/locks.py`)."""

    token = LOCK
    path = "/{scope}/providers/Microsoft.Authorization/locks/{lockName}"
    force_new = frozenset({"scope"})

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, the one level that is imitated, and notes of at most 512 characters.

        Microsoft Learn, "Naming rules and restrictions", Microsoft.Authorization; description of `notes` in the SDK.
        """
        yield from name_problem(
            inputs,
            "lockName",
            r"[\w.()-]{0,89}[\w()-]",
            "1-90 letters, digits, periods, underscores, hyphens and parentheses; it cannot end with a period.",
        )
        if inputs.get("level") in {"NotSpecified", "ReadOnly"}:
            named = f"the lock {inputs['level']} (localazure/NONGOALS.md)"
            yield "level", f"the embedded Azure does not imitate {named}; use CanNotDelete"
        if len(str(inputs.get("notes", ""))) > 512:  # noqa: PLR2004 - the rule's own number
            yield "notes", "notes have at most 512 characters"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a lock on something that is not there."""
        del previous
        if record.inputs["scope"].strip("/").count("/") > 1:
            self.subscription.need(record.inputs["scope"])
