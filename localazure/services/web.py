"""Microsoft.Web/staticSites: declared and checked. No content is taken in and nothing is served."""

from collections.abc import Iterable
from typing import Any, Final

from localazure.derived_guid import derived_guid
from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.services.domain_proof import leads_to
from localazure.services.location import location_problem
from localazure.store import Record
from localazure.validation import Problem

_SITE = RESOURCE_GROUP + "/providers/Microsoft.Web/staticSites/{name}"
_REGIONS: Final = ["centralus", "eastasia", "eastus2", "westeurope", "westus2"]
"""Where Static Web Apps are managed (azure-facts.md section 3.16, unverified there)."""
_DOMAINS: Final = {"Free": 2, "Standard": 5}
"""Domains of one app (azure-facts.md section 3.16)."""


class StaticSite(ResourceType):
    """A Static Web App."""

    token = "web:StaticSite"
    path = _SITE

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, the regions, and what the Free plan has not.

        Microsoft Learn, "Azure Static Web Apps hosting plans": private endpoints and own identities are Standard's.
        """
        yield from name_problem(inputs, "name", r"[A-Za-z0-9-]{1,40}", "1-40 letters, digits and hyphens.")
        yield from location_problem(inputs, "Microsoft.Web/staticSites", _REGIONS)
        sku = inputs.get("sku", {})
        plan = sku.get("name", "Free")
        if plan not in _DOMAINS or sku.get("tier", plan) != plan:
            yield "sku", f"'{plan}' of tier '{sku.get('tier')}' is not a plan. Allowed: {', '.join(_DOMAINS)}"
        if plan == "Free" and inputs.get("publicNetworkAccess") == "Disabled":
            yield "publicNetworkAccess", "public network access can be disabled in the plan Standard only"
        if plan == "Free" and inputs.get("identity"):
            yield "identity", "a managed identity needs the plan Standard"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Hand out a host name that stays. Refuse a plan with room for fewer domains than there are."""
        del previous
        _check_room(record, len(self.subscription.find("web:StaticSiteCustomDomain", name=record.name)))
        key = derived_guid(record.id).replace("-", "")
        record.outputs["defaultHostname"] = f"lively-sea-{key[:9]}.1.azurestaticapps.net"


class StaticSiteCustomDomain(ResourceType):
    """A name of one's own for a Static Web App."""

    token = "web:StaticSiteCustomDomain"
    path = _SITE + "/customDomains/{domainName}"
    force_new = frozenset({"validationMethod"})

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """A name that is none, and ways to prove one that do not exist."""
        label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
        yield from name_problem(
            inputs,
            "domainName",
            rf"(?i)(?=.{{4,253}}$){label}(\.{label})+",
            "labels of letters, digits and hyphens, separated by periods, 253 characters at most.",
        )
        method = inputs.get("validationMethod", "cname-delegation")
        if method not in {"cname-delegation", "dns-txt-token"}:
            yield "validationMethod", f"'{method}' is not valid. Allowed: cname-delegation, dns-txt-token"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a name that does not lead to the app yet, or that another app has.

        Raises:
            AzureError: in the words of Static Web Apps (github.com/Azure/static-web-apps/issues/911 and 227), and one
                domain too many (azure-facts.md section 3.16; the words are ours).
        """
        del previous
        site = self.subscription.need(record.id.rsplit("/customDomains/", 1)[0])
        others = self.subscription.find(self.token)
        if any(r.name.lower() == record.name.lower() and r.id.lower() != record.id.lower() for r in others):
            raise AzureError(
                400,
                "BadRequest",
                "Request Envelope is invalid. Please ensure the custom domain is not linked to another site.",
            )
        names = {r.name.lower() for r in others if r.inputs["name"] == site.name} | {record.name.lower()}
        _check_room(site, len(names))
        if record.inputs.get("validationMethod", "cname-delegation") == "dns-txt-token":
            record.outputs |= {"status": "Validating", "validationToken": derived_guid(record.id).replace("-", "")}
            return
        if leads_to(self.subscription, record.name) != site.outputs["defaultHostname"]:
            raise AzureError(
                400, "BadRequest", "CNAME Record is invalid. Please ensure the CNAME record has been created."
            )
        record.outputs["status"] = "Ready"


def _check_room(site: Record, domains: int) -> None:
    plan = site.inputs.get("sku", {}).get("name", "Free")
    if domains > _DOMAINS[plan]:
        raise AzureError(
            400, "BadRequest", f"The plan {plan} has {_DOMAINS[plan]} custom domains; {domains} are asked for."
        )
