"""The address plan: which ranges are refused, and that every piece of advice is a way out."""

import re
from ipaddress import IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.networking.address_plan import conflicts

SPACE = "10.20.0.0/16"
APPS, ENDPOINTS = "10.20.0.0/23", "10.20.2.0/26"


def _found(space: str = SPACE, apps: str = APPS, endpoints: str = ENDPOINTS) -> dict[str, str]:
    return dict(conflicts(space, {"apps_subnet": (apps, 27), "endpoints_subnet": (endpoints, 28)}))


def test_a_good_plan_has_no_conflict() -> None:
    assert _found() == {}


@pytest.mark.parametrize(
    ("key", "text", "problem"),
    [
        ("space", "10.300.0.0/16", '"10.300.0.0/16" is not a range of addresses (allowed like 10.20.0.0/16)'),
        ("space", "10.20.0.1/16", '"10.20.0.1/16" is not the start of its range (allowed "10.20.0.0/16")'),
        ("apps", "10.20.0.0/28", '"10.20.0.0/28" is too small (allowed /27 or larger, as 10.20.0.0/27)'),
        ("endpoints", "10.20.2.0/29", '"10.20.2.0/29" is too small (allowed /28 or larger, as 10.20.2.0/28)'),
        ("apps", "10.21.0.0/23", 'is outside of address_space "10.20.0.0/16" (allowed for example "10.20.0.0/23")'),
        ("endpoints", "10.20.1.0/26", 'overlaps apps_subnet "10.20.0.0/23" (allowed for example "10.20.2.0/26")'),
    ],
)
def test_refused_by_name_is(key: str, text: str, problem: str) -> None:
    [(where, found)] = _found(**{key: text}).items()
    assert where.startswith({"space": "address_space"}.get(key, key))
    assert problem in found


@pytest.mark.parametrize("public", ["20.0.0.0/16", "100.64.0.0/16", "172.32.0.0/16", "192.0.2.0/24", "169.254.0.0/16"])
def test_refused_are_addresses_that_are_not_private(public: str) -> None:
    assert f'"{public}" is not private (allowed inside 10.0.0.0/8' in _found(space=public)["address_space"]


@pytest.mark.parametrize("reserved", ["172.30.0.0/16", "172.31.4.0/24", "172.16.0.0/12"])
def test_refused_is_what_container_apps_reserves(reserved: str) -> None:
    assert "which Container Apps reserves" in _found(space=reserved)["address_space"]


def test_a_network_without_room_says_so() -> None:
    found = _found("10.20.0.0/27", "10.20.0.0/27", "10.20.0.0/28")
    assert found["endpoints_subnet"].endswith(
        "(allowed none of this size: make address_space larger than 10.20.0.0/27)"
    )


def test_all_that_is_wrong_is_reported_at_once() -> None:
    assert set(_found("10.20.0.0/99", "10.20.0.1/23", "8.8.0.0/24")) == {
        "address_space",
        "apps_subnet",
        "endpoints_subnet",
    }


def _ranges(longest: int) -> st.SearchStrategy[str]:
    start = st.integers(0, 2**18 - 1).map(lambda number: 0x0A14_0000 + number)  # 10.20.0.0/14: often inside of SPACE
    return st.tuples(start, st.integers(16, longest)).map(lambda pair: str(IPv4Network(pair, strict=False)))


@settings(max_examples=50, deadline=None)
@given(apps=_ranges(30), endpoints=_ranges(30))
def test_a_plan_without_conflict_lies_inside_apart_and_is_large_enough(apps: str, endpoints: str) -> None:
    one, other, space = IPv4Network(apps), IPv4Network(endpoints), IPv4Network(SPACE)
    good = (
        all(address in space for address in (one[0], one[-1], other[0], other[-1]))
        and (one[-1] < other[0] or other[-1] < one[0])
        and one.num_addresses >= 32
        and other.num_addresses >= 16
    )
    assert (not _found(SPACE, apps, endpoints)) == good


@settings(max_examples=50, deadline=None)
@given(apps=_ranges(27), endpoints=_ranges(28))
def test_the_range_that_a_conflict_proposes_is_free(apps: str, endpoints: str) -> None:
    plan = {"apps": apps, "endpoints": endpoints}
    for key, text in _found(**plan).items():
        if proposal := re.search(r'for example "([0-9./]+)"', text):
            assert key not in _found(**{**plan, key.removesuffix("_subnet"): proposal[1]})
