"""What holds of everything: tags, regions, names of groups, and what must not be lost."""

from typing import Final

from policy.checks import expect, matches, refers_to, value_at
from policy.registration import Inputs, Registration, Tape, registered
from policy.rule import AnyRule, ResourceRule, TapeRule

TAGS: Final = ("application", "component", "cost-center", "data-classification", "environment", "managed-by", "owner")
TAGGED: Final = (
    "resources:ResourceGroup",
    "app:ContainerApp",
    "app:Job",
    "app:ManagedEnvironment",
    "applicationinsights:Component",
    "applicationinsights:WebTest",
    "applicationinsights:Workbook",
    "cdn:AFDEndpoint",
    "cdn:Profile",
    "containerregistry:Registry",
    "dbforpostgresql:Server",
    "dns:Zone",
    "frontdoor:Policy",
    "keyvault:Key",
    "keyvault:Secret",
    "keyvault:Vault",
    "managedidentity:UserAssignedIdentity",
    "monitor:ActionGroup",
    "monitor:ActivityLogAlert",
    "monitor:MetricAlert",
    "monitor:ScheduledQueryRule",
    "network:NetworkSecurityGroup",
    "network:PrivateEndpoint",
    "network:VirtualNetwork",
    "operationalinsights:Workspace",
    "privatedns:PrivateZone",
    "redisenterprise:RedisEnterprise",
    "servicebus:Namespace",
    "storage:StorageAccount",
    "web:StaticSite",
)
"""Types that Azure lets one tag, of those that are billed or looked for."""
REGIONS: Final = ("swedencentral", "northeurope", "westeurope", "germanywestcentral", "francecentral", "global", None)
"""Where personal data may be; a resource without a location is in the region of the stack."""
STATEFUL: Final = (
    "keyvault:Vault",
    "containerregistry:Registry",
    "dbforpostgresql:Database",
    "dbforpostgresql:Server",
    "dns:Zone",
    "operationalinsights:Workspace",
    "redisenterprise:RedisEnterprise",
    "servicebus:Namespace",
    "storage:StorageAccount",
)
"""What nobody can make again: data, keys, logs, images, messages, a delegated zone."""
LOCKED: Final = ("keyvault:Vault", "dbforpostgresql:Server", "storage:StorageAccount")
LOCK = "authorization:ManagementLockByScope"
_ALL_TAGS = dict.fromkeys(TAGS, "a")


def _tagged(inputs: Inputs) -> str | None:
    missing = [tag for tag in TAGS if not value_at(inputs, f"tags.{tag}")]
    return f"there is no tag {', '.join(missing)}" if missing else None


def _protected_alike(registration: Registration, tape: Tape) -> str | None:
    protected = sorted(other.name for other in tape.of(*STATEFUL) if other.protect)
    alone = protected and not registration.protect
    return f"it is not protected, although {', '.join(protected)} are" if alone else None


def _locked_alike(registration: Registration, tape: Tape) -> str | None:
    locks = list(tape.of(LOCK))
    locked = any(refers_to("scope")(registration, lock) for lock in locks)
    return "there is no lock on it, although others have one" if locks and not locked else None


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="tags",
        title="Everything says what it is, whose it is and who pays",
        reason="Nobody dares to delete it, and nobody knows who to ask.",
        source="PSRule Azure.Resource.RequiredTags, Azure.Group.RequiredTags",
        fix="Set tags to platform.tags(name).",
        types=TAGGED,
        check=_tagged,
        passes={"tags": _ALL_TAGS},
        violates={"tags": {**_ALL_TAGS, "owner": ""}},
    ),
    ResourceRule(
        id="region-in-europe",
        title="Everything is in the European Union",
        reason="Personal data must not leave it without a contract.",
        source="PSRule Azure.Resource.AllowedRegions; GDPR article 44",
        fix="Choose one of the allowed regions.",
        types=("*",),
        check=expect("location", *REGIONS),
        passes={"location": "swedencentral"},
        violates={"location": "eastus"},
    ),
    ResourceRule(
        id="group-name",
        title="A resource group is named after product and environment",
        reason="A bill or an incident names the group, and nothing else.",
        source="PSRule Azure.Group.Naming",
        fix="Name it rg-product-environment.",
        types=("resources:ResourceGroup",),
        check=matches("resourceGroupName", r"rg(-[a-z0-9]+){2,}", "rg-product-environment"),
        passes={"resourceGroupName": "rg-dme-prod"},
        violates={"resourceGroupName": "production"},
    ),
    ResourceRule(
        id="lock-keeps",
        title="A lock refuses deletion and nothing else",
        reason="A read-only lock also stops scaling, backups and the listing of keys.",
        source="Microsoft, Lock your resources: considerations",
        fix="Set level to CanNotDelete and say in notes how to take it off.",
        types=(LOCK,),
        check=expect("level", "CanNotDelete"),
        passes={"level": "CanNotDelete"},
        violates={"level": "ReadOnly"},
    ),
    TapeRule(
        id="stateful-protected",
        title="Where the stack protects what holds data, it protects all of it",
        reason="The one that was forgotten is the one that is replaced.",
        source="own; Pulumi, protect",
        fix="Take protect from the settings of the component, as the others do.",
        types=STATEFUL,
        check=_protected_alike,
        passes=(registered(STATEFUL[0], {}, protect=True), registered(STATEFUL[3], {}, protect=True)),
        violates=(registered(STATEFUL[0], {}, protect=True), registered(STATEFUL[3], {})),
    ),
    TapeRule(
        id="stateful-locked",
        title="Where the stack locks anything, it locks vault, database and storage",
        reason="A person in the portal knows nothing of Pulumi's protection.",
        source="Microsoft, Lock your resources; own",
        fix="Name it in the arguments of Protection.",
        types=LOCKED,
        check=_locked_alike,
        passes=(registered(LOCKED[0], {"vaultName": "kv"}), registered(LOCK, {"scope": "/vaults/kv"})),
        violates=(registered(LOCKED[0], {"vaultName": "kv"}), registered(LOCK, {"scope": "/servers/psql"})),
    ),
)
