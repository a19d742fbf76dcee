"""The `random` provider: values made once and kept in the checkpoint.

Follows pulumi-random (a bridge of hashicorp/terraform-provider-random): every input forces a new value.
"""

import base64
import secrets
import string
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import bcrypt
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from localazure.engine.attached import AttachedProvider, Context
from localazure.engine.diff import differences
from localazure.engine.wire import UNKNOWN, contains_unknown, dump, load
from localazure.errors import NotSimulatedError

Outputs = dict[str, Any]

NUMBERS: Final = ("byteLength", "length", "max", "min", "minLower", "minNumeric", "minSpecial", "minUpper")

SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
"""The special characters of terraform-provider-random."""


def _alphabets(inputs: Outputs) -> dict[str, str]:
    return {
        "Lower": string.ascii_lowercase if inputs.get("lower", True) else "",
        "Upper": string.ascii_uppercase if inputs.get("upper", True) else "",
        "Numeric": string.digits if inputs.get("numeric", inputs.get("number", True)) else "",
        "Special": inputs.get("overrideSpecial", SPECIAL) if inputs.get("special", True) else "",
    }


def _text(inputs: Outputs) -> str:
    classes = _alphabets(inputs)
    least = [
        secrets.choice(alphabet)
        for name, alphabet in classes.items()
        for _ in range(inputs.get(f"min{name}", 0))
        if alphabet
    ]
    alphabet = "".join(classes.values())
    chosen = least + [secrets.choice(alphabet) for _ in range(inputs["length"] - len(least))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _string(inputs: Outputs) -> tuple[str, Outputs]:
    result = _text(inputs)
    return result, {"result": result}


def _password(inputs: Outputs) -> tuple[str, Outputs]:
    result = _text(inputs)
    digest = bcrypt.hashpw(result.encode()[:72], bcrypt.gensalt()).decode()  # bcrypt reads 72 bytes
    return "none", {"result": result, "bcryptHash": digest}


def _bytes(inputs: Outputs) -> tuple[str, Outputs]:
    value = secrets.token_bytes(inputs["length"])
    encoded = base64.b64encode(value).decode()
    return encoded, {"base64": encoded, "hex": value.hex()}


def _id(inputs: Outputs) -> tuple[str, Outputs]:
    value, prefix = secrets.token_bytes(inputs["byteLength"]), inputs.get("prefix", "")
    url = base64.urlsafe_b64encode(value).decode().rstrip("=")
    forms = {
        "b64Std": base64.b64encode(value).decode(),
        "b64Url": url,
        "dec": str(int.from_bytes(value)),
        "hex": value.hex(),
    }
    return url, {name: prefix + form for name, form in forms.items()}


def _integer(inputs: Outputs) -> tuple[str, Outputs]:
    value = inputs["min"] + secrets.randbelow(inputs["max"] - inputs["min"] + 1)
    return str(value), {"result": value}


def _uuid(inputs: Outputs) -> tuple[str, Outputs]:
    del inputs
    value = str(uuid.uuid4())
    return value, {"result": value}


MAKERS: Final[dict[str, Callable[[Outputs], tuple[str, Outputs]]]] = {
    "random:index/randomBytes:RandomBytes": _bytes,
    "random:index/randomId:RandomId": _id,
    "random:index/randomInteger:RandomInteger": _integer,
    "random:index/randomPassword:RandomPassword": _password,
    "random:index/randomString:RandomString": _string,
    "random:index/randomUuid:RandomUuid": _uuid,
}
"""What makes the id and the outputs of each type. A value is computed in the provider and kept by the engine."""

NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "random:index/randomBytes:RandomBytes": ("length",),
    "random:index/randomId:RandomId": ("byteLength",),
    "random:index/randomInteger:RandomInteger": ("max", "min"),
    "random:index/randomPassword:RandomPassword": ("length",),
    "random:index/randomString:RandomString": ("length",),
}
"""Required inputs of each type."""


def refusals(token: str, inputs: Outputs) -> Iterator[tuple[str, str]]:
    """What is wrong with the inputs of a type, as (property, reason), in the spirit of terraform-provider-random."""
    if token not in MAKERS:
        yield "", str(NotSimulatedError(token))
        return
    if any(contains_unknown(value) for value in inputs.values()):
        return
    needed = NEEDED.get(token, ())
    odd = [n for n in NUMBERS if not isinstance(inputs.get(n, 0), int)] + [n for n in needed if n not in inputs]
    yield from ((name, f"'{name}' must be given as an integer") for name in odd)
    if odd:
        return
    if "max" in inputs and inputs["max"] < inputs["min"]:
        yield "max", f"max ({inputs['max']}) must not be less than min ({inputs['min']})"
    if any(inputs[name] < 1 for name in needed if name.lower().endswith("length")):
        yield needed[0], f"'{needed[0]}' must be at least 1"
    if MAKERS[token] in (_password, _string):
        least = sum(inputs.get(f"min{name}", 0) for name, alphabet in _alphabets(inputs).items() if alphabet)
        if least > inputs["length"]:
            yield "length", f"length ({inputs['length']}) must not be less than the sum of the minimums ({least})"
        if not any(_alphabets(inputs).values()):
            yield "length", "no class of characters is left to choose from"


COMPUTED: Final = ("b64Std", "b64Url", "base64", "bcryptHash", "dec", "hex", "result")


class Random(AttachedProvider):
    """The provider's side of the protocol. `version` is what it reports."""

    async def Configure(
        self, request: provider_pb2.ConfigureRequest, context: Context
    ) -> provider_pb2.ConfigureResponse:
        """Need no configuration."""
        del request, context
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    async def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        """Refuse a type that is not made here, and inputs that no value fits."""
        del context
        found = refusals(_type(request.urn), load(request.news))
        failures = [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in found]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    async def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        """Replace the value when any input changes."""
        del context
        changed = [path for path, _ in differences(load(request.old_inputs), load(request.news))]
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if changed else none, replaces=changed, diffs=changed)

    async def Create(self, request: provider_pb2.CreateRequest, context: Context) -> provider_pb2.CreateResponse:
        """Make the value."""
        del context
        inputs = load(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=dump(dict.fromkeys(COMPUTED, UNKNOWN) | inputs))
        made_id, outputs = MAKERS[_type(request.urn)](inputs)
        return provider_pb2.CreateResponse(id=made_id, properties=dump(inputs | outputs))

    async def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        """Find the value as it is in the checkpoint: nothing else has it."""
        del context
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    async def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> empty_pb2.Empty:
        """Forget the value."""
        del request, context
        return empty_pb2.Empty()


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]
