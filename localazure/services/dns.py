"""Microsoft.Network/dnsZones: public zones and their records. Nothing is resolved; other services ask what is there."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from localazure.derived_guid import derived_guid
from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.services.domain_proof import settle
from localazure.services.location import location_problem
from localazure.store import Record
from localazure.subscription import Subscription
from localazure.validation import Problem

_ZONE = RESOURCE_GROUP + "/providers/Microsoft.Network/dnsZones/{zoneName}"
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_VALUES: Final[Mapping[str, str]] = {
    "A": "aRecords",
    "AAAA": "aaaaRecords",
    "CAA": "caaRecords",
    "CNAME": "cnameRecord",
    "MX": "mxRecords",
    "NS": "nsRecords",
    "PTR": "ptrRecords",
    "SRV": "srvRecords",
    "TXT": "txtRecords",
}
"""Where the values of each record type stand."""


class Zone(ResourceType):
    """A public DNS zone."""

    token = "dns:Zone"
    path = _ZONE

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, the only location, and zones of the older private kind.

        Microsoft Learn, "Naming rules and restrictions", Microsoft.Network: 2 to 34 labels of 1 to 63 characters. A
        private zone is a `privatedns:PrivateZone`.
        """
        yield from name_problem(
            inputs,
            "zoneName",
            rf"(?i){_LABEL}(\.{_LABEL}){{1,33}}",
            "2 to 34 labels, each of 1 to 63 letters, digits, underscores and hyphens, separated by periods.",
        )
        yield from location_problem(inputs, "Microsoft.Network/dnszones", ["global"])
        if inputs.get("zoneType") == "Private":
            yield "zoneType", "'Private' is not imitated: declare a privatedns:PrivateZone"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Hand out four name servers."""
        del previous
        number = int(derived_guid(record.id)[:2], 16) % 9 + 1
        ends = ("com", "net", "org", "info")
        record.outputs["nameServers"] = [f"ns{i}-0{number}.azure-dns.{end}." for i, end in enumerate(ends, 1)]


class RecordSet(ResourceType):
    """The records of one type under one name."""

    token = "dns:RecordSet"
    path = _ZONE + "/{recordType}/{relativeRecordSetName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, a type that is none, values of another type, no time to live, a CNAME for the zone itself.

        Microsoft Learn, "Overview of DNS zones and records": CNAME record sets cannot be at the zone apex.
        """
        yield from name_problem(
            inputs,
            "relativeRecordSetName",
            rf"(?i)@|(\*|{_LABEL})(\.{_LABEL})*",
            "@, or labels of 1-63 letters, digits, underscores and hyphens, separated by periods; * may be the first.",
        )
        kind = str(inputs.get("recordType", "")).upper()
        if kind not in _VALUES:
            yield "recordType", f"'{inputs.get('recordType')}' is not a record type. Allowed: {', '.join(_VALUES)}"
            return
        for other in sorted({*_VALUES.values()} - {_VALUES[kind]} & inputs.keys()):
            if inputs.get(other):
                yield other, f"'{other}' is not a property of a record set of type {kind}: use '{_VALUES[kind]}'"
        is_alias = bool(inputs.get("targetResource"))
        if not is_alias and not 1 <= inputs.get("ttl", 0) <= 2**31 - 1:
            yield "ttl", f"'{inputs.get('ttl')}' is not a time to live in seconds: 1 to 2147483647"
        if kind == "CNAME" and inputs.get("relativeRecordSetName") == "@":
            yield "relativeRecordSetName", "A CNAME record set cannot be created at the zone apex '@'."

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a name that is a CNAME and something else, and a CNAME that leads to no name.

        Raises:
            AzureError: in the words of Azure DNS (github.com/rcl-letsencrypt-auto-ssl/Lets-Encrypt-Auto/issues/26,
                github.com/kubernetes-sigs/external-dns/issues/4855 and 5358).
        """
        del previous
        zone_id = record.id.rsplit("/", 2)[0]
        zone = self.subscription.need(zone_id)
        kind = record.inputs["recordType"].upper()
        others = [r for r in _records(self.subscription, zone_id, record.name) if r.id.lower() != record.id.lower()]
        if kind == "CNAME" and others:
            raise AzureError(
                409,
                "Conflict",
                "The CNAME record could not be created because another record with the same name already exists in "
                "this zone.",
            )
        if any(other.inputs["recordType"].upper() == "CNAME" for other in others):
            raise AzureError(
                409,
                "CannotCreateRecordDueToCNameNamingRestriction",
                f"The record could not be created because a CNAME record with the name '{record.name}' already "
                "exists in this zone.",
            )
        target = record.inputs.get("cnameRecord", {}).get("cname")
        if target is not None and not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?", target):
            raise AzureError(400, "BadRequest", f"The domain name '{target}' is invalid.")
        record.outputs["fqdn"] = f"{zone.name}." if record.name == "@" else f"{record.name}.{zone.name}."

    async def provision(self, record: Record, previous: Record | None) -> None:
        """Let Front Door look at its domains again: the record may be the proof of one."""
        del record, previous
        settle(self.subscription)


class DnssecConfig(ResourceType):
    """The signature of a zone. Only the request for it: no key is made."""

    token = "dns:DnssecConfig"
    path = _ZONE + "/dnssecConfigs/default"
    force_new = frozenset[str]()

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse to sign a zone that is not there."""
        del previous
        self.subscription.need(record.id.rsplit("/", 2)[0])


def _records(subscription: Subscription, zone_id: str, name: str) -> Iterator[Record]:
    inside = f"{zone_id}/".lower()
    for record in subscription.find("dns:RecordSet"):
        if record.id.lower().startswith(inside) and record.name.lower() == name.lower():
            yield record
