import base64
import string
import uuid
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

import bcrypt
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from localazure.engine.random_values import SPECIAL, Random
from localazure.engine.wire import UNKNOWN, dump, load
from tests.unit.localazure.engine.plugin import Provider, serving


def urn(kind: str) -> str:
    return f"urn:pulumi:dev::program::random:index/random{kind}:Random{kind}::it"


@pytest.fixture
async def provider() -> AsyncGenerator[Provider]:
    def register(server: Any) -> None:
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Random("4.21.4"), server)

    async with serving(register) as port, Provider.connected(port) as connected:
        yield connected


async def test_an_engine_attaches_and_configures_it(provider: Provider) -> None:
    await provider.stub.Attach(plugin_pb2.PluginAttach())

    assert (await provider.stub.GetPluginInfo(empty_pb2.Empty())).version == "4.21.4"
    assert (await provider.stub.Configure(provider_pb2.ConfigureRequest())).supportsPreview


@pytest.mark.parametrize(
    ("inputs", "alphabet"),
    [
        ({}, string.ascii_letters + string.digits + SPECIAL),
        ({"special": False, "upper": False}, string.ascii_lowercase + string.digits),
        ({"lower": False, "numeric": False, "upper": False, "overrideSpecial": "_-"}, "_-"),
    ],
)
async def test_a_string_is_of_its_alphabet_and_length(
    provider: Provider, inputs: dict[str, Any], alphabet: str
) -> None:
    made_id, outputs = await provider.create(urn("String"), {"length": 400, **inputs})

    assert made_id == outputs["result"]
    assert len(outputs["result"]) == 400
    assert set(outputs["result"]) <= set(alphabet)


async def test_a_string_has_its_minimum_of_every_class(provider: Provider) -> None:
    minimums = {"minLower": 3, "minNumeric": 4, "minSpecial": 5, "minUpper": 6}

    _, outputs = await provider.create(urn("String"), {"length": 18, **minimums})

    classes = [string.ascii_lowercase, string.digits, SPECIAL, string.ascii_uppercase]
    counted = Counter(next(i for i, letters in enumerate(classes) if c in letters) for c in outputs["result"])
    assert [counted[index] for index in range(4)] == [3, 4, 5, 6]


async def test_a_password_has_no_telling_id_and_a_hash_that_fits(provider: Provider) -> None:
    made_id, outputs = await provider.create(urn("Password"), {"length": 100})

    assert made_id == "none"
    assert bcrypt.checkpw(outputs["result"].encode()[:72], outputs["bcryptHash"].encode())


async def test_two_values_are_not_the_same(provider: Provider) -> None:
    made = [await provider.create(urn("Password"), {"length": 24}) for _ in range(2)]

    assert made[0][1]["result"] != made[1][1]["result"]


async def test_an_id_has_the_same_bytes_in_every_form(provider: Provider) -> None:
    made_id, outputs = await provider.create(urn("Id"), {"byteLength": 7, "prefix": "p-"})

    value = base64.urlsafe_b64decode(made_id + "==")
    assert len(value) == 7
    assert outputs == {
        "b64Std": f"p-{base64.b64encode(value).decode()}",
        "b64Url": f"p-{made_id}",
        "byteLength": 7,
        "dec": f"p-{int.from_bytes(value)}",
        "hex": f"p-{value.hex()}",
        "prefix": "p-",
    }


async def test_bytes_are_told_in_two_forms(provider: Provider) -> None:
    made_id, outputs = await provider.create(urn("Bytes"), {"length": 9})

    assert made_id == outputs["base64"]
    assert base64.b64decode(outputs["base64"]).hex() == outputs["hex"]
    assert len(outputs["hex"]) == 18


async def test_an_integer_is_within_its_bounds_and_reaches_both(provider: Provider) -> None:
    made = [await provider.create(urn("Integer"), {"min": -1, "max": 1}) for _ in range(100)]

    assert {outputs["result"] for _, outputs in made} == {-1, 0, 1}
    assert all(made_id == str(outputs["result"]) for made_id, outputs in made)


async def test_a_uuid_is_its_own_id(provider: Provider) -> None:
    made_id, outputs = await provider.create(urn("Uuid"), {})

    assert uuid.UUID(made_id).version == 4
    assert outputs["result"] == made_id


async def test_a_preview_makes_no_value(provider: Provider) -> None:
    made_id, outputs = await provider.create(urn("Password"), {"length": 8}, preview=True)

    assert made_id == ""
    assert (outputs["result"], outputs["length"]) == (UNKNOWN, 8)


async def test_any_change_makes_a_new_value_and_none_keeps_it(provider: Provider) -> None:
    old = {"length": 8, "keepers": {"release": "1"}}

    changed = await provider.diff(urn("String"), "x", old, {**old, "keepers": {"release": "2"}})
    same = await provider.diff(urn("String"), "x", old, old)

    assert list(changed.replaces) == ["keepers.release"]
    assert (same.changes, list(same.replaces)) == (provider_pb2.DiffResponse.DIFF_NONE, [])


async def test_a_refresh_finds_the_value_of_the_checkpoint(provider: Provider) -> None:
    request = provider_pb2.ReadRequest(id="x", properties=dump({"result": "x"}), inputs=dump({"length": 1}))

    read = await provider.stub.Read(request)

    assert (read.id, load(read.properties), load(read.inputs)) == ("x", {"result": "x"}, {"length": 1})


@pytest.mark.parametrize(
    ("kind", "inputs", "at", "reason"),
    [
        ("Pet", {}, "", "NotSimulated"),
        ("String", {}, "length", "must be given as an integer"),
        ("String", {"length": "8"}, "length", "must be given as an integer"),
        ("String", {"length": 0}, "length", "at least 1"),
        ("Password", {"length": 8, "minLower": 5, "minUpper": 4}, "length", "sum of the minimums (9)"),
        (
            "String",
            {"length": 8, "lower": False, "upper": False, "numeric": False, "special": False},
            "length",
            "no class of characters",
        ),
        ("Integer", {"min": 2}, "max", "must be given"),
        ("Integer", {"min": 2, "max": 1}, "max", "max (1) must not be less than min (2)"),
        ("Id", {"byteLength": 0}, "byteLength", "at least 1"),
        ("Bytes", {}, "length", "must be given"),
    ],
)
async def test_inputs_that_no_value_fits_fail_the_check(
    provider: Provider, kind: str, inputs: dict[str, Any], at: str, reason: str
) -> None:
    _, failures = await provider.check(urn(kind), inputs)

    assert list(failures) == [at]
    assert reason in failures[at]


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("String", {"length": 1}),
        ("Password", {"length": UNKNOWN}),
        ("Password", {"length": 4, "special": False, "minSpecial": 9}),
        ("Integer", {"min": 1, "max": 1}),
        ("Uuid", {}),
    ],
)
async def test_inputs_that_a_value_fits_pass_the_check(provider: Provider, kind: str, inputs: dict[str, Any]) -> None:
    assert await provider.check(urn(kind), inputs) == (inputs, {})
