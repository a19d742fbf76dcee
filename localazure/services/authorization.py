"""Microsoft.Authorization: role assignments."""

from typing import ClassVar

from localazure.errors import AzureError
from localazure.resource_type import ResourceType
from localazure.store import Record


class RoleAssignment(ResourceType):
    """A role of a principal at a scope."""

    token = "authorization:RoleAssignment"
    path = "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}"
    # principalId, scope: provider/pkg/gen/replacement.go. roleDefinitionId: ARM refuses the change in place
    # (RoleAssignmentUpdateNotPermitted), so the program has to replace it on its own; see put().
    force_new = frozenset({"principalId", "scope"})
    named_by_guid: ClassVar[bool] = True

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse what ARM refuses: a scope that is not there, a second equal assignment, a changed role.

        Raises:
            AzureError: RoleAssignmentExists and RoleAssignmentUpdateNotPermitted in the words of ARM
                (issues of Azure-Samples/azure-search-openai-demo and others, see local-azure.md section 2).
        """
        inputs = record.inputs
        if inputs["scope"].strip("/").count("/") > 1:
            self.azure.need(inputs["scope"])
        if previous and previous.inputs["roleDefinitionId"] != inputs["roleDefinitionId"]:
            raise AzureError(
                400,
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            )
        self._need_principal(inputs["principalId"], declared=inputs.get("principalType"))
        equal = self.azure.find(
            self.token,
            principalId=inputs["principalId"],
            roleDefinitionId=inputs["roleDefinitionId"],
            scope=inputs["scope"],
        )
        if any(other.id.lower() != record.id.lower() for other in equal):
            raise AzureError(409, "RoleAssignmentExists", "The role assignment already exists.")

    def _need_principal(self, principal_id: str, *, declared: str | None) -> None:
        # With principalType set ARM skips the look-up in the directory, which is why everyone sets it.
        known = {record.outputs.get("principalId") for record in self.azure.store.records()}
        if declared is None and principal_id not in known:
            raise AzureError(
                400,
                "PrincipalNotFound",
                f"Principal {principal_id.replace('-', '')} does not exist in the directory {self.azure.tenant_id}.",
            )
