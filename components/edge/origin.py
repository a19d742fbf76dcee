"""What Front Door leads to: the host that serves one site, and whether it works.

A group of one has nothing to fail over to; its probe tells people, by the door's metrics, whether the origin answered.
"""

import pulumi
from pulumi_azure_native import cdn

from components.dns import Site
from components.platform import Platform

PROBE_INTERVAL_S = 100
"""Every place of Front Door asks on its own, so origins hear of it much more often."""


def origin(
    name: str,
    *,
    site: Site,
    host: pulumi.Input[str],
    probe_path: str,
    platform: Platform,
    profile_name: pulumi.Input[str],
    parent: pulumi.Resource,
) -> tuple[cdn.AFDOriginGroup, cdn.AFDOrigin]:
    """Make the origin group of a site and its one origin, which answers HTTPS under a certificate for `host`."""
    opts = pulumi.ResourceOptions(parent=parent, delete_before_replace=True)
    group = cdn.AFDOriginGroup(
        f"{name}-origins",
        origin_group_name=str(site),
        profile_name=profile_name,
        resource_group_name=platform.resource_group_name,
        load_balancing_settings=cdn.LoadBalancingSettingsParametersArgs(
            sample_size=4, successful_samples_required=3, additional_latency_in_milliseconds=50
        ),
        health_probe_settings=cdn.HealthProbeParametersArgs(
            probe_path=probe_path,
            probe_protocol=cdn.ProbeProtocol.HTTPS,
            probe_request_type=cdn.HealthProbeRequestType.HEAD,
            probe_interval_in_seconds=PROBE_INTERVAL_S,
        ),
        session_affinity_state=cdn.EnabledState.DISABLED,
        opts=opts,
    )
    member = cdn.AFDOrigin(
        f"{name}-origin",
        origin_name=str(site),
        origin_group_name=group.name,
        profile_name=profile_name,
        resource_group_name=platform.resource_group_name,
        host_name=host,
        origin_host_header=host,
        https_port=443,
        enforce_certificate_name_check=True,
        enabled_state=cdn.EnabledState.ENABLED,
        opts=opts,
    )
    return group, member
