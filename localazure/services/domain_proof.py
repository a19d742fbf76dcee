"""What the zones of the subscription say of a name, and which domains of Front Door they prove.

On Azure the world's name servers are asked, and only for a zone that the domain above delegates.
"""

from localazure.derived_guid import derived_guid
from localazure.store import Record
from localazure.subscription import Subscription


def validation_token(domain_id: str) -> str:
    """What Front Door asks to see in the TXT record `_dnsauth` of a domain."""
    return f"_{derived_guid(domain_id, 'validation').replace('-', '')}"


def leads_to(subscription: Subscription, host: str) -> str | None:
    """The host that the CNAME record of `host` leads to, or None."""
    found = (r.inputs.get("cnameRecord", {}).get("cname") for r in _named(subscription, host))
    return next((target.rstrip(".").lower() for target in found if target), None)


def settle(subscription: Subscription) -> None:
    """Approve every domain of Front Door whose proof is there. One that was approved stays so without it."""
    for domain in subscription.find("cdn:AFDCustomDomain"):
        if domain.outputs["domainValidationState"] == "Pending" and is_proved(subscription, domain):
            domain.outputs["domainValidationState"] = "Approved"
            subscription.store.put(domain)


def is_proved(subscription: Subscription, domain: Record) -> bool:
    """Whether the TXT record with the token of a domain is there."""
    records = _named(subscription, f"_dnsauth.{domain.inputs['hostName']}")
    texts = [text for record in records for text in record.inputs.get("txtRecords", [])]
    return any("".join(text.get("value", [])) == validation_token(domain.id) for text in texts)


def _named(subscription: Subscription, host: str) -> list[Record]:
    return [r for r in subscription.find("dns:RecordSet") if r.outputs["fqdn"].rstrip(".").lower() == host.lower()]
