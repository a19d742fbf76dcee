"""Every type refuses a name that Azure would not take."""

import re
from typing import Final

import pytest

from localazure.azure import Azure
from localazure.services.catalog import TYPES
from tests.unit.localazure.arm import ACCEPTED, problems_of

NAMED_BY_ANOTHER: Final = {"dbforpostgresql:Configuration", "dns:DnssecConfig"}
"""A parameter is held against the server's list when it is put, and a signature has the name of its zone."""

OWN_KEY: Final = {
    token: re.findall(r"{(\w+)}", TYPES[token].path)[-1] for token in TYPES if token not in NAMED_BY_ANOTHER
}


def is_taken(azure: Azure, token: str, name: str) -> bool:
    return OWN_KEY[token] not in problems_of(azure, token, **{OWN_KEY[token]: name})


@pytest.mark.parametrize("name", ["", "a//b", "n" * 300])
def test_no_type_takes_a_name_that_is_empty_a_path_or_endless(azure: Azure, name: str) -> None:
    taken = {token for token in OWN_KEY if is_taken(azure, token, name)}

    assert taken <= ({"servicebus:Queue"} if name == "a//b" else set())  # a queue may have a path for a name


def test_every_type_takes_the_name_that_tests_put(azure: Azure) -> None:
    assert [t for t in OWN_KEY if OWN_KEY[t] in problems_of(azure, t, **ACCEPTED[t])] == []


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("applicationinsights:Component", "appi dme."),
        ("authorization:ManagementLockByScope", "keep."),
        ("authorization:RoleAssignment", "api-pulls"),
        ("consumption:Budget", "budget dme"),
        ("dbforpostgresql:AdministratorsMicrosoftEntra", "id-dme-migrator"),
        ("dbforpostgresql:Database", "digital.mee"),
        ("dns:RecordSet", "www..api"),
        ("dns:RecordSet", "api.*"),
        ("managedidentity:UserAssignedIdentity", "id"),
        ("managedidentity:UserAssignedIdentity", "-id-dme"),
        ("monitor:ActionGroup", "page|ticket"),
        ("monitor:MetricAlert", "cpu: 80"),
        ("network:PrivateDnsZoneGroup", "names-"),
        ("privatedns:VirtualNetworkLink", "link."),
        ("web:StaticSiteCustomDomain", "www"),
    ],
)
def test_a_name_of_the_wrong_alphabet_is_refused(azure: Azure, token: str, name: str) -> None:
    assert not is_taken(azure, token, name)


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("dns:RecordSet", "@"),
        ("dns:RecordSet", "*.api"),
        ("dns:RecordSet", "_dnsauth.www"),
        ("managedidentity:UserAssignedIdentity", "id_dme-api"),
        ("monitor:ActionGroup", "a"),
        ("monitor:MetricAlert", "CPU of the API, in percent"),
        ("privatedns:VirtualNetworkLink", "link_1.a"),
    ],
)
def test_a_name_of_the_right_alphabet_is_taken(azure: Azure, token: str, name: str) -> None:
    assert is_taken(azure, token, name)
