"""The tape: every registration that the program makes for a stack file, run under mocks.

Mocks prove construction: what is declared, under which parent, in which order. They prove nothing of the engine (see
`tests/e2e`) and nothing of Azure.

    python -m tests.tape --write     rewrite the golden tapes, docs/configuration.md and Pulumi.schema.json
    python -m tests.tape dev         print the tape of a stack
"""

import asyncio
import copy
import gc
import json
import runpy
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, reduce
from pathlib import Path
from typing import Any, Final, ParamSpec, cast

import yaml
from pulumi.runtime import Mocks, configure, rpc, run_in_stack, set_all_config
from pulumi.runtime.mocks import MockCallArgs, MockEngine, MockMonitor, MockResourceArgs, MockSettings

from tests.computed import computed

ROOT: Final = Path(__file__).resolve().parent.parent
GOLDEN: Final = ROOT / "tests" / "contract" / "golden"
STACKS: Final = ("dev", "staging", "prod")
PROJECT: Final = "digitalmee"
SUBSCRIPTION: Final = "00000000-0000-4000-8000-000000000001"
TENANT: Final = "00000000-0000-4000-8000-000000000002"
WORKLOADS: Final = ("api", "mcp", "worker")
DIGEST: Final = "sha256:" + "a" * 64
_Given = ParamSpec("_Given")


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One resource as the program registers it."""

    urn: str
    type: str
    name: str
    parent: str
    protect: bool
    custom: bool
    delete_before_replace: bool
    depends_on: tuple[str, ...]
    ignore_changes: tuple[str, ...]
    inputs: Mapping[str, Any]


@dataclass(kw_only=True)
class Tape:
    """Everything that one run of the program asked of the engine."""

    registrations: dict[str, Registration] = field(default_factory=dict[str, Registration])
    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """What components and the stack registered as outputs, by URN."""

    @property
    def exports(self) -> Mapping[str, Any]:
        """What the program exports."""
        return next(outputs for urn, outputs in self.outputs.items() if "::pulumi:pulumi:Stack::" in urn)

    def one(self, kind: str, name: str) -> Registration:
        """Return the resource of a type, by its token's last part, and logical name."""
        found = [r for r in self.registrations.values() if r.type.endswith(f":{kind}") and r.name == name]
        assert len(found) == 1, f"{kind} {name}: {len(found)} on the tape of {sorted(self.registrations)}"
        return found[0]

    def of(self, kind: str) -> list[Registration]:
        """Return all resources of a type, by its token's last part."""
        return [r for r in self.registrations.values() if r.type.endswith(f":{kind}")]


class _Azure(Mocks):
    """Answers like Azure would, for the outputs that the program reads."""

    def __init__(self, last_outputs: Mapping[str, Any]) -> None:
        self._last_outputs = last_outputs

    def call(self, args: MockCallArgs) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride] - as documented
        if args.token == "azure-native:authorization:getClientConfig":
            return {"clientId": "client", "objectId": "object", "subscriptionId": SUBSCRIPTION, "tenantId": TENANT}
        assert args.token == "pulumi:pulumi:readStackOutputs", args.token
        return {"name": "this stack", "outputs": dict(self._last_outputs), "secretOutputNames": []}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)
        return computed(args.typ, args.name, inputs)


class _Preview(Mocks):
    """Answers less than any preview: every output and every id is unknown."""

    def __init__(self, last_outputs: Mapping[str, Any]) -> None:
        self._azure = _Azure(last_outputs)

    def call(self, args: MockCallArgs) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride] - as documented
        return self._azure.call(args)

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        del args
        return "", {}


class _Recorder(MockMonitor):
    """Keeps what the stock monitor forgets: parents, protection, order, outputs."""

    def __init__(self, mocks: Mocks, stack: str, tape: Tape) -> None:
        super().__init__(mocks)
        self._stack = stack
        self.tape = tape

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        # as the engine: what the stack owns is not prefixed with the stack's type
        owner = "" if "::pulumi:pulumi:Stack::" in parent or not parent else parent.split("::")[2] + "$"
        return f"urn:pulumi:{self._stack}::{PROJECT}::{owner}{type_}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - named by the protocol
        response = cast("Any", super()).RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            self.tape.registrations[response.urn] = Registration(
                urn=response.urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                protect=request.protect,
                custom=request.custom,
                delete_before_replace=request.deleteBeforeReplace,
                depends_on=tuple(sorted(request.dependencies)),
                ignore_changes=tuple(request.ignoreChanges),
                inputs=_whole(rpc.deserialize_properties(request.object)),
            )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - named by the protocol
        self.tape.outputs[request.urn] = _whole(rpc.deserialize_properties(request.outputs))
        return cast("Any", super()).RegisterResourceOutputs(request)


def stack_config(stack: str) -> dict[str, Any]:
    """Return the configuration of a stack file, to keep or to change."""
    return copy.deepcopy(_read_config(stack))


@cache
def _read_config(stack: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]


