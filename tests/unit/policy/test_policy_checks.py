from typing import Any

import pytest

from policy.checks import (
    all_of,
    between,
    each,
    expect,
    given,
    matches,
    not_off,
    not_on,
    off,
    on,
    value_at,
    values_at,
    where,
)
from policy.registration import UNKNOWN, Secret
from policy.rule import InputCheck

CASES: list[tuple[InputCheck, list[Any], list[Any]]] = [
    (on("a"), [True], [False, None, "true"]),
    (off("a"), [False], [True, None]),
    (not_on("a"), [False, None], [True]),
    (not_off("a"), [True, None], [False]),
    (between("a", 2, 5), [2, 3.5, 5], [1, 6, None, True, "3"]),
    (given("a"), ["x", 0, [1]], [None, "", [], {}]),
    (expect("a", "Deny", None), ["Deny", "deny", None], ["Allow"]),
    (matches("a", r"[a-z]+", "letters"), ["abc"], ["ab1", ""]),
    (all_of(given("a"), expect("a", "x")), ["x"], [None, "y"]),
]


@pytest.mark.parametrize(("check", "good", "bad"), CASES)
def test_a_check_passes_the_good_values_the_unknown_and_no_other(
    check: InputCheck, good: list[Any], bad: list[Any]
) -> None:
    assert [value for value in (*good, UNKNOWN) if check({"a": value})] == []
    assert [value for value in bad if not check({"a": value})] == []


def test_a_problem_names_path_value_and_what_is_allowed() -> None:
    assert expect("a.b", "x", None)({"a": {"b": 1}}) == "a.b is 1; allowed: 'x' or not set"
    assert given("a.b")({}) == "a.b is not set; allowed: any value"


def test_each_names_the_item_that_is_wrong() -> None:
    check = each("first", "second", check=on("ok"))
    assert check({"first": [{"name": "a", "ok": True}, UNKNOWN]}) is None
    assert check({"second": [{"name": "b"}]}) == "b of first and second: ok is not set; allowed: true"
    assert "number 0" in str(check({"first": [{}]}))


def test_where_judges_only_what_it_is_about() -> None:
    check = where("sku", "Premium", on("ok"))
    assert check({"sku": "Basic"}) is None
    assert check({"sku": "premium"}) is not None


def test_paths_lead_through_objects_secrets_and_lists() -> None:
    inputs = {"a": Secret(value={"b": 1}), "list": [{"id": "x"}, {"id": "y"}, {}], "later": UNKNOWN}
    assert value_at(inputs, "a.b") == 1
    assert value_at(inputs, "later.b") == UNKNOWN
    assert value_at(inputs, "list.id") is None
    assert list(values_at(inputs, "list.id")) == ["x", "y"]
    assert list(values_at(inputs, "later.id")) == [UNKNOWN]
