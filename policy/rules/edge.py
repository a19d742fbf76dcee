"""Front Door and its firewall."""

from typing import Final

from policy.checks import all_of, beside, expect, items_at, known, matches, on, refers_to, where
from policy.registration import Inputs, registered
from policy.rule import AnyRule, InputCheck, ResourceRule, TapeRule

PROFILE, FIREWALL, SECURITY = "cdn:Profile", "frontdoor:Policy", "cdn:SecurityPolicy"
ORIGINS, ORIGIN, ROUTE, DOMAIN = "cdn:AFDOriginGroup", "cdn:AFDOrigin", "cdn:Route", "cdn:AFDCustomDomain"
PREMIUM = "Premium_AzureFrontDoor"
RULE_SETS: Final = {"Microsoft_DefaultRuleSet": 2.0, "Microsoft_BotManagerRuleSet": 1.0}
"""Managed rule sets and their least versions."""
SETS = "managedRules.managedRuleSets"


def _rule_sets(inputs: Inputs) -> str | None:
    declared = {item.get("ruleSetType"): float(item.get("ruleSetVersion") or 0) for item in items_at(inputs, SETS)}
    missing = [f"{name} {least}" for name, least in RULE_SETS.items() if declared.get(name, 0) < least]
    return f"there is no {' and no '.join(missing)}" if missing else None


def _rate_limited(inputs: Inputs) -> str | None:
    kinds = [rule.get("ruleType") for rule in items_at(inputs, "customRules.rules")]
    return None if "RateLimitRule" in kinds else "no custom rule limits the rate"


def _exclusions(inputs: Inputs) -> str | None:
    whole = [str(item.get("ruleSetType")) for item in items_at(inputs, SETS) if item.get("exclusions")]
    return f"exclusions hold for the whole of {', '.join(whole)}" if whole else None


