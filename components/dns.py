"""The domain that an environment answers under: a zone of its own, with one name per site.

Each environment owns its zone, so none waits for another. Who owns the domain above delegates to the zone's name
servers once, by hand; until then nothing in the zone is seen from outside. Certificates for every name come from
DigiCert, for Front Door and for Static Web Apps, so the zone lets nobody else issue them (Microsoft, "Domains in Azure
Front Door"). The name of the zone itself is not served: a managed certificate for it renews only by hand (same page).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import pulumi
from pulumi_azure_native import dns
from pydantic import Field

from components.platform import Platform
from components.section import Conflict, Section

CERTIFICATE_NAME_MAX: Final = 64
"""Characters that the name in a managed certificate may have (Microsoft, "Domains in Azure Front Door")."""

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


class Site(StrEnum):
    """What the environment serves to people, by the label that stands before the zone's name."""

    API = "api"
    MCP = "mcp"
    WEB = "www"


class DnsSettings(Section):
    """The environment's own domain."""

    zone: Annotated[str, Field(pattern=rf"^(({_LABEL}\.){{1,4}}[a-z]{{2,24}})?$")]
    """The domain, delegated to this environment from outside; empty when sites keep the names that Azure gives them."""
    ttl_seconds: Annotated[int, Field(ge=60, le=3600)]
    """Seconds that a resolver may keep a record: what a change of address takes to be seen."""
    protect: bool
    """Whether the zone refuses to be deleted by the program: a new one has other name servers."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a zone that leaves no room for a site's name in a certificate."""
        longest = CERTIFICATE_NAME_MAX - max(len(site) for site in Site) - 1
        if len(self.zone) > longest:
            yield "zone", f'"{self.zone}" has {len(self.zone)} characters (allowed {longest}, so that certificates fit)'


@dataclass(frozen=True, kw_only=True)
class DnsArgs:
    """Arguments of `Dns`."""

    platform: Platform
    settings: DnsSettings


class Dns(pulumi.ComponentResource):
    """A signed public zone, or nothing when the environment has no domain."""

    id: pulumi.Output[str] | None
    """Resource id of the zone; None without a domain."""
    name_servers: pulumi.Output[Sequence[str]]
    """What the domain above has to delegate to; empty without a domain."""

    def __init__(self, name: str, args: DnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Dns", name, None, opts)
        self._name = name
        self._args = args
        self._zone = self._make_zone() if args.settings.zone else None
        if self._zone:
            self._sign(self._zone)
            self._record("@", "CAA", caa_records=[dns.CaaRecordArgs(flags=0, tag="issue", value="digicert.com")])
        self.id = self._zone and self._zone.id
        self.name_servers = self._zone.name_servers if self._zone else pulumi.Output.from_input(())
        self.register_outputs({"name_servers": self.name_servers})

    def host(self, site: Site) -> str | None:
        """Return the name that a site answers under, or None without a domain."""
        return f"{site}.{self._args.settings.zone}" if self._zone else None

    def point(self, site: Site, target: pulumi.Input[str], *, after: Sequence[pulumi.Resource] = ()) -> dns.RecordSet:
        """Let the name of a site lead to `target`, a host name, once `after` exists.

        A record that is deleted goes before `after` does: Azure keeps what a name still leads to.
        """
        return self._record(site, "CNAME", after=after, cname_record=dns.CnameRecordArgs(cname=target))

    def prove(self, site: Site, token: pulumi.Input[str]) -> dns.RecordSet:
        """Show Front Door that the name of a site is ours, by the token that it asks for."""
        return self._record(f"_dnsauth.{site}", "TXT", txt_records=[dns.TxtRecordArgs(value=[token])])

    def _make_zone(self) -> dns.Zone:
        platform = self._args.platform
        return dns.Zone(
            self._name,
            zone_name=self._args.settings.zone,
            resource_group_name=platform.resource_group_name,
            location="global",
            tags=platform.tags(self._name),
            # The new zone comes first: what still leads to the old one is moved, then the old one goes.
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.settings.protect, delete_before_replace=False),
        )

    def _sign(self, zone: dns.Zone) -> None:
        dns.DnssecConfig(
            f"{self._name}-signing",
            zone_name=zone.name,
            resource_group_name=self._args.platform.resource_group_name,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )

    def _record(
        self,
        label: str,
        kind: str,
        *,
        after: Sequence[pulumi.Resource] = (),
        cname_record: dns.CnameRecordArgs | None = None,
        txt_records: Sequence[dns.TxtRecordArgs] | None = None,
        caa_records: Sequence[dns.CaaRecordArgs] | None = None,
    ) -> dns.RecordSet:
        if self._zone is None:
            raise ValueError(f"a {kind} record for {label} needs a zone, and the stack file names none (dns.zone)")
        return dns.RecordSet(
            f"{self._name}-{kind.lower()}-{label}",
            relative_record_set_name=label,
            record_type=kind,
            zone_name=self._zone.name,
            resource_group_name=self._args.platform.resource_group_name,
            ttl=self._args.settings.ttl_seconds,
            cname_record=cname_record,
            txt_records=txt_records,
            caa_records=caa_records,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after, delete_before_replace=False),
        )
