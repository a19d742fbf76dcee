"""Keys of a vault, which wrap other keys."""

from typing import Final

from policy.checks import between, given, holds, matches, not_on, value_at
from policy.registration import UNKNOWN, Inputs, Registration, Tape, registered
from policy.rule import AnyRule, ResourceRule, TapeRule

KEY = "keyvault:Key"
WRAPPING: Final = frozenset({"wrapKey", "unwrapKey"})
_ACTIONS = "properties.rotationPolicy.lifetimeActions"


def _rotated(inputs: Inputs) -> str | None:
    actions = value_at(inputs, _ACTIONS)
    if actions == UNKNOWN or any(str(value_at(action, "action.type")).lower() == "rotate" for action in actions or ()):
        return None
    return f"{_ACTIONS} has no action of the type rotate"


def _made_once(key: Registration, tape: Tape) -> str | None:
    del tape
    return None if "properties" in key.ignore_changes else f"ignoreChanges is {list(key.ignore_changes)}"


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="key-expires",
        title="A key has a date of expiry",
        reason="A key without one is never rotated, and no alert can ask for it.",
        source="checkov CKV_AZURE_40; Microsoft cloud security benchmark DP-6",
        fix="Set properties.attributes.expires.",
        types=(KEY,),
        check=given("properties.attributes.expires"),
        passes={"properties": {"attributes": {"expires": 1_830_000_000}}},
        violates={"properties": {"attributes": {"enabled": True}}},
    ),
    ResourceRule(
        id="key-rotates",
        title="The vault makes new versions of a key by itself",
        reason="What a person has to remember once a year is forgotten, and all data hangs on one version for ever.",
        source="PSRule Azure.KeyVault.AutoRotationPolicy",
        fix="Put an action of the type rotate into properties.rotationPolicy.lifetimeActions.",
        types=(KEY,),
        check=_rotated,
        passes={"properties": {"rotationPolicy": {"lifetimeActions": [{"action": {"type": "rotate"}}]}}},
        violates={"properties": {"rotationPolicy": {"lifetimeActions": [{"action": {"type": "notify"}}]}}},
    ),
    ResourceRule(
        id="key-strong",
        title="A key is long enough for what it protects",
        reason="What is wrapped today must stay closed for as long as the data of a person lives.",
        source="NIST SP 800-57 part 1, table 2; own",
        fix="Set properties.keySize to 3072 or 4096.",
        types=(KEY,),
        check=between("properties.keySize", 3072, 4096),
        passes={"properties": {"keySize": 3072}},
        violates={"properties": {"keySize": 2048}},
    ),
    ResourceRule(
        id="key-wraps-only",
        title="A key wraps other keys and does nothing else",
        reason="One key for two purposes lets one use undo the other, and the vault would see the data itself.",
        source="NIST SP 800-57 part 1, section 5.2; own",
        fix="Set properties.keyOps to wrapKey and unwrapKey.",
        types=(KEY,),
        check=holds("properties.keyOps", lambda uses: bool(uses) and WRAPPING.issuperset(uses), "wrapKey, unwrapKey"),
        passes={"properties": {"keyOps": ["wrapKey", "unwrapKey"]}},
        violates={"properties": {"keyOps": ["wrapKey", "unwrapKey", "sign"]}},
    ),
    ResourceRule(
        id="key-stays",
        title="A key never leaves the vault",
        reason="Who could take it out could read the data of everybody, from anywhere and for ever.",
        source="own; Microsoft, About keys: exportable",
        fix="Leave properties.attributes.exportable off.",
        types=(KEY,),
        check=not_on("properties.attributes.exportable"),
        passes={"properties": {"attributes": {"exportable": False}}},
        violates={"properties": {"attributes": {"exportable": True}}},
    ),
    ResourceRule(
        id="key-name",
        title="Names of keys are valid",
        reason="Azure refuses others in the middle of a deployment.",
        source="PSRule Azure.KeyVault.KeyName",
        fix="Use 1 to 127 letters, digits and dashes.",
        types=(KEY,),
        check=matches("keyName", r"[0-9A-Za-z-]{1,127}", "1 to 127 letters, digits, -"),
        passes={"keyName": "people"},
        violates={"keyName": "people_key"},
    ),
    TapeRule(
        id="key-made-once",
        title="The program does not pretend to change a key",
        reason="Azure makes a key once and accepts a later change without making it, so the state would be a lie.",
        source="Microsoft, Keys - Create If Not Exist; own",
        fix="Ignore changes of properties.",
        types=(KEY,),
        check=_made_once,
        passes=(registered(KEY, {}, ignore_changes=("properties", "tags")),),
        violates=(registered(KEY, {}, ignore_changes=("tags",)),),
    ),
)