def _probe(check: InputCheck) -> InputCheck:
    """A check of origin groups that probe; with one origin a group need not."""
    return lambda inputs: check(inputs) if inputs.get("healthProbeSettings") else None


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="edge-not-classic",
        title="The edge is Front Door Standard or Premium",
        reason="Classic Front Door and classic CDN are retired.",
        source="PSRule Azure.CDN.UseFrontDoor; APRL Front Door: not classic; checkov CKV_AZURE_121 intent",
        fix="Set sku.name to Standard_AzureFrontDoor or Premium_AzureFrontDoor.",
        types=(PROFILE,),
        check=expect("sku.name", "Standard_AzureFrontDoor", PREMIUM),
        passes={"sku": {"name": PREMIUM}},
        violates={"sku": {"name": "Standard_Microsoft"}},
    ),
    ResourceRule(
        id="firewall-enabled",
        title="The firewall is on",
        reason="A policy that is off looks like protection.",
        source="PSRule Azure.FrontDoorWAF.Enabled; checkov CKV_AZURE_123",
        fix="Set policySettings.enabledState to Enabled.",
        types=(FIREWALL,),
        check=expect("policySettings.enabledState", "Enabled"),
        passes={"policySettings": {"enabledState": "Enabled"}},
        violates={"policySettings": {"enabledState": "Disabled"}},
    ),
    ResourceRule(
        id="firewall-prevents",
        title="The firewall prevents and does not only watch",
        reason="An attack would be in the log and in the database.",
        source="PSRule Azure.FrontDoorWAF.PreventionMode",
        fix="Set policySettings.mode to Prevention.",
        types=(FIREWALL,),
        check=expect("policySettings.mode", "Prevention"),
        passes={"policySettings": {"mode": "Prevention"}},
        violates={"policySettings": {"mode": "Detection"}},
    ),
    ResourceRule(
        id="firewall-rule-sets",
        title="A Premium firewall has the managed rule sets",
        reason="Rules of one's own know yesterday's attacks.",
        source="PSRule Azure.FrontDoorWAF.RuleGroups; checkov CKV_AZURE_133",
        fix="Add Microsoft_DefaultRuleSet 2.0 or later and Microsoft_BotManagerRuleSet 1.0 or later.",
        types=(FIREWALL,),
        check=where("sku.name", PREMIUM, known(SETS, check=_rule_sets)),
        passes={
            "sku": {"name": PREMIUM},
            "managedRules": {
                "managedRuleSets": [
                    {"ruleSetType": "Microsoft_DefaultRuleSet", "ruleSetVersion": "2.1"},
                    {"ruleSetType": "Microsoft_BotManagerRuleSet", "ruleSetVersion": "1.1"},
                ]
            },
        },
        violates={
            "sku": {"name": PREMIUM},
            "managedRules": {"managedRuleSets": [{"ruleSetType": "Microsoft_DefaultRuleSet", "ruleSetVersion": "1.1"}]},
        },
    ),
    ResourceRule(
        id="firewall-no-wide-exclusions",
        title="Exclusions of the firewall name a group of rules",
        reason="A field that no rule looks at is the attacker's way in.",
        source="PSRule Azure.FrontDoorWAF.Exclusions",
        fix="Move the exclusion into a rule group override.",
        types=(FIREWALL,),
        check=_exclusions,
        passes={
            "managedRules": {"managedRuleSets": [{"ruleSetType": "Microsoft_DefaultRuleSet", "ruleSetVersion": "2.1"}]}
        },
        violates={
            "managedRules": {
                "managedRuleSets": [
                    {
                        "ruleSetType": "Microsoft_DefaultRuleSet",
                        "ruleSetVersion": "2.1",
                        "exclusions": [
                            {
                                "matchVariable": "RequestBodyJsonArgNames",
                                "selectorMatchOperator": "EqualsAny",
                                "selector": "*",
                            }
                        ],
                    }
                ]
            }
        },
    ),
    ResourceRule(
        id="firewall-rate-limit",
        title="The firewall limits how often an address may ask",
        reason="One client could use up the product and its budget for language models.",
        source="Microsoft, Azure Web Application Firewall: rate limiting; own",
        fix="Add a custom rule of the type RateLimitRule.",
        types=(FIREWALL,),
        check=known("customRules.rules", check=_rate_limited),
        passes={
            "customRules": {
                "rules": [{"ruleType": "RateLimitRule", "action": "Block", "matchConditions": [], "priority": 1}]
            }
        },
        violates={"customRules": {"rules": []}},
    ),
    ResourceRule(
        id="origins-probe-path",
        title="A probe asks for a path of its own",
        reason="The root path says nothing of what works, or is dear to answer.",
        source="PSRule Azure.FrontDoor.ProbePath",
        fix="Set healthProbeSettings.probePath to the health path.",
        types=(ORIGINS,),
        check=_probe(matches("healthProbeSettings.probePath", r"/.+", "a path other than /")),
        passes={"healthProbeSettings": {"probePath": "/health"}},
        violates={"healthProbeSettings": {"probePath": "/"}},
    ),
    ResourceRule(
        id="origins-probe-head",
        title="A probe asks by HEAD over HTTPS",
        reason="Each of Front Door's places asks: bodies that nobody reads are paid for.",
        source="PSRule Azure.FrontDoor.ProbeMethod; APRL Front Door: HEAD probes",
        fix="Set healthProbeSettings.probeRequestType to HEAD and probeProtocol to Https.",
        types=(ORIGINS,),
        check=_probe(
            all_of(
                expect("healthProbeSettings.probeRequestType", "HEAD"),
                expect("healthProbeSettings.probeProtocol", "Https"),
            )
        ),
        passes={"healthProbeSettings": {"probeRequestType": "HEAD", "probeProtocol": "Https"}},
        violates={"healthProbeSettings": {"probeRequestType": "GET", "probeProtocol": "Https"}},
    ),
    ResourceRule(
        id="origin-certificate",
        title="Front Door checks the certificate of an origin",
        reason="It would hand requests with their tokens to whoever answers.",
        source="APRL Front Door; own",
        fix="Set enforceCertificateNameCheck to true.",
        types=(ORIGIN,),
        check=on("enforceCertificateNameCheck"),
        passes={"enforceCertificateNameCheck": True},
        violates={"enforceCertificateNameCheck": False},
    ),
    ResourceRule(
        id="route-https",
        title="A route sends visitors and requests to HTTPS",
        reason="Tokens would cross the network in clear.",
        source="checkov CKV_AZURE_197, 200 intents",
        fix="Set httpsRedirect to Enabled and forwardingProtocol to HttpsOnly.",
        types=(ROUTE,),
        check=all_of(expect("httpsRedirect", "Enabled"), expect("forwardingProtocol", "HttpsOnly")),
        passes={"httpsRedirect": "Enabled", "forwardingProtocol": "HttpsOnly"},
        violates={"httpsRedirect": "Enabled", "forwardingProtocol": "MatchRequest"},
    ),
    ResourceRule(
        id="domain-tls-version",
        title="A custom domain speaks TLS 1.2 or later",
        reason="Older versions are broken.",
        source="checkov CKV_AZURE_198 intent",
        fix="Set tlsSettings.minimumTlsVersion to TLS12.",
        types=(DOMAIN,),
        check=expect("tlsSettings.minimumTlsVersion", "TLS12", "TLS13"),
        passes={"tlsSettings": {"minimumTlsVersion": "TLS12", "certificateType": "ManagedCertificate"}},
        violates={"tlsSettings": {"minimumTlsVersion": "TLS10", "certificateType": "ManagedCertificate"}},
    ),
    TapeRule(
        id="edge-guarded",
        title="A firewall stands before Front Door",
        reason="A policy that is attached to nothing protects nothing.",
        source="PSRule Azure.FrontDoor.UseWAF; APRL Front Door: WAF",
        fix="Add a security policy of the profile.",
        types=(PROFILE,),
        check=beside(
            (SECURITY,),
            refers_to("profileName"),
            "no security policy belongs to it",
        ),
        passes=(registered(PROFILE, {"profileName": "afd"}), registered(SECURITY, {"profileName": "afd"})),
        violates=(registered(PROFILE, {"profileName": "afd"}),),
    ),
    TapeRule(
        id="firewall-attached",
        title="A firewall is attached to Front Door",
        reason="A policy that is attached to nothing protects nothing.",
        source="PSRule Azure.FrontDoor.UseWAF",
        fix="Name it in a security policy.",
        types=(FIREWALL,),
        check=beside((SECURITY,), refers_to("parameters.wafPolicy.id"), "no security policy names it"),
        passes=(
            registered(FIREWALL, {"policyName": "waf"}),
            registered(SECURITY, {"parameters": {"type": "WebApplicationFirewall", "wafPolicy": {"id": "/p/waf"}}}),
        ),
        violates=(registered(FIREWALL, {"policyName": "waf"}),),
    ),
)
