"""Microsoft.Insights: diagnostic settings and action groups."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType
from localazure.services.monitor_logs import SENDS
from localazure.services.monitor_names import insights_name
from localazure.store import Record
from localazure.validation import Problem

SETTINGS_MAX: Final = 5
SHORT_NAME_MAX: Final = 12
_BLOBS: Final = "/blobServices/default"


class DiagnosticSetting(ResourceType):
    """A diagnostic setting of one resource."""

    token = "monitor:DiagnosticSetting"
    path = "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule."""
        return insights_name(inputs, "name")

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a setting of or to something that is not there, and one that sends nothing anywhere.

        Also a category that the resource does not have, a sixth setting of a resource, and a category that another
        setting of the resource sends to the same workspace.

        Raises:
            AzureError: in the words of Azure Monitor (github.com/hashicorp/terraform-provider-azurerm/issues/2985,
                github.com/Azure/azure-powershell/issues/25880,
                github.com/Azure/bicep-registry-modules/issues/3407; Microsoft Learn, "Diagnostic settings in Azure
                Monitor").
        """
        del previous
        inputs = record.inputs
        kind = self._type_of(inputs["resourceUri"])
        if workspace := inputs.get("workspaceId"):
            self.subscription.need(workspace)
        sinks = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
        if not any(inputs.get(sink) for sink in sinks):
            raise AzureError(400, "BadRequest", "At least one data sink needs to be specified.")
        if not inputs.get("logs") and not inputs.get("metrics"):
            raise AzureError(400, "BadRequest", "At least one log or metric category must be specified.")
        _need_categories(kind, inputs)
        self._need_room(record)

    def _type_of(self, resource_id: str) -> str:
        if resource_id.endswith(_BLOBS):  # it comes with the account
            return str(self.subscription.need(resource_id.removesuffix(_BLOBS)).outputs["type"]) + "/blobServices"
        return str(self.subscription.need(resource_id).outputs["type"])

    def _need_room(self, record: Record) -> None:
        uri = record.inputs["resourceUri"].lower()
        settings = [r for r in self.subscription.find(self.token) if r.inputs["resourceUri"].lower() == uri]
        others = [other for other in settings if other.id.lower() != record.id.lower()]
        if len(others) >= SETTINGS_MAX:
            raise AzureError(
                409, "Conflict", f"The limit of {SETTINGS_MAX} diagnostic settings was reached for the resource."
            )
        workspace = record.inputs.get("workspaceId")
        for other in others:
            shared = set(_sent(record.inputs)) & set(_sent(other.inputs))
            if workspace and shared and other.inputs.get("workspaceId") == workspace:
                raise AzureError(
                    409,
                    "Conflict",
                    f"Data sink '{workspace}' is already used in diagnostic setting '{other.name}' for category "
                    f"'{min(shared)}'. Data sinks can't be reused in different settings on the same category for the "
                    "same resource.",
                )


def _need_categories(kind: str, inputs: Mapping[str, Any]) -> None:
    sends = SENDS.get(kind.lower())
    if sends is None:
        raise AzureError(
            400, "ResourceTypeNotSupported", f"The resource type '{kind}' does not support diagnostic settings."
        )
    for log in inputs.get("logs", []):
        category, group = log.get("category"), log.get("categoryGroup")
        if category and category not in sends.categories:
            raise AzureError(400, "BadRequest", f"Category '{category}' is not supported.")
        if group and group not in sends.groups:
            raise AzureError(400, "BadRequest", f"Category group '{group}' is not supported.")
    for metric in inputs.get("metrics", []):
        if metric.get("category") not in sends.metrics:
            raise AzureError(400, "BadRequest", f"Metric category '{metric.get('category')}' is not supported.")


def _sent(inputs: Mapping[str, Any]) -> Iterator[str]:
    for sent in (*inputs.get("logs", []), *inputs.get("metrics", [])):
        if sent.get("enabled"):
            yield sent.get("category") or sent["categoryGroup"]


class ActionGroup(ResourceType):
    """Who is told of an alert. Nobody is: no alert of the embedded Azure ever fires."""

    token = "monitor:ActionGroup"
    path = RESOURCE_GROUP + "/providers/Microsoft.Insights/actionGroups/{actionGroupName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The rules of names and receivers (Microsoft Learn, "Action groups").

        A name has at most 260 characters, a short name 1 to 12, receivers have names of their own, an address is one.
        """
        yield from insights_name(inputs, "actionGroupName", r":<>+/&%\?|")
        short = inputs.get("groupShortName")
        if isinstance(short, str) and not 1 <= len(short) <= SHORT_NAME_MAX:
            yield "groupShortName", f"'{short}' has {len(short)} characters; a short name has 1 to {SHORT_NAME_MAX}"
        yield from _receiver_problems(inputs)


def _receiver_problems(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for kind in (key for key in inputs if key.endswith("Receivers")):
        for index, receiver in enumerate(cast("list[dict[str, Any]]", inputs[kind])):
            at, name = f"{kind}[{index}]", receiver.get("name")
            if name in seen:
                yield f"{at}.name", f"'{name}' is the name of two receivers; each has its own"
            seen.add(str(name))
            address, uri = receiver.get("emailAddress"), receiver.get("serviceUri")
            if isinstance(address, str) and not (0 < address.find("@") < len(address) - 1):
                yield f"{at}.emailAddress", f"'{address}' is not a mail address"
            if isinstance(uri, str) and not uri.startswith(("http://", "https://")):
                yield f"{at}.serviceUri", f"'{uri}' is not an absolute address"
