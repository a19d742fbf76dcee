from typing import Any

import pytest

from localazure.engine.diff import differences


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", "UPDATE")]),
        ({"a": 1}, {}, [("a", "DELETE")]),
        ({}, {"a": {"b": 1}}, [("a", "ADD")]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3, 4]}}, [("a.b[1]", "UPDATE"), ("a.b[2]", "ADD")]),
        ({"a": [1, 2]}, {"a": [1]}, [("a[1]", "DELETE")]),
        ({"__createBeforeDelete": True}, {}, []),
        ({"location": "West Europe"}, {"location": "westeurope"}, []),
        ({"a": {"location": "West Europe"}}, {"a": {"location": "westeurope"}}, [("a.location", "UPDATE")]),
    ],
)
def test_every_changed_leaf_is_told_with_its_kind(old: Any, new: Any, expected: list[tuple[str, str]]) -> None:
    assert list(differences(old, new)) == expected
