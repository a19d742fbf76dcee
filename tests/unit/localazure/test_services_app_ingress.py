from typing import Any

import pytest

from localazure.errors import AzureError
from localazure.services.app_ingress import admission, routes_of

KNOWN = ("api--v1", "api--v2")
ALLOWED = {"name": "office", "action": "Allow", "ipAddressRange": "192.0.2.0/24"}


def routes(*traffic: dict[str, Any]) -> Any:
    return routes_of({"traffic": list(traffic)}, latest="api--v2", known=KNOWN)


def test_without_a_traffic_list_the_latest_revision_takes_all() -> None:
    assert routes() == {"": [(100, "api--v2")]}


def test_every_entry_is_a_share_and_a_label_an_address_of_its_own() -> None:
    assert routes(
        {"revisionName": "api--v1", "weight": 95, "label": "live"},
        {"latestRevision": True, "weight": 5, "label": "candidate"},
    ) == {
        "": [(95, "api--v1"), (5, "api--v2")],
        "live": [(1, "api--v1")],
        "candidate": [(1, "api--v2")],
    }


def test_a_revision_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(AzureError, match=r"'api--v3' of container app 'api' does not exist. It has: api--v1, api--v2"):
        routes({"revisionName": "api--v3", "weight": 100})


def test_an_entry_that_names_no_revision_expires() -> None:
    with pytest.raises(AzureError, match="Operation expired"):
        routes({"latestRevision": False, "weight": 100})


@pytest.mark.parametrize(
    ("action", "address", "admitted"),
    [
        ("Allow", "192.0.2.9", True),
        ("Allow", "127.0.0.1", False),
        ("Deny", "192.0.2.9", False),
        ("Deny", "127.0.0.1", True),
    ],
)
def test_restrictions_admit_by_address(action: str, address: str, admitted: bool) -> None:  # noqa: FBT001 - a test case
    assert admission({"ipSecurityRestrictions": [{**ALLOWED, "action": action}]})(address) is admitted


def test_everybody_is_admitted_without_restrictions() -> None:
    assert admission({})("127.0.0.1")
