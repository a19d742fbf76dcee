from datetime import date
from typing import Any

import pytest

from ops.guard import Approval, Change, destroyed, read_approvals, unapproved
from ops.target import UsageError

SERVER = "urn:pulumi:prod::digitalmee::digitalmee:components:Database$azure-native:dbforpostgresql:Server::database"
APP = "urn:pulumi:prod::digitalmee::azure-native:app:ContainerApp::api"
TODAY = date(2026, 6, 15)


def test_only_deletions_and_replacements_of_what_holds_data_count() -> None:
    steps = [
        {"op": "update", "urn": SERVER},
        {"op": "replace", "urn": SERVER},
        {"op": "delete", "urn": SERVER},
        {"op": "replace", "urn": APP},
        {"op": "same", "urn": SERVER},
    ]

    assert destroyed({"steps": steps}) == [
        Change(urn=SERVER, change="replace"),
        Change(urn=SERVER, change="delete"),
    ]


@pytest.mark.parametrize(
    ("approval", "refused"),
    [
        ({}, False),
        ({"expires": date(2026, 6, 14)}, True),
        ({"change": "delete"}, True),
        ({"urn": APP}, True),
    ],
)
def test_an_approval_is_for_one_change_of_one_resource_up_to_its_last_day(
    approval: dict[str, Any],
    refused: bool,  # noqa: FBT001 - a column of the table
) -> None:
    fields: dict[str, Any] = {"urn": SERVER, "change": "replace", "reason": "moved", "expires": TODAY, **approval}

    assert bool(unapproved([Change(urn=SERVER, change="replace")], [Approval(**fields)], TODAY)) is refused


@pytest.mark.parametrize(
    "entry",
    [
        "text",
        "{urn: a, change: replace, reason: why}",
        "{urn: a, change: replace, reason: '', expires: 2026-06-15}",
        "{urn: a, change: update, reason: why, expires: 2026-06-15}",
        "{urn: a, change: replace, reason: why, expires: soon}",
        "{urn: a, change: replace, reason: why, expires: 2026-06-15, forever: true}",
    ],
)
def test_an_approval_that_is_not_whole_approves_nothing(entry: str) -> None:
    with pytest.raises(UsageError, match=r"approval 1 .* is not whole"):
        read_approvals(f"- {entry}\n")


def test_no_approval_is_an_empty_list() -> None:
    assert read_approvals("[]\n") == []
