"""The language host runs programs in child processes; the engine and its resource monitor are played here."""

import textwrap
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from localazure.engine.language import PythonHost, interpreter
from localazure.engine.wire import load
from tests.unit.localazure.engine.plugin import serving

pytestmark = pytest.mark.integration


class Engine(engine_pb2_grpc.EngineServicer, resource_pb2_grpc.ResourceMonitorServicer):
    """Writes down what it is told, and answers what a program asks. Methods are named by the protocol."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []
        self.outputs: dict[str, Any] = {}

    async def Log(self, request: engine_pb2.LogRequest, context: Any) -> empty_pb2.Empty:  # noqa: N802 - see above
        del context
        if request.severity != engine_pb2.DEBUG:
            self.said.append((request.severity, request.message))
        return empty_pb2.Empty()

    async def SupportsFeature(  # noqa: N802 - see above
        self, request: resource_pb2.SupportsFeatureRequest, context: Any
    ) -> resource_pb2.SupportsFeatureResponse:
        del request, context
        return resource_pb2.SupportsFeatureResponse()

    async def GetDeploymentInfo(  # noqa: N802 - see above
        self, request: empty_pb2.Empty, context: Any
    ) -> resource_pb2.DeploymentInfo:
        del request, context
        return resource_pb2.DeploymentInfo()

    async def SignalAndWaitForShutdown(  # noqa: N802 - see above
        self, request: empty_pb2.Empty, context: Any
    ) -> empty_pb2.Empty:
        del request, context
        return empty_pb2.Empty()

    async def RegisterResource(  # noqa: N802 - see above
        self, request: resource_pb2.RegisterResourceRequest, context: Any
    ) -> resource_pb2.RegisterResourceResponse:
        del context
        return resource_pb2.RegisterResourceResponse(urn=f"urn:pulumi:dev::p::{request.type}::{request.name}")

    async def RegisterResourceOutputs(  # noqa: N802 - see above
        self, request: resource_pb2.RegisterResourceOutputsRequest, context: Any
    ) -> empty_pb2.Empty:
        del context
        self.outputs = load(request.outputs)
        return empty_pb2.Empty()


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def engine_address(engine: Engine) -> AsyncGenerator[str]:
    def register(server: Any) -> None:
        engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)

    async with serving(register) as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture
async def host(engine_address: str) -> AsyncGenerator[Any]:
    """A host that has shaken hands with the engine and has a process ready for a program."""
    made = PythonHost("3.259.0", ("colorsys",))
    await made.prepare()

    def register(server: Any) -> None:
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(made, server)

    async with serving(register) as port, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = language_pb2_grpc.LanguageRuntimeStub(channel)
        await stub.Handshake(language_pb2.LanguageHandshakeRequest(engine_address=engine_address))
        yield stub
        await made.close()


async def run(host: Any, address: str, folder: Path, program: str) -> language_pb2.RunResponse:
    (folder / "__main__.py").write_text(textwrap.dedent(program))
    request = language_pb2.RunRequest(
        project="program",
        stack="dev",
        config={"program:greeting": "hello"},
        dryRun=True,
        parallel=4,
        monitor_address=address,
        info=language_pb2.ProgramInfo(root_directory=str(folder), program_directory=str(folder), entry_point="."),
    )
    return await host.Run(request)


async def test_the_host_asks_for_no_package(host: Any) -> None:
    asked = await host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest())
    info = await host.GetPluginInfo(empty_pb2.Empty())

    assert list(asked.packages) == []
    assert info.version == "3.259.0"


async def test_a_program_runs_with_its_configuration_and_what_it_prints_is_shown(
    host: Any, engine_address: str, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "beside.py").write_text("WORD = 'beside'")
    program = """
        import beside, pulumi, sys
        print(beside.WORD, pulumi.get_stack(), pulumi.get_project(), "colorsys" in sys.modules)
        print("x" * 100_000, file=sys.stderr)
        pulumi.export("greeting", pulumi.Config().require("greeting"))
    """

    done = await run(host, engine_address, tmp_path, program)

    assert (done.error, done.bail) == ("", False)
    assert engine.said == [(engine_pb2.INFO, "beside dev program True"), (engine_pb2.INFO, "x" * 100_000)]
    assert engine.outputs == {"greeting": "hello"}


async def test_every_program_has_a_process_of_its_own(
    host: Any, engine_address: str, engine: Engine, tmp_path: Path
) -> None:
    for _ in range(2):
        await run(
            host, engine_address, tmp_path, "import os, sys; print(os.getpid(), getattr(sys, 'seen', 0)); sys.seen = 1"
        )

    (first, fresh), (second, fresh_again) = (message.split() for _, message in engine.said)
    assert first != second
    assert (fresh, fresh_again) == ("0", "0")


async def test_an_error_that_a_program_means_is_shown_without_a_traceback(
    host: Any, engine_address: str, engine: Engine, tmp_path: Path
) -> None:
    program = """
        import pulumi
        raise pulumi.RunError("digitalmee:api.cpu: missing")
    """

    done = await run(host, engine_address, tmp_path, program)

    assert (done.error, done.bail) == ("", True)
    assert engine.said == [(engine_pb2.ERROR, "digitalmee:api.cpu: missing")]


async def test_a_crash_is_shown_with_its_traceback(
    host: Any, engine_address: str, engine: Engine, tmp_path: Path
) -> None:
    done = await run(host, engine_address, tmp_path, "1 / 0")

    assert (done.error, done.bail) == ("", True)
    [(severity, message)] = engine.said
    assert severity == engine_pb2.ERROR
    assert message.startswith("Program failed with an unhandled exception:\nTraceback")
    assert "ZeroDivisionError" in message


async def test_an_exit_without_a_word_is_an_error_of_the_run(
    host: Any, engine_address: str, engine: Engine, tmp_path: Path
) -> None:
    done = await run(host, engine_address, tmp_path, "import os; os._exit(3)")

    assert (done.error, done.bail) == ("The program ended with exit status 3.", False)
    assert engine.said == []


def test_the_virtual_environment_that_a_program_names_is_used_if_it_is_there(tmp_path: Path) -> None:
    own = interpreter(str(tmp_path), {})
    python = tmp_path / "venv" / "bin" / "python"

    assert interpreter(str(tmp_path), {"virtualenv": "venv"}) == own
    python.parent.mkdir(parents=True)
    python.touch()
    assert interpreter(str(tmp_path), {"virtualenv": "venv"}) == str(python)
