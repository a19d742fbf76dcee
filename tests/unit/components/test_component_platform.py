"""The resource group, its tags and its names. Mocks prove construction, nothing of Azure."""

import pytest
from pydantic import ValidationError

from components.platform import PlatformSettings
from tests.tape import record
from tests.unit.components.parts import PLATFORM_SETTINGS, platform, tags


def _program() -> None:
    platform()


def test_a_platform_is_one_tagged_resource_group() -> None:
    group = record(_program).one("ResourceGroup", "platform")
    assert group.inputs == {"resourceGroupName": "rg-dme-test", "tags": tags("platform")}
    assert group.parent.endswith("digitalmee:components:Platform::platform")


def test_an_environment_whose_vault_name_would_be_too_long_is_refused() -> None:
    fields = PLATFORM_SETTINGS.model_dump() | {"environment": "productive", "unique": "abcdefgh"}
    with pytest.raises(ValidationError, match='"kv-dme-productive-abcdefgh" of 26 characters'):
        PlatformSettings.model_validate(fields)


def test_the_longest_names_that_fit_are_accepted() -> None:
    fields = PLATFORM_SETTINGS.model_dump() | {"environment": "staging", "unique": "abcdefgh"}
    assert PlatformSettings.model_validate(fields).unique == "abcdefgh"
