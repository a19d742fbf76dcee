"""Key vaults and their secrets."""

from app.contract import PLACEHOLDER_SECRET
from policy.checks import all_of, between, expect, given, matches, not_on, on, value_at
from policy.registration import Inputs, Registration, Tape, registered
from policy.rule import AnyRule, ResourceRule, TapeRule

VAULT, SECRET = "keyvault:Vault", "keyvault:Secret"


def _closed(inputs: Inputs) -> str | None:
    if value_at(inputs, "properties.networkAcls.defaultAction") == "Deny":
        return None
    return expect("properties.publicNetworkAccess", "disabled")(inputs)


def _written_once(secret: Registration, tape: Tape) -> str | None:
    del tape
    return None if "properties" in secret.ignore_changes else f"ignoreChanges is {list(secret.ignore_changes)}"


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="vault-roles",
        title="Access to a vault is given by roles",
        reason="Access policies hold for the whole vault and are seen in no list of role assignments.",
        source="PSRule Azure.KeyVault.RBAC",
        fix="Set properties.enableRbacAuthorization to true.",
        types=(VAULT,),
        check=on("properties.enableRbacAuthorization"),
        passes={"properties": {"enableRbacAuthorization": True}},
        violates={"properties": {"enableRbacAuthorization": False}},
    ),
    ResourceRule(
        id="vault-no-access-policies",
        title="A vault has no access policies",
        reason="They come back into force on the day somebody turns roles off.",
        source="PSRule Azure.KeyVault.AccessPolicy",
        fix="Remove properties.accessPolicies and assign roles.",
        types=(VAULT,),
        check=expect("properties.accessPolicies", None, []),
        passes={"properties": {"accessPolicies": []}},
        violates={"properties": {"accessPolicies": [{"objectId": "o", "tenantId": "t", "permissions": {}}]}},
    ),
    ResourceRule(
        id="vault-purge-protection",
        title="Nobody can purge a deleted vault",
        reason="One command would destroy every key for ever.",
        source="PSRule Azure.KeyVault.PurgeProtect; checkov CKV_AZURE_42, 110; APRL key vault: purge protection",
        fix="Set properties.enablePurgeProtection to true; it cannot be turned off again.",
        types=(VAULT,),
        check=on("properties.enablePurgeProtection"),
        passes={"properties": {"enablePurgeProtection": True}},
        violates={"properties": {"enableSoftDelete": True}},
    ),
    ResourceRule(
        id="vault-soft-delete",
        title="A deleted vault can be recovered for at least a week",
        reason="A mistake would be found after the keys are gone.",
        source="PSRule Azure.KeyVault.SoftDelete; checkov CKV_AZURE_111; APRL key vault: soft delete",
        fix="Set properties.enableSoftDelete, and softDeleteRetentionInDays between 7 and 90.",
        types=(VAULT,),
        check=all_of(on("properties.enableSoftDelete"), between("properties.softDeleteRetentionInDays", 7, 90)),
        passes={"properties": {"enableSoftDelete": True, "softDeleteRetentionInDays": 90}},
        violates={"properties": {"enableSoftDelete": False, "softDeleteRetentionInDays": 90}},
    ),
    ResourceRule(
        id="vault-closed",
        title="A vault is closed to the internet",
        reason="A leaked token could be used from anywhere.",
        source="PSRule Azure.KeyVault.Firewall; checkov CKV_AZURE_109, 189",
        fix="Reach it by a private endpoint and disable public access, or deny by default in networkAcls.",
        types=(VAULT,),
        check=_closed,
        passes={"properties": {"publicNetworkAccess": "disabled"}},
        violates={"properties": {"publicNetworkAccess": "enabled"}},
    ),
    ResourceRule(
        id="vault-not-for-machines",
        title="Virtual machines and templates read nothing from a vault",
        reason="Whoever may deploy a template could read every secret.",
        source="own",
        fix="Leave enabledForDeployment, enabledForDiskEncryption and enabledForTemplateDeployment off.",
        types=(VAULT,),
        check=all_of(
            not_on("properties.enabledForDeployment"),
            not_on("properties.enabledForDiskEncryption"),
            not_on("properties.enabledForTemplateDeployment"),
        ),
        passes={"properties": {"enabledForTemplateDeployment": False}},
        violates={"properties": {"enabledForTemplateDeployment": True}},
    ),
    ResourceRule(
        id="vault-name",
        title="Names of vaults are valid host names",
        reason="Azure refuses others in the middle of a deployment.",
        source="PSRule Azure.KeyVault.Name",
        fix="Use 3 to 24 letters, digits and single dashes, beginning with a letter.",
        types=(VAULT,),
        check=matches(
            "vaultName", r"(?!.*--)[A-Za-z][0-9A-Za-z-]{1,22}[0-9A-Za-z]", "3 to 24 letters, digits, single -"
        ),
        passes={"vaultName": "kv-dme-prod-p6x3"},
        violates={"vaultName": "kv--dme"},
    ),
    ResourceRule(
        id="secret-placeholder",
        title="The program writes a placeholder and never a third-party key",
        reason="The key would be in the state file and in every backup of it.",
        source="PSRule Azure.Deployment.SecretLeak; own",
        fix="Write the placeholder of app/contract.py and let a person fill in the key.",
        types=(SECRET,),
        check=expect("properties.value", PLACEHOLDER_SECRET),
        passes={"properties": {"value": PLACEHOLDER_SECRET}},
        violates={"properties": {"value": "sk-live-1"}},
    ),
    ResourceRule(
        id="secret-expires",
        title="A secret has a date of expiry",
        reason="Keys without one are never rotated, and no alert can ask for it.",
        source="checkov CKV_AZURE_41",
        fix="Set properties.attributes.expires.",
        types=(SECRET,),
        check=given("properties.attributes.expires"),
        passes={"properties": {"attributes": {"expires": 1_830_000_000}}},
        violates={"properties": {"attributes": {"enabled": True}}},
    ),
    ResourceRule(
        id="secret-content-type",
        title="A secret says what it is",
        reason="Who finds it at three in the morning has to know where it comes from.",
        source="checkov CKV_AZURE_114",
        fix="Set properties.contentType.",
        types=(SECRET,),
        check=given("properties.contentType"),
        passes={"properties": {"contentType": "key of a third party"}},
        violates={"properties": {"contentType": ""}},
    ),
    ResourceRule(
        id="secret-name",
        title="Names of secrets are valid",
        reason="Azure refuses others in the middle of a deployment.",
        source="PSRule Azure.KeyVault.SecretName",
        fix="Use 1 to 127 letters, digits and dashes.",
        types=(SECRET,),
        check=matches("secretName", r"[0-9A-Za-z-]{1,127}", "1 to 127 letters, digits, -"),
        passes={"secretName": "openai-api-key"},
        violates={"secretName": "openai_api_key"},
    ),
    TapeRule(
        id="secret-written-once",
        title="No later run writes over a secret",
        reason="A changed tag would put the placeholder in the place of the key that a person has filled in.",
        source="own",
        fix="Ignore changes of properties.",
        types=(SECRET,),
        check=_written_once,
        passes=(registered(SECRET, {}, ignore_changes=("properties", "tags")),),
        violates=(registered(SECRET, {}, ignore_changes=("tags",)),),
    ),
)
