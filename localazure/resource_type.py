"""What the embedded Azure knows of one resource type beyond its shape in the SDK."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from localazure.errors import AzureError
from localazure.store import Record
from localazure.subscription import Subscription
from localazure.validation import Problem

RESOURCE_GROUP: Final = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"


class ResourceType:
    """One type. A subclass is the whole knowledge of it: rules, computed outputs, what really runs.

    Attributes:
        token: Pulumi token without the package.
        path: the ARM path; `{name}` parts are input properties.
        force_new: properties whose change makes a new resource, beyond those in the path. Not in the SDK: from
            pulumi-azure-native provider/pkg/gen/replacement.go and the ARM documentation of each type.
        also_allowed: values of top-level properties that Azure takes although the SDK does not list them.
        soft_deleted: whether a deleted resource stays recoverable under its name.
        named_by_guid: whether an automatic name is a GUID.
    """

    token: ClassVar[str]
    path: ClassVar[str]
    force_new: ClassVar[frozenset[str]] = frozenset({"location"})
    also_allowed: ClassVar[Mapping[str, frozenset[str]]] = {}
    soft_deleted: ClassVar[bool] = False
    named_by_guid: ClassVar[bool] = False

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription

    def id_of(self, inputs: dict[str, Any]) -> str:
        """The ARM id that these inputs name. Raises AzureError when one of its names is missing."""

        def part(match: re.Match[str]) -> str:
            name = match[1]
            if name not in inputs and name != "subscriptionId":
                raise AzureError(400, "MissingName", f"missing required property '{name}'")
            return self.subscription.subscription_id if name == "subscriptionId" else str(inputs[name]).strip("/")

        return re.sub(r"\{(\w+)\}", part, self.path)

    @classmethod
    def replaced_by(cls, changed: str) -> bool:
        """Whether a change of this property path makes a new resource."""
        top = re.split(r"[.\[]", changed)[0]
        return "{" + top + "}" in cls.path or any(_covers(prefix, changed) for prefix in cls.force_new)

    def allows(self, at: str, value: Any) -> bool:
        """Whether Azure takes a value that the SDK's shape does not know."""
        return isinstance(value, str) and value in self.also_allowed.get(at, ())

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """Problems that the inputs alone show; they fail the preview. Unknown values are not in `inputs`."""
        del inputs
        return ()

    def is_name_taken(self, record: Record) -> bool:
        """Whether another resource of this type has the name: for types whose names are global."""
        others = (other for other in self.subscription.find(self.token) if other.id.lower() != record.id.lower())
        return any(other.name.lower() == record.name.lower() for other in others)

    async def put(self, record: Record, previous: Record | None) -> None:
        """Accept or refuse a PUT, and fill in what Azure computes.

        Raises:
            AzureError: refused; nothing has changed.
        """

    async def provision(self, record: Record, previous: Record | None) -> None:
        """The operation after acceptance. The record is already kept.

        Raises:
            AzureError: the operation failed; the resource stays, in state Failed.
        """

    async def delete(self, record: Record) -> None:
        """Stop and drop what the resource runs."""

    def purge(self, record: Record) -> None:
        """Forget what is kept of a resource in deleted state."""

    async def recover(self, record: Record) -> None:
        """Bring back what the resource runs after the daemon was stopped or killed."""

    async def stop(self) -> None:
        """Stop whatever resources of this type run; the daemon ends."""

    def status(self, record: Record) -> dict[str, Any] | None:
        """What `make status` shows of a resource that runs something, or None."""
        del record
        return None


def _covers(prefix: str, changed: str) -> bool:
    return changed == prefix or changed.startswith((f"{prefix}.", f"{prefix}["))


def name_problem(inputs: dict[str, Any], key: str, pattern: str, rule: str) -> Iterator[Problem]:
    """A problem if the name under `key` is present and does not fit `pattern`; `rule` is Azure's wording."""
    name = inputs.get(key)
    if isinstance(name, str) and not re.fullmatch(pattern, name):
        yield key, f"'{name}' is not a valid name: {rule}"


def guid_problem(inputs: dict[str, Any], key: str) -> Iterator[Problem]:
    """A problem if the name under `key` is present and no GUID."""
    return name_problem(inputs, key, r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "it must be a GUID.")
