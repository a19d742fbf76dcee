"""Physical names stay within Azure's limits whatever a stack file may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import names

ENVIRONMENTS = st.from_regex(r"[a-z][a-z0-9]{1,9}", fullmatch=True)
UNIQUE = st.from_regex(r"[a-z0-9]{3,8}", fullmatch=True)


@given(environment=ENVIRONMENTS, unique=UNIQUE)
def test_a_vault_is_named_within_24_characters_or_refused(environment: str, unique: str) -> None:
    if len(environment) + len(unique) <= 16:
        assert names.vault(environment, unique) == f"kv-dme-{environment}-{unique}"
    else:
        with pytest.raises(ValueError, match=r"of 2[56] characters"):
            names.vault(environment, unique)


@given(environment=ENVIRONMENTS, unique=UNIQUE)
def test_a_registry_is_named_with_letters_and_digits_only(environment: str, unique: str) -> None:
    assert names.registry(environment, unique).isalnum()
    assert len(names.registry(environment, unique)) <= 50


@given(environment=ENVIRONMENTS)
def test_a_container_app_name_leaves_room_for_a_revision_suffix(environment: str) -> None:
    assert len(names.container_app(environment, "worker")) <= 32


def test_a_name_with_a_foreign_letter_is_refused() -> None:
    with pytest.raises(ValueError, match=r'makes the name "ca-dme-api-Prod" of 15 characters \(allowed'):
        names.container_app("Prod", "api")


@given(environment=ENVIRONMENTS, unique=UNIQUE)
def test_a_cache_name_stays_below_60_characters(environment: str, unique: str) -> None:
    assert names.cache(environment, unique) == f"amr-dme-{environment}-{unique}"
    assert len(names.cache(environment, unique)) <= 60
