"""What the zones of the subscription say of a name, and which domains of Front Door they prove.

On Azure the world's name servers are asked, and only for a zone that the domain above delegates.
"""

from typing import TYPE_CHECKING

from localazure.resource_type import derived_guid
from localazure.store import Record

if TYPE_CHECKING:
    from localazure.azure import Azure


def validation_token(domain_id: str) -> str:
    """What Front Door asks to see in the TXT record `_dnsauth` of a domain."""
    return f"_{derived_guid(domain_id, 'validation').replace('-', '')}"


def leads_to(azure: "Azure", host: str) -> str | None:
    """The host that the CNAME record of `host` leads to, or None."""
    found = (r.inputs.get("cnameRecord", {}).get("cname") for r in _named(azure, host))
    return next((target.rstrip(".").lower() for target in found if target), None)


def settle(azure: "Azure") -> None:
    """Approve every domain of Front Door whose proof is there. One that was approved stays so without it."""
    for domain in azure.find("cdn:AFDCustomDomain"):
        if domain.outputs["domainValidationState"] == "Pending" and is_proved(azure, domain):
            domain.outputs["domainValidationState"] = "Approved"
            azure.store.put(domain)


def is_proved(azure: "Azure", domain: Record) -> bool:
    """Whether the TXT record with the token of a domain is there."""
    records = _named(azure, f"_dnsauth.{domain.inputs['hostName']}")
    texts = [text for record in records for text in record.inputs.get("txtRecords", [])]
    return any("".join(text.get("value", [])) == validation_token(domain.id) for text in texts)


def _named(azure: "Azure", host: str) -> list[Record]:
    return [r for r in azure.find("dns:RecordSet") if r.outputs["fqdn"].rstrip(".").lower() == host.lower()]
