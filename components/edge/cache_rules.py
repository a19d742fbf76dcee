"""What Front Door keeps of static content. Nothing else is ever cached: answers of the API belong to one person.

A page is kept as long as its origin says. Files that carry their own kind in their name are also kept when the origin
says nothing.
"""

from typing import Final

import pulumi
from pulumi_azure_native import cdn

from components.platform import Platform

KEPT_FOR: Final = "1.00:00:00"
"""One day, as days.hours:minutes:seconds."""

FILES: Final = ("css", "ico", "js", "png", "svg", "webp", "woff2")
"""Extensions of files that a build names by their content."""

COMPRESSED: Final = ("application/javascript", "application/json", "image/svg+xml", "text/css", "text/html")
"""Types that are smaller on the wire."""


def pages() -> cdn.AfdRouteCacheConfigurationArgs:
    """Return how a route keeps static content: one copy whatever the query, as long as the origin says."""
    return cdn.AfdRouteCacheConfigurationArgs(
        query_string_caching_behavior=cdn.AfdQueryStringCachingBehavior.IGNORE_QUERY_STRING,
        compression_settings=cdn.CompressionSettingsArgs(
            is_compression_enabled=True, content_types_to_compress=COMPRESSED
        ),
    )


def files(
    name: str, *, platform: Platform, profile_name: pulumi.Input[str], parent: pulumi.Resource
) -> tuple[cdn.RuleSet, cdn.Rule]:
    """Make the rule that keeps files without a word of their origin, in a rule set for a route to name."""
    opts = pulumi.ResourceOptions(parent=parent, delete_before_replace=True)
    rule_set = cdn.RuleSet(
        name,
        rule_set_name="static",
        profile_name=profile_name,
        resource_group_name=platform.resource_group_name,
        opts=opts,
    )
    rule = cdn.Rule(
        f"{name}-files",
        rule_name="files",
        rule_set_name=rule_set.name,
        profile_name=profile_name,
        resource_group_name=platform.resource_group_name,
        order=1,
        conditions=[_is_file()],
        actions=[_keep()],
        match_processing_behavior=cdn.MatchProcessingBehavior.CONTINUE_,
        opts=opts,
    )
    return rule_set, rule


def _is_file() -> cdn.DeliveryRuleUrlFileExtensionConditionArgs:
    return cdn.DeliveryRuleUrlFileExtensionConditionArgs(
        name="UrlFileExtension",
        parameters=cdn.UrlFileExtensionMatchConditionParametersArgs(
            type_name="DeliveryRuleUrlFileExtensionMatchConditionParameters",
            operator=cdn.UrlFileExtensionOperator.EQUAL,
            match_values=FILES,
            transforms=[cdn.Transform.LOWERCASE],
        ),
    )


def _keep() -> cdn.DeliveryRuleRouteConfigurationOverrideActionArgs:
    return cdn.DeliveryRuleRouteConfigurationOverrideActionArgs(
        name="RouteConfigurationOverride",
        parameters=cdn.RouteConfigurationOverrideActionParametersArgs(
            type_name="DeliveryRuleRouteConfigurationOverrideActionParameters",
            cache_configuration=cdn.CacheConfigurationArgs(
                cache_behavior=cdn.RuleCacheBehavior.OVERRIDE_IF_ORIGIN_MISSING,
                cache_duration=KEPT_FOR,
                is_compression_enabled=cdn.RuleIsCompressionEnabled.ENABLED,
                query_string_caching_behavior=cdn.RuleQueryStringCachingBehavior.IGNORE_QUERY_STRING,
            ),
        ),
    )
