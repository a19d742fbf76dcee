"""Microsoft.Insights/components, webtests and workbooks: application insights and what is made on it."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from localazure.derived_guid import derived_guid
from localazure.engine.diff import short_location
from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType
from localazure.services.monitor_names import insights_name
from localazure.store import Record
from localazure.validation import Problem

LOCATIONS: Final = frozenset(
    {
        "apac-hk-hkn-azr",
        "apac-jp-kaw-edge",
        "apac-sg-sin-azr",
        "emea-au-syd-edge",
        "emea-ch-zrh-edge",
        "emea-fr-pra-edge",
        "emea-gb-db3-azr",
        "emea-nl-ams-azr",
        "emea-ru-msa-edge",
        "emea-se-sto-edge",
        "latam-br-gru-edge",
        "us-ca-sjc-azr",
        "us-fl-mia-edge",
        "us-il-ch1-azr",
        "us-tx-sn1-azr",
        "us-va-ash-azr",
    }
)
"""Where availability tests run (MicrosoftDocs/azure-monitor-docs, articles/azure-monitor/app/availability.md)."""
FREQUENCIES_S: Final = (300, 600, 900)
_STANDARD: Final = "standard"
_HIDDEN_LINK: Final = "hidden-link:"


class Component(ResourceType):
    """Application Insights on a workspace."""

    token = "applicationinsights:Component"
    path = RESOURCE_GROUP + "/providers/Microsoft.Insights/components/{resourceName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, and a sampling percentage outside 0-100."""
        yield from insights_name(inputs, "resourceName")
        share = inputs.get("samplingPercentage")
        if isinstance(share, int | float) and not 0 < share <= 100:  # noqa: PLR2004 - the rule's own numbers
            yield "samplingPercentage", f"'{share:g}' is not a percentage above 0"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Give the component its keys and the address that takes its telemetry in. The workspace must exist."""
        del previous
        if workspace := record.inputs.get("workspaceResourceId"):
            self.subscription.need(workspace)
        key = derived_guid(record.id, "instrumentation key")
        application, address = derived_guid(record.id, "application"), await self.subscription.runtime.telemetry.open()
        record.outputs |= {
            "appId": application,
            "applicationId": record.name,
            # In Azure live metrics have an address of their own; here nothing answers them.
            "connectionString": (
                f"InstrumentationKey={key};IngestionEndpoint={address};LiveEndpoint={address};"
                f"ApplicationId={application}"
            ),
            "instrumentationKey": key,
            "tenantId": self.subscription.tenant_id,
        }

    async def recover(self, record: Record) -> None:
        """Take telemetry in again, at the address of before."""
        del record
        await self.subscription.runtime.telemetry.open()

    async def delete(self, record: Record) -> None:
        """Forget what the component has taken in."""
        self.subscription.runtime.telemetry.component(record).drop()

    def status(self, record: Record) -> dict[str, Any] | None:
        """Where its telemetry is, and how many items of each kind are kept."""
        kept = self.subscription.runtime.telemetry.component(record)
        return {
            "kind": "telemetry",
            "name": record.name,
            "address": self.subscription.runtime.telemetry.address,
            "file": str(kept.file),
            "items": kept.counts(),
        }


class WebTest(ResourceType):
    """An availability test. It is kept and never run: nothing outside of the machine reaches it."""

    token = "applicationinsights:WebTest"
    path = RESOURCE_GROUP + "/providers/Microsoft.Insights/webtests/{webTestName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, kinds that are retired, unknown places and frequencies, and a request that cannot be made.

        Microsoft Learn, "Application Insights availability tests"; ping tests are retired (azure-facts.md 3.6).
        """
        yield from insights_name(inputs, "webTestName")
        if (kind := inputs.get("webTestKind", _STANDARD)) != _STANDARD:
            yield "webTestKind", f"'{kind}' is retired; only '{_STANDARD}' tests can be made"
        frequency = inputs.get("frequency", FREQUENCIES_S[0])
        if isinstance(frequency, int) and frequency not in FREQUENCIES_S:
            yield "frequency", f"'{frequency}' seconds is not a frequency: {', '.join(map(str, FREQUENCIES_S))}"
        for index, place in enumerate(inputs.get("locations", [])):
            if (name := place.get("location")) not in LOCATIONS:
                yield f"locations[{index}].location", f"'{name}' is not a place. Places: {', '.join(sorted(LOCATIONS))}"
        yield from _request_problems(inputs)

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a test without a kind or a request, or without the tag that links it to a component of its region.

        Raises:
            AzureError: in the words of the service (github.com/microsoft/mcp/issues/858).
        """
        del previous
        if record.inputs.get("webTestKind") != _STANDARD or not record.inputs.get("request"):
            raise AzureError(400, "BadRequest", f"A '{_STANDARD}' web test with a request is required.")
        links = [key for key in record.inputs.get("tags", {}) if key.startswith(_HIDDEN_LINK)]
        if not links:
            raise AzureError(
                400,
                "BadRequest",
                "A single 'hidden-link' tag pointing to an existing AI component is required. Found none.",
            )
        component = self.subscription.need(links[0].removeprefix(_HIDDEN_LINK))
        if short_location(component.outputs["location"]) != record.outputs["location"]:
            raise AzureError(
                400,
                "BadRequest",
                f"The web test is in '{record.outputs['location']}' and its component in "
                f"'{component.outputs['location']}'; they must be in one region.",
            )


def _request_problems(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    request: dict[str, Any] = inputs.get("request", {})
    url, rules = request.get("requestUrl"), inputs.get("validationRules", {})
    if isinstance(url, str) and not url.startswith(("http://", "https://")):
        yield "request.requestUrl", f"'{url}' is not an absolute address"
    elif isinstance(url, str) and rules.get("sSLCheck") and not url.startswith("https://"):
        yield "validationRules.sSLCheck", f"'{url}' has no certificate to check"
    days = rules.get("sSLCertRemainingLifetimeCheck")
    if isinstance(days, int) and not 1 <= days <= 365:  # noqa: PLR2004 - the rule's own numbers
        yield "validationRules.sSLCertRemainingLifetimeCheck", f"'{days}' is not 1 to 365 days"


class Workbook(ResourceType):
    """A workbook. Its content is kept; there is nothing to draw it."""

    token = "applicationinsights:Workbook"
    path = RESOURCE_GROUP + "/providers/Microsoft.Insights/workbooks/{resourceName}"
    force_new = frozenset({"location", "sourceId"})
    named_by_guid = True

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """A name that is no GUID, and content that is no JSON (description of `resourceName` in the SDK)."""
        name, content = inputs.get("resourceName"), inputs.get("serializedData")
        if isinstance(name, str) and not _is_guid(name):
            yield "resourceName", f"'{name}' is not a GUID"
        if isinstance(content, str):
            try:
                json.loads(content)
            except ValueError as error:
                yield "serializedData", f"the content is not JSON: {error}"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a workbook on something that is not there."""
        del previous
        source = record.inputs.get("sourceId", "")
        if source.startswith("/"):
            self.subscription.need(source)


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
