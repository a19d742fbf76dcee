"""Microsoft.Cdn: own names of a Front Door, and the firewall before them."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from localazure.errors import AzureError
from localazure.resource_type import ResourceType, name_problem
from localazure.services.cdn import NAME, NAME_RULE, PROFILE, profile_of
from localazure.services.domain_proof import is_proved, leads_to, validation_token
from localazure.store import Record
from localazure.validation import Problem

_CERTIFICATE_NAME_MAX: Final = 64


class CustomDomain(ResourceType):
    """An own name of a Front Door."""

    token = "cdn:AFDCustomDomain"
    path = PROFILE + "/customDomains/{customDomainName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, and names that a managed certificate cannot hold.

        Microsoft Learn, "Domains in Azure Front Door": no wildcard and at most 64 characters. TLS 1.0 ended 2025-03-01
        (Microsoft Learn, "Azure Front Door TLS policy").
        """
        yield from name_problem(inputs, "customDomainName", rf"(?=.{{2,260}}$){NAME}", f"2-260 {NAME_RULE}")
        tls, host = inputs.get("tlsSettings", {}), inputs.get("hostName", "")
        if tls.get("certificateType") == "ManagedCertificate":
            if host.startswith("*."):
                yield "hostName", f"'{host}': a managed certificate is not supported for a wildcard domain"
            if len(host) > _CERTIFICATE_NAME_MAX:
                yield "hostName", f"'{host}' has {len(host)} characters: a managed certificate holds 64"
        elif tls:
            yield "tlsSettings", f"'{tls['certificateType']}' is not imitated: use ManagedCertificate"
        if tls.get("minimumTlsVersion") == "TLS10":
            yield "tlsSettings", "'TLS10' is not supported any more. Allowed: TLS12, TLS13"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Ask for the proof of the name, and take the name before it is there, as Azure does.

        Raises:
            AzureError: another host name for the same resource, or one that another Front Door has (the words are
                ours), or a DNS zone that is not there.
        """
        self.subscription.need(profile_of(record.id))
        if zone := record.inputs.get("azureDnsZone"):
            self.subscription.need(zone["id"])
        host = record.inputs["hostName"]
        if previous and previous.inputs["hostName"] != host:
            raise AzureError(400, "BadRequest", "The host name of a custom domain cannot be updated.")
        others = (r for r in self.subscription.find(self.token) if r.id.lower() != record.id.lower())
        if any(other.inputs["hostName"].lower() == host.lower() for other in others):
            raise AzureError(409, "Conflict", f"The custom domain '{host}' is already in use by another resource.")
        approved = is_proved(self.subscription, record) or (
            previous is not None and previous.outputs["domainValidationState"] == "Approved"
        )
        record.outputs |= {
            "deploymentStatus": "NotStarted",
            "domainValidationState": "Approved" if approved else "Pending",
            "validationProperties": {"validationToken": validation_token(record.id)},
        }

    async def delete(self, record: Record) -> None:
        """Refuse while a route or the firewall uses the name, or a CNAME record leads to an endpoint.

        Raises:
            AzureError: the words of the record are those of github.com/hashicorp/terraform/issues/31108, the others
                ours.
        """
        for user in (*self.subscription.find("cdn:Route"), *self.subscription.find("cdn:SecurityPolicy")):
            if record.id.lower() in {used.lower() for used in domains_of(user)}:
                raise AzureError(
                    409, "Conflict", f"The custom domain '{record.name}' is still associated with {user.id}."
                )
        target = leads_to(self.subscription, record.inputs["hostName"])
        if target in {endpoint.outputs["hostName"] for endpoint in self.subscription.find("cdn:AFDEndpoint")}:
            raise AzureError(
                409,
                "Conflict",
                f'Cannot delete custom domain "{record.inputs["hostName"]}" because it is still directly or '
                f'indirectly (using "cdnverify" prefix) CNAMEd to CDN endpoint "{target}". Please remove the DNS CNAME '
                "record and try again.",
            )


class SecurityPolicy(ResourceType):
    """The firewall policy before some names of a Front Door."""

    token = "cdn:SecurityPolicy"
    path = PROFILE + "/securityPolicies/{securityPolicyName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, and a policy without a firewall or without a name to guard."""
        yield from name_problem(inputs, "securityPolicyName", rf"(?=.{{1,260}}$){NAME}", f"1-260 {NAME_RULE}")
        parameters = inputs.get("parameters", {})
        for key in ("wafPolicy", "associations"):
            if "parameters" in inputs and not parameters.get(key):
                yield f"parameters.{key}", f"missing required property 'parameters.{key}'"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse what is not there, a firewall of another tier, and a name that another policy guards.

        Raises:
            AzureError: the words are ours; the rule is Microsoft Learn, "Azure Front Door security policy": the tiers
                of both are the same, and a domain has one policy.
        """
        del previous
        profile = self.subscription.need(profile_of(record.id))
        wall = self.subscription.need(record.inputs["parameters"]["wafPolicy"]["id"])
        tier, other_tier = profile.inputs["sku"]["name"], wall.inputs["sku"]["name"]
        if other_tier != tier:
            raise AzureError(
                400,
                "BadRequest",
                f"The SKU {other_tier} of the WebApplicationFirewallPolicy is not that of the profile, {tier}.",
            )
        guarded = {self.subscription.need(used).id.lower() for used in domains_of(record)}
        for other in self.subscription.find(self.token):
            if other.id.lower() != record.id.lower() and guarded & {used.lower() for used in domains_of(other)}:
                raise AzureError(
                    409, "Conflict", f"A domain is already associated with the security policy {other.id}."
                )


def domains_of(record: Record) -> Iterator[str]:
    """The ids of the domains and endpoints that a route or a security policy names."""
    associations = record.inputs.get("parameters", {}).get("associations", [])
    for names in (record.inputs.get("customDomains", []), *(group.get("domains", []) for group in associations)):
        yield from (name["id"] for name in names)