def flat(config: Mapping[str, Any]) -> dict[str, str]:
    """Return a configuration as the engine hands it over: text, objects as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def record(
    program: Callable[[], None],
    *,
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    last_outputs: Mapping[str, Any] | None = None,
    tape: Tape | None = None,
    preview: bool = False,
) -> Tape:
    """Run `program` as the stack `stack` and return its tape, which is `tape` if one is given."""
    mocks = (_Preview if preview else _Azure)(last_outputs or {})
    monitor = _Recorder(mocks, stack, tape or Tape())
    features = set(cast("Any", monitor).GetDeploymentInfo(None).supportedFeatures)
    settings = MockSettings(
        monitor=monitor,
        monitor_features=features,
        engine=MockEngine(None),
        project=PROJECT,
        stack=stack,
        dry_run=preview,
        organization="organization",
    )

    loops: list[asyncio.AbstractEventLoop] = []

    def own_loop() -> None:
        # the stock monitor would make one in each thread and never close it
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    async def run() -> None:
        # in a task, so that what the SDK keeps in context variables ends with this run
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1, initializer=own_loop))
        configure(settings)
        set_all_config(dict(config or {}))
        await asyncio.wait_for(run_in_stack(program), timeout=240)

    # nearly all that a run makes lives to its end; looking through it again and again took two thirds of the time
    gc.disable()
    try:
        asyncio.run(run())
    finally:
        gc.enable()
        for loop in loops:
            loop.close()
    return monitor.tape


def record_main(
    stack: str,
    *,
    last_outputs: Mapping[str, Any] | None = None,
    release: str | Mapping[str, Any] | None = None,
    tape: Tape | None = None,
) -> Tape:
    """Run `__main__.py` with the stack file of `stack` and return its tape.

    Args:
        stack: dev, staging or prod.
        last_outputs: What the stack exported at its last update.
        release: The one-time override: a digest for all workloads, or a step for each.
        tape: The tape to record on, for a run that is expected to fail.
    """
    steps = dict.fromkeys(WORKLOADS, release) if isinstance(release, str) else release
    override = {f"{PROJECT}:release": steps} if steps else {}

    def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"))

    config = flat({**stack_config(stack), **override})
    return record(program, stack=stack, config=config, last_outputs=last_outputs, tape=tape)


def recorded_once(recording: Callable[_Given, Tape]) -> Callable[_Given, Tape]:
    """Let a recording be made once for the same arguments; look at it and change nothing.

    `functools.cache` with the types of the function: frozen sections have a hash that the type checker does not see.
    """
    return cast("Callable[_Given, Tape]", cache(recording))


@recorded_once
def released(stack: str) -> Tape:
    """Return the tape of a stack with an image released, recorded once in a process; look at it and change nothing."""
    return record_main(stack, release=DIGEST)


def render(tape: Tape) -> str:
    """Return a tape as YAML that is the same for the same program."""
    resources = [
        {
            "urn": _short(item.urn),
            "parent": _short(item.parent),
            "protect": item.protect,
            "delete_before_replace": item.delete_before_replace,
            "depends_on": [_short(urn) for urn in item.depends_on],
            "ignore_changes": list(item.ignore_changes),
            "inputs": _timeless(item),
        }
        for item in sorted(tape.registrations.values(), key=lambda item: item.urn)
        if item.custom
    ]
    return yaml.safe_dump({"resources": resources, "exports": dict(tape.exports)}, sort_keys=False, width=120)


_DATED: Final = {
    "consumption:Budget": ("timePeriod", "startDate"),
    "keyvault:Key": ("properties", "attributes", "expires"),
    "keyvault:Secret": ("properties", "attributes", "expires"),
}
"""Where resources have a day that is counted from the day of the run."""


def _timeless(item: Registration) -> Mapping[str, Any]:
    """Return the inputs of a resource without the day of this run."""
    inputs = copy.deepcopy(dict(item.inputs))
    *way, last = _DATED.get(item.type.removeprefix("azure-native:"), (None,))
    if last:
        reduce(lambda inner, key: inner[key], way, inputs)[last] = "by the day of the run"
    return inputs


def _short(urn: str) -> str:
    return urn.partition(f"::{PROJECT}::")[2]


def _whole(value: Any) -> Any:
    """Return `value` with the integers that the wire format makes floats."""
    match value:
        case dict():
            items = cast("dict[str, Any]", value).items()
            return {key: _whole(item) for key, item in sorted(items)}
        case list():
            return [_whole(item) for item in cast("list[Any]", value)]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        assert len(sys.argv) == 2, __doc__
        assert sys.argv[1] in STACKS, __doc__
        sys.stdout.write(render(released(sys.argv[1])))
        sys.exit()
    from tests.configuration import PAGE, page
    from tests.stack_schema import SCHEMA, text

    for each in STACKS:
        (GOLDEN / f"{each}.yaml").write_text(render(released(each)))
    PAGE.write_text(page())
    SCHEMA.write_text(text())
