from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from localazure.azure import Azure
from localazure.planes.vault_store import VaultError
from tests.unit.localazure.arm import ACCEPTED, create, problems_of, refused

VAULT, KEY = "keyvault:Vault", "keyvault:Key"
OAEP: Final = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def properties(**changes: Any) -> dict[str, Any]:
    return {**ACCEPTED[KEY]["properties"], **changes}


@pytest.mark.parametrize("name", ["", "a_b", "a.b", "a" * 128])
async def test_a_key_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "1-127" in problems_of(azure, KEY, keyName=name)["keyName"]


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"kty": "EC"}, "properties.kty"),
        ({"kty": "RSA-HSM"}, "properties.kty"),
        ({"keySize": 1024}, "properties.keySize"),
        ({"attributes": {"expires": -1}}, "properties.attributes.expires"),
        (
            {"rotationPolicy": {"attributes": {"expiryTime": "P27D"}}},
            "properties.rotationPolicy.attributes.expiryTime",
        ),
    ],
)
async def test_a_key_may_not_be_so(azure: Azure, changes: dict[str, Any], at: str) -> None:
    assert list(problems_of(azure, KEY, properties=properties(**changes))) == [at]


async def test_versions_may_live_for_28_days(azure: Azure) -> None:
    policy = {"attributes": {"expiryTime": "P28D"}}

    assert not problems_of(azure, KEY, properties=properties(rotationPolicy=policy))


async def test_a_key_answers_its_address_in_the_vault_with_and_without_the_version(azure: Azure) -> None:
    vault = await create(azure, VAULT)

    made = await create(azure, KEY)

    address = f"{vault.outputs['properties']['vaultUri']}keys/people"
    assert made.outputs["keyUri"] == address
    assert made.outputs["keyUriWithVersion"].startswith(f"{address}/")
    assert made.outputs["keyOps"] == ["wrapKey", "unwrapKey"]


async def test_a_later_request_changes_nothing_of_a_key(azure: Azure) -> None:
    await create(azure, VAULT)
    made = await create(azure, KEY)

    again = await azure.update(made.id, {**made.inputs, "properties": properties(keySize=4096)})

    assert again.outputs == made.outputs


async def test_a_key_that_was_deleted_is_found_again(azure: Azure) -> None:
    await create(azure, VAULT)
    made = await create(azure, KEY)
    await azure.delete(made.id)

    again = await create(azure, KEY)

    assert again.outputs["keyUriWithVersion"] == made.outputs["keyUriWithVersion"]


async def test_a_key_whose_declared_time_is_over_unwraps_and_wraps_nothing_new(azure: Azure) -> None:
    vault = await create(azure, VAULT)
    ended = properties(attributes={"enabled": True, "expires": 1_000_000_000})
    await create(azure, KEY, properties=ended)
    keys = azure.runtime.vaults.keys(vault.name)
    version = keys.version("people")
    content = version.pair().public_key().encrypt(b"k" * 32, OAEP)

    assert version.expires == 1_000_000_000
    assert keys.unwrap("people", "", "RSA-OAEP-256", content)[1] == b"k" * 32
    with pytest.raises(VaultError, match="expired") as refusal:
        keys.wrap("people", "", "RSA-OAEP-256", b"k" * 32)
    assert (refusal.value.status, refusal.value.code) == (403, "Forbidden")


async def test_a_key_that_is_declared_disabled_does_nothing(azure: Azure) -> None:
    vault = await create(azure, VAULT)
    await create(azure, KEY, properties=properties(attributes={"enabled": False}))

    with pytest.raises(VaultError, match="disabled"):
        azure.runtime.vaults.keys(vault.name).wrap("people", "", "RSA-OAEP-256", b"k" * 32)


async def test_a_key_of_no_vault_is_refused(azure: Azure) -> None:
    with refused(404, "ResourceNotFound", "was not found"):
        await create(azure, KEY)
