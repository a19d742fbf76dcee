"""The Python language host that the engine attaches to: `PULUMI_DEBUG_LANGUAGES=python:PORT`.

It runs a program in a child process with this interpreter, or with the virtual environment that the program's
Pulumi.yaml names. It reports no packages, so the engine has nothing to install (local-azure.md section 1.5).
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, language_pb2, language_pb2_grpc, plugin_pb2

from localazure.containers.process import bound_to_daemon
from localazure.engine.wire import load

Context = grpc.aio.ServicerContext[Any, Any]
RUNNER: Final = Path(__file__).with_name("program.py")
ALREADY_SHOWN: Final = 32
"""Exit status of a program whose error the engine has shown already (pulumi, sdk/python/cmd)."""
LONGEST_LINE: Final = 3 << 20
"""Bytes; what a program may print in one line. A message to the engine holds 4 MiB."""


class PythonHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs Python programs, each in a process of its own.

    Args:
        version: what the host reports.
        preload: packages that programs import. One process is always there that has imported them already, because a
            program of this size spends most of its time on that (docs/performance.md).
    """

    def __init__(self, version: str, preload: Sequence[str]) -> None:
        self._version = version
        self._preload = preload
        self._engines: dict[str, str] = {}  # engine addresses by connection: two engines may run at once
        self._spare: asyncio.subprocess.Process | None = None
        self._preparation: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Start the process of the next program."""
        if self._spare is None:
            self._spare = await _start(sys.executable, self._preload)

    async def close(self) -> None:
        """End the process that no program came for."""
        if self._preparation:
            await self._preparation
        if spare := self._take_spare():
            spare.kill()
            await spare.wait()

    def _take_spare(self) -> asyncio.subprocess.Process | None:
        spare, self._spare = self._spare, None
        return spare if spare and spare.returncode is None else None

    async def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: Context
    ) -> language_pb2.LanguageHandshakeResponse:
        """Remember where the engine listens."""
        self._engines[context.peer()] = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    async def GetPluginInfo(self, request: empty_pb2.Empty, context: Context) -> plugin_pb2.PluginInfo:
        """Say the version."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._version)

    async def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: Context
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Ask for nothing: both providers are attached."""
        del request, context
        return language_pb2.GetRequiredPackagesResponse()

    async def Cancel(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        """The program ends when the engine closes its connection."""
        del request, context
        return empty_pb2.Empty()

    async def Run(self, request: language_pb2.RunRequest, context: Context) -> language_pb2.RunResponse:
        """Run a program to its end; what it prints is shown by the engine."""
        engine = self._engines.get(context.peer(), "")
        directory = request.info.program_directory or request.pwd
        run = {
            "config": dict(request.config),
            "directory": directory,
            "dry_run": request.dryRun,
            "engine": engine,
            "monitor": request.monitor_address,
            "organization": request.organization or "organization",
            "parallel": request.parallel,
            "program": str(Path(directory, request.info.entry_point or ".")),
            "project": request.project,
            "root_directory": request.info.root_directory or request.pwd,
            "secret_keys": list(request.configSecretKeys),
            "stack": request.stack,
        }
        python = interpreter(request.info.root_directory or directory, load(request.info.options))
        spare = self._take_spare() if python == sys.executable else None
        child = spare or await _start(python, ())
        try:
            await self._follow(child, json.dumps(run), engine)
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        self._preparation = asyncio.create_task(self.prepare())
        if child.returncode in (0, ALREADY_SHOWN):
            return language_pb2.RunResponse(bail=child.returncode == ALREADY_SHOWN)
        return language_pb2.RunResponse(error=f"The program ended with exit status {child.returncode}.")

    async def _follow(self, child: asyncio.subprocess.Process, run: str, engine: str) -> None:
        assert child.stdin  # noqa: S101 - asked for with PIPE
        assert child.stdout  # noqa: S101 - asked for with PIPE
        child.stdin.write(run.encode())
        child.stdin.close()
        async with grpc.aio.insecure_channel(engine) as channel:
            log: Any = engine_pb2_grpc.EngineStub(channel)  # its types know the blocking form only
            async for line in child.stdout:
                text = line.decode(errors="replace").rstrip()
                await log.Log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=text))
        await child.wait()


async def _start(python: str, preload: Sequence[str]) -> asyncio.subprocess.Process:
    """Start a process that imports the packages and then waits to be told, on standard input, what to run."""
    return await asyncio.create_subprocess_exec(
        # -P: the folder of the runner is not for the program to import from. Bound: a program whose engine has ended
        # with the daemon would wait for an answer for ever.
        *bound_to_daemon([python, "-P", str(RUNNER), *preload]),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        limit=LONGEST_LINE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


def interpreter(root: str, options: dict[str, Any]) -> str:
    """The Python of the virtual environment that a program asks for, if it is there, else this one."""
    wanted = Path(root, str(options.get("virtualenv", "")), "bin", "python")
    return str(wanted) if "virtualenv" in options and wanted.exists() else sys.executable
