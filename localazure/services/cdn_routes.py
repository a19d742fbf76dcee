"""Microsoft.Cdn: which requests of a Front Door lead where, and the rules on their way."""

from collections.abc import Iterable, Iterator
from typing import Any

from localazure.errors import AzureError
from localazure.resource_type import ResourceType, name_problem
from localazure.services.cdn import NAME, NAME_RULE, PROFILE, enabled_origins, profile_of
from localazure.services.cdn_domains import domains_of
from localazure.store import Record
from localazure.validation import Problem

_RULES_IN_A_SET = 100
"""Rules of one set (Microsoft Learn, "Azure subscription and service limits", Front Door)."""


class Route(ResourceType):
    """A route of an endpoint: names, paths and protocols, and the origin group that they lead to."""

    token = "cdn:Route"
    path = PROFILE + "/afdEndpoints/{endpointName}/routes/{routeName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, patterns that are no paths, and a redirect with nothing to redirect.

        Microsoft Learn, REST reference of `routes`, and "Origins and origin groups in Azure Front Door".
        """
        yield from name_problem(inputs, "routeName", rf"(?=.{{1,90}}$){NAME}", f"1-90 {NAME_RULE}")
        for pattern in inputs.get("patternsToMatch", []):
            if not pattern.startswith("/") or "*" in pattern[:-1]:
                yield (
                    "patternsToMatch",
                    f"'{pattern}' is not a pattern: it starts with '/', and '*' is its last character",
                )
        protocols = set(inputs.get("supportedProtocols", ("Http", "Https")))
        if inputs.get("httpsRedirect", "Disabled") == "Enabled" and protocols != {"Http", "Https"}:
            yield "httpsRedirect", "a redirect to HTTPS needs both protocols in 'supportedProtocols'"
        if inputs.get("linkToDefaultDomain", "Disabled") == "Disabled" and inputs.get("customDomains", ...) in (
            [],
            None,
        ):
            yield "linkToDefaultDomain", "a route needs a custom domain, or the default domain of its endpoint"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse what is not there, a group without an origin, no name at all, and a path that another route has.

        Raises:
            AzureError: in the words of Front Door (github.com/Azure/bicep-types-az/issues/1923,
                github.com/MicrosoftDocs/azure-docs/issues/76524); a route without a name:
                github.com/hashicorp/terraform-provider-azurerm/issues/18844, the words are ours.
        """
        del previous
        self.subscription.need(record.id.rsplit("/routes/", 1)[0])
        inputs = record.inputs
        for reference in (*domains_of(record), *(r["id"] for r in inputs.get("ruleSets", []))):
            if profile_of(self.subscription.need(reference).id).lower() != profile_of(record.id).lower():
                raise AzureError(400, "BadRequest", f"{reference} belongs to another profile.")
        group = inputs.get("originGroup", {}).get("id", "")
        if self.subscription.get(group) is None or not enabled_origins(self, group):
            raise AzureError(
                400,
                "BadRequest",
                "Please make sure that the originGroup is created successfully and at least one enabled origin is "
                "created under the origin group.",
            )
        if not _addresses(record):
            raise AzureError(400, "BadRequest", "A route needs a custom domain or the default domain of its endpoint.")
        for other in self.subscription.find(self.token):
            if other.id.lower() != record.id.lower() and _requests(other) & _requests(record):
                raise AzureError(
                    409,
                    "Conflict",
                    f'The current route is conflict with the route "{other.name}", please check protocols, domains and '
                    "patterns. The pattern cannot be duplicate or subpath if they have same protocols and domains.",
                )
        record.outputs["deploymentStatus"] = "NotStarted"


class RuleSet(ResourceType):
    """Rules that a route names together."""

    token = "cdn:RuleSet"
    path = PROFILE + "/ruleSets/{ruleSetName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule (Microsoft Learn, "Naming rules and restrictions", Microsoft.Cdn)."""
        return _rule_name(inputs, "ruleSetName")

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a rule set of no profile."""
        del previous
        self.subscription.need(profile_of(record.id))

    async def delete(self, record: Record) -> None:
        """Refuse while a route names it (github.com/hashicorp/terraform-provider-azurerm/issues/20744; words ours)."""
        for route in self.subscription.find("cdn:Route"):
            if record.id.lower() in {used["id"].lower() for used in route.inputs.get("ruleSets", [])}:
                raise AzureError(409, "Conflict", f"The rule set '{record.name}' is still associated with {route.id}.")


class Rule(ResourceType):
    """What is done with some requests of a route."""

    token = "cdn:Rule"
    path = PROFILE + "/ruleSets/{ruleSetName}/rules/{ruleName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, and a rule that does nothing."""
        yield from _rule_name(inputs, "ruleName")
        if inputs.get("actions", ...) in ([], None):
            yield "actions", "a rule needs an action"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a rule of no set, a place in the order that another rule has, and one too many (words ours)."""
        del previous
        rule_set = self.subscription.need(record.id.rsplit("/rules/", 1)[0])
        inside = f"{rule_set.id}/rules/".lower()
        others = [
            r for r in self.subscription.find(self.token) if r.id.lower().startswith(inside) and r.name != record.name
        ]
        order = record.inputs.get("order")
        if any(other.inputs.get("order") == order for other in others):
            raise AzureError(409, "Conflict", f"The order {order} is taken by another rule of the rule set.")
        if len(others) >= _RULES_IN_A_SET:
            raise AzureError(400, "BadRequest", f"A rule set has at most {_RULES_IN_A_SET} rules.")


def _rule_name(inputs: dict[str, Any], key: str) -> Iterator[Problem]:
    return name_problem(inputs, key, r"[A-Za-z][A-Za-z0-9]{0,259}", "1-260 letters and digits, starting with a letter.")


def _addresses(record: Record) -> set[str]:
    """What a route answers under: ids of domains, and of its endpoint if it is linked to it."""
    default = [record.id.rsplit("/routes/", 1)[0]] if record.inputs.get("linkToDefaultDomain") == "Enabled" else []
    return {address.lower() for address in (*domains_of(record), *default)}


def _requests(record: Record) -> set[tuple[str, str, str]]:
    """The addresses, patterns and protocols of a route, each with each."""
    protocols = record.inputs.get("supportedProtocols", ["Http", "Https"])
    patterns = record.inputs.get("patternsToMatch", ["/*"])
    return {(address, path, protocol) for address in _addresses(record) for path in patterns for protocol in protocols}
