from typing import Any

import pytest

from ops.drift import Drift, drifts, kind_of

VAULT = "urn:pulumi:prod::digitalmee::azure-native:keyvault:Vault::vault"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("properties.publicNetworkAccess", "security"),
        ("configuration.ingress.traffic[0].weight", "security"),
        ("properties.networkAcls.ipRules[0].value", "security"),
        ("minimumTlsVersion", "security"),
        ("sku.name", "capacity"),
        ("template.scale.maxReplicas", "capacity"),
        ("retentionInDays", "capacity"),
        ("tags.owner", "cosmetic"),
        ("tags.rule", "cosmetic"),
        ("properties.somethingElse", "other"),
    ],
)
def test_a_property_is_classed_by_what_its_path_holds(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ({"op": "refresh", "detailedDiff": None}, []),
        ({"op": "delete"}, [Drift(kind="security", urn=VAULT, property="is gone")]),
        (
            {"op": "update", "detailedDiff": {"tags.a": {}, "sku.name": {}}, "diffReasons": ["tags", "sku"]},
            [
                Drift(kind="capacity", urn=VAULT, property="sku.name"),
                Drift(kind="cosmetic", urn=VAULT, property="tags.a"),
            ],
        ),
        ({"op": "update", "diffReasons": ["tags"]}, [Drift(kind="cosmetic", urn=VAULT, property="tags")]),
        ({"op": "update"}, [Drift(kind="other", urn=VAULT, property="changed")]),
    ],
)
def test_each_property_that_a_refresh_would_change_has_drifted(step: dict[str, Any], found: list[Drift]) -> None:
    assert list(drifts({"steps": [{"urn": VAULT, **step}]})) == found
