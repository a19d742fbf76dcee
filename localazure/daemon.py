"""The embedded Azure as one process: everything it serves is started here and stopped here."""

import asyncio
import errno
import fcntl
import gc
import os
import secrets
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

import grpc
from aiohttp import web
from pulumi.runtime.proto import language_pb2_grpc, provider_pb2_grpc

from localazure.azure import Azure
from localazure.client import LOCK
from localazure.control import control_app
from localazure.endpoints import FILE, Endpoints
from localazure.engine.azure_native import AzureNative
from localazure.engine.language import PythonHost
from localazure.engine.random_values import Random
from localazure.engine.same_user import SameUser
from localazure.errors import StateError
from localazure.runtime import Runtime
from localazure.services.catalog import TYPES
from localazure.shapes import resource_shape
from localazure.store import Store
from localazure.subscription import TENANT_ID

GRACE_SECONDS: Final = 5.0
LOCK_SECONDS: Final = 2.0
LARGEST_MESSAGE: Final = 400 << 20
"""Bytes; the limit of the engine itself (pulumi, sdk/go/common/util/rpcutil)."""


async def serve(state: Path) -> None:
    """Run the embedded Azure of one state folder until SIGTERM, SIGINT or a request to stop.

    Raises:
        StateError: another daemon has the folder, it cannot be used, or a port that was given out is taken.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(await _lock(state))
        (state / FILE).unlink(missing_ok=True)  # of a daemon that was killed
        store = Store(state / "azure.json")
        runtime = await stack.enter_async_context(Runtime.open(state, TENANT_ID, store))
        azure = Azure(store, runtime, TYPES)
        stack.push_async_callback(azure.stop)
        await azure.recover()
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        secret = secrets.token_urlsafe(32)
        endpoints = Endpoints(
            pid=os.getpid(),
            control_port=await stack.enter_async_context(_control(azure, secret, stopping)),
            secret=secret,
            azure_native_port=await stack.enter_async_context(_azure_native(azure)),
            random_port=await stack.enter_async_context(_random()),
            language_port=await stack.enter_async_context(_language()),
            authority=str(runtime.authority.bundle),
        )
        endpoints.write(state)
        stack.callback((state / FILE).unlink, missing_ok=True)
        # The shapes are read while the engine starts; the first deployment does not wait for them. They live as long as
        # the daemon, so nobody looks for garbage among them.
        gc.disable()
        await asyncio.to_thread(lambda: [resource_shape(token) for token in azure.tokens])
        gc.freeze()
        gc.enable()
        await stopping.wait()


async def _lock(state: Path) -> IO[str]:
    """Hold the state folder; the kernel lets go of it with this process, whatever happens."""
    try:
        state.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
        file = (state / LOCK).open("a", encoding="utf-8")
    except OSError as error:
        raise StateError(f"The state folder {state} cannot be used: {error.strerror}.") from error
    deadline = asyncio.get_running_loop().time() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno != errno.EWOULDBLOCK or asyncio.get_running_loop().time() > deadline:
                file.close()
                raise StateError(f"Another daemon already serves {state}.") from error
            await asyncio.sleep(0.01)  # someone who looks whether a daemon runs holds it for an instant
        else:
            return file


def _server() -> grpc.aio.Server:
    interceptor: Any = SameUser()
    return grpc.aio.server(
        interceptors=[interceptor],
        options=[("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.so_reuseport", 0)],
    )


@asynccontextmanager
async def _listening(server: grpc.aio.Server) -> AsyncGenerator[int]:
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(GRACE_SECONDS)


@asynccontextmanager
async def _azure_native(azure: Azure) -> AsyncGenerator[int]:
    server: Any = _server()
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AzureNative(azure, version("pulumi-azure-native")), server)
    async with _listening(server) as port:
        yield port


@asynccontextmanager
async def _random() -> AsyncGenerator[int]:
    server: Any = _server()
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Random(version("pulumi-random")), server)
    async with _listening(server) as port:
        yield port


@asynccontextmanager
async def _language() -> AsyncGenerator[int]:
    server: Any = _server()
    packages = sorted({f"pulumi_azure_native.{token.split(':')[0]}" for token in TYPES})
    host = PythonHost(version("pulumi"), ("pulumi_random", "pydantic", *packages))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    await host.prepare()
    try:
        async with _listening(server) as port:
            yield port
    finally:
        await host.close()


@asynccontextmanager
async def _control(azure: Azure, secret: str, stopping: asyncio.Event) -> AsyncGenerator[int]:
    runner = web.AppRunner(control_app(azure, secret=secret, stop=stopping.set), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
