"""Whether an address answers, asked from five places of the world, certificate included.

Only standard tests: classic ping tests are retired. A test belongs to its Application Insights component by a tag
whose key is the component's id; Azure refuses a test without it (github.com/microsoft/mcp/issues/858).
"""

from typing import Final

import pulumi
from pulumi_azure_native import applicationinsights, monitor

from components import names
from components.alerting.alert_resources import Place
from components.alerting.alert_rule import Runbook, Severity

PLACES: Final = ("emea-nl-ams-azr", "emea-gb-db3-azr", "emea-fr-pra-edge", "us-va-ash-azr", "apac-sg-sin-azr")
"""West Europe, North Europe, France Central, East US, Southeast Asia (Microsoft, "Application Insights availability
tests", population names)."""
FAILED_PLACES: Final = 2
"""Fewer is a place with trouble of its own."""
CERTIFICATE_DAYS: Final = 14
"""A certificate that ends sooner fails the test: managed ones are renewed long before."""

_CRITERIA: Final = "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria"


def availability_alert(
    place: Place, *, endpoint: str, url: pulumi.Input[str], insights_id: pulumi.Output[str]
) -> monitor.MetricAlert:
    """Ask `url` every five minutes from each place, and tell when it fails from two.

    Args:
        place: Where the test and its rule are made; it is on even where other rules are off.
        endpoint: What the program calls the address.
        url: What must answer 200.
        insights_id: The component that keeps the results.
    """
    test = _test(place, endpoint, url, insights_id)
    return monitor.MetricAlert(
        f"{place.name}-{endpoint}-availability",
        rule_name=names.alert_rule(place.platform.environment, f"{endpoint}-availability"),
        resource_group_name=place.platform.resource_group_name,
        location="global",
        description=f"The {endpoint} does not answer {FAILED_PLACES} of {len(PLACES)} places. "
        f"Read {Runbook.AVAILABILITY}.",
        severity=Severity.CRITICAL,
        enabled=True,
        scopes=[test.id, insights_id],
        evaluation_frequency="PT5M",
        window_size="PT5M",
        auto_mitigate=True,
        criteria=monitor.WebtestLocationAvailabilityCriteriaArgs(
            odata_type=_CRITERIA,
            web_test_id=test.id,
            component_id=insights_id,
            failed_location_count=FAILED_PLACES,
        ),
        actions=[monitor.MetricAlertActionArgs(action_group_id=place.groups.of(Severity.CRITICAL))],
        tags=place.platform.tags(place.name),
        opts=place.opts,
    )


def _test(
    place: Place, endpoint: str, url: pulumi.Input[str], insights_id: pulumi.Output[str]
) -> applicationinsights.WebTest:
    name = names.availability_test(place.platform.environment, endpoint)
    tags = place.platform.tags(place.name)
    return applicationinsights.WebTest(
        f"{place.name}-{endpoint}-test",
        web_test_name=name,
        synthetic_monitor_id=name,
        resource_group_name=place.platform.resource_group_name,
        kind=applicationinsights.WebTestKind.STANDARD,
        web_test_kind=applicationinsights.WebTestKind.STANDARD,
        locations=[applicationinsights.WebTestGeolocationArgs(location=location) for location in PLACES],
        enabled=True,
        frequency=300,
        timeout=30,
        retry_enabled=True,
        request=applicationinsights.WebTestPropertiesRequestArgs(
            request_url=url, http_verb="GET", follow_redirects=False, parse_dependent_requests=False
        ),
        validation_rules=applicationinsights.WebTestPropertiesValidationRulesArgs(
            expected_http_status_code=200, s_sl_check=True, s_sl_cert_remaining_lifetime_check=CERTIFICATE_DAYS
        ),
        tags=insights_id.apply(lambda insights: {**tags, f"hidden-link:{insights}": "Resource"}),
        opts=place.opts,
    )
