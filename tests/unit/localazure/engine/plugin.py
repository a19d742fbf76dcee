"""The engine's end of a plugin: a channel to a servicer that listens on loopback."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from localazure.engine.wire import dump, load


@asynccontextmanager
async def serving(register: Callable[[Any], None]) -> AsyncGenerator[int]:
    """Serve what `register` adds to a server; gives the port."""
    server = grpc.aio.server()
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


class Provider:
    """A provider as one instance of it in the engine speaks to it: one connection."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)  # its types know the blocking form only

    @staticmethod
    @asynccontextmanager
    async def connected(port: int) -> "AsyncGenerator[Provider]":
        # without the option two channels to one address share a connection
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
            yield Provider(channel)

    async def check(
        self, urn: str, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None, **request: Any
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """The checked inputs, and what is wrong by property."""
        answer = await self.stub.Check(
            provider_pb2.CheckRequest(urn=urn, news=dump(dict(news)), olds=dump(dict(olds or {})), **request)
        )
        return load(answer.inputs), {failure.property: failure.reason for failure in answer.failures}

    async def diff(self, urn: str, resource_id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Any:
        return await self.stub.Diff(
            provider_pb2.DiffRequest(urn=urn, id=resource_id, old_inputs=dump(dict(old)), news=dump(dict(new)))
        )

    async def create(self, urn: str, inputs: Mapping[str, Any], **request: Any) -> tuple[str, dict[str, Any]]:
        """The id and the outputs."""
        answer = await self.stub.Create(provider_pb2.CreateRequest(urn=urn, properties=dump(dict(inputs)), **request))
        return answer.id, load(answer.properties)
