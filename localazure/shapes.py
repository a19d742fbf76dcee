"""What the installed `pulumi_azure_native` package says of a resource type; nothing else is consulted.

The SDK carries property names, nesting, required inputs, enum values and the difference between inputs and outputs
(local-azure.md section 3). It does not carry ARM paths, name rules, force-new properties or service rules: those are
written by hand in `localazure/services/`. A new version of the SDK is a test run, not an edit here.
"""

import importlib
import inspect
import re
import threading
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi import _types as sdk_types  # pyright: ignore[reportPrivateUsage] # the table of wire names has no public door


@dataclass(frozen=True)
class Scalar:
    """A string, boolean or number."""

    type: type


@dataclass(frozen=True)
class Choice:
    """One of the published values of an enum; `closed` when the SDK takes no other string."""

    values: tuple[Any, ...]
    closed: bool


@dataclass(frozen=True)
class Objects:
    """An object of one of several argument classes, told apart by their constants."""

    classes: tuple[type, ...]


@dataclass(frozen=True)
class Items:
    """A list."""

    of: "Shape"


@dataclass(frozen=True)
class Values:
    """An object with free keys."""

    of: "Shape"


@dataclass(frozen=True)
class Constant:
    """A discriminator: exactly this value."""

    value: str


@dataclass(frozen=True)
class Anything:
    """What the SDK does not describe."""


Shape = Scalar | Choice | Objects | Items | Values | Constant | Anything


@dataclass(frozen=True)
class Property:
    """One input property. `python_name` is the argument's name in the SDK."""

    python_name: str
    required: bool
    shape: Shape


@dataclass(frozen=True, kw_only=True)
class ResourceShape:
    """A resource type.

    Args:
        inputs: input properties by wire name.
        outputs: types of output properties by wire name, as the SDK annotates them.
        path_parameters: wire names of the inputs that are part of the ARM id.
        auto_named: those of them that the provider fills in when absent.
        api_version: the ARM API version that the SDK writes to, or None.
    """

    inputs: Mapping[str, Property]
    outputs: Mapping[str, Any]
    path_parameters: tuple[str, ...]
    auto_named: tuple[str, ...]
    api_version: str | None


_LOADING: Final = threading.Lock()
"""The SDK's modules load at first use, and another thread would see half of one (Python 3.11, LazyLoader)."""


@cache
def resource_shape(token: str) -> ResourceShape:
    """The shape of a type. `token` is the Pulumi token without the package, e.g. `app:ContainerApp`."""
    module_name, name = token.split(":")
    with _LOADING:
        module = importlib.import_module(f"pulumi_azure_native.{module_name}")
        resource = getattr(module, name)
    own = importlib.import_module(resource.__module__)
    arguments = getattr(own, f"{name}InitArgs", None) or getattr(own, f"{name}Args")
    inputs = properties_of(arguments)
    wire_names = {field.python_name: wire for wire, field in inputs.items()}
    getter = next((getattr(module, n) for n in dir(module) if n.replace("_", "") == f"get{name}".lower()), None)
    parameters = [wire_names.get(p, p) for p in inspect.signature(getter).parameters] if getter else []
    path_parameters = tuple(p for p in parameters if p in inputs)
    # The whole file: to find the class in it takes ten times as long, and it holds one resource.
    source = Path(inspect.getfile(own)).read_text(encoding="utf-8")
    version = re.search(r"Azure REST API version ([0-9a-z-]+)", source)
    return ResourceShape(
        inputs=inputs,
        outputs=sdk_types.resource_types(resource),
        path_parameters=path_parameters,
        auto_named=tuple(p for p in path_parameters if not inputs[p].required),
        api_version=version[1] if version else None,
    )


@cache
def properties_of(arguments: type) -> Mapping[str, Property]:
    """The properties of an argument class, by wire name."""
    constructor: Any = arguments.__init__
    module = importlib.import_module(arguments.__module__)
    # Names are resolved with own locals: forward references are cached across modules otherwise, and Service Bus
    # would get Key Vault's SkuName.
    hints = typing.get_type_hints(constructor, vars(module), {"Output": pulumi.Output, "T": Any})
    wire_names = sdk_types.input_type_py_to_pulumi_names(arguments)
    source = inspect.getsource(constructor)
    constants = dict(re.findall(r"pulumi\.set\(__self__, \"(\w+)\", '([^']+)'\)", source))
    found: dict[str, Property] = {}
    for name, parameter in inspect.signature(constructor).parameters.items():
        if name != "__self__":
            shape = Constant(constants[name]) if name in constants else _shape(hints[name])
            required = parameter.default is inspect.Parameter.empty
            found[wire_names.get(name, name)] = Property(name, required, shape)
    return found


def _members(hint: Any) -> list[Any]:
    """The members of a possibly nested union, without None and without the asynchronous forms."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return [member for part in typing.get_args(hint) for member in _members(part)]
    if hint is types.NoneType or getattr(origin, "__name__", "") in ("Output", "Awaitable"):
        return []
    return [] if isinstance(hint, type) and typing.is_typeddict(hint) else [hint]


def _shape(hint: Any) -> Shape:
    members = _members(hint)
    classes = [m for m in members if isinstance(m, type)]
    if enums := [m for m in classes if issubclass(m, Enum)]:
        values = tuple(choice.value for enum in enums for choice in enum)
        return Choice(values, closed=str not in members and float not in members)
    if objects := [m for m in classes if sdk_types.is_input_type(m)]:
        return Objects(tuple(objects))
    for member in members:
        origin, parts = typing.get_origin(member), typing.get_args(member)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return Values(_shape(parts[1]))
        if isinstance(origin, type) and issubclass(origin, Sequence):
            return Items(_shape(parts[0]))
    scalars = [m for m in classes if m in (str, int, float, bool)]
    return Scalar(scalars[0]) if len(scalars) == 1 else Anything()


def project(outputs: Mapping[str, Any], value: Mapping[str, Any], missing: Any = None) -> dict[str, Any]:
    """An input object in the shape of its response.

    Write-only properties go, and a list of identities becomes a map by id. With `missing`, every property that only a
    response has is filled with it: the unknowns of a preview.
    """
    projected: dict[str, Any] = {}
    for name, hint in outputs.items():
        if name in value:
            projected[name] = _project(hint, value[name], missing)
        elif missing is not None:
            projected[name] = missing
    return projected


def _project(hint: Any, value: Any, missing: Any) -> Any:
    members = _members(hint)
    nested = [m for m in members if isinstance(m, type) and sdk_types.is_output_type(m)]
    if nested and isinstance(value, dict):
        return project(sdk_types.output_type_types(nested[0]), typing.cast("dict[str, Any]", value), missing)
    for member in members:
        origin, parts = typing.get_origin(member), typing.get_args(member)
        mapping = isinstance(origin, type) and issubclass(origin, Mapping)
        if mapping and isinstance(value, list):
            ids = typing.cast("list[str]", value)
            return {identity: dict[str, Any]() for identity in ids} if missing is None else missing
        if mapping and isinstance(value, dict):
            return {k: _project(parts[1], v, missing) for k, v in typing.cast("dict[str, Any]", value).items()}
        if isinstance(origin, type) and issubclass(origin, Sequence) and isinstance(value, list):
            return [_project(parts[0], v, missing) for v in typing.cast("list[Any]", value)]
    return value
