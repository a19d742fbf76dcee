import os
import socket
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc

from localazure.engine.random_values import Random
from localazure.engine.same_user import SameUser, user_of


def test_the_kernel_tells_whose_socket_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        host, port = client.getsockname()

        assert user_of(f"ipv4:{host}:{port}") == os.getuid()


@pytest.mark.parametrize("peer", ["ipv4:127.0.0.1:1", "ipv6:%5B::1%5D:40000", "unix:", ""])
def test_a_peer_without_such_a_socket_has_no_user(peer: str) -> None:
    assert user_of(peer) is None


def test_a_socket_that_one_reading_of_the_table_misses_is_found_by_the_next() -> None:
    row = "0: 0100007F:9C40 00000000:0000 01 00000000:00000000 00:00000000 00000000  1234 0 1"
    readings = iter([[], [], [row]])

    assert user_of("ipv4:127.0.0.1:40000", lambda: iter(next(readings))) == 1234


async def ask(allowed: set[int] | None) -> str:
    interceptor: Any = SameUser(allowed)
    server: Any = grpc.aio.server(interceptors=[interceptor])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Random("4.2.0"), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
            info: plugin_pb2.PluginInfo = await stub.GetPluginInfo(empty_pb2.Empty(), timeout=10)
            return info.version
    finally:
        await server.stop(0)


async def test_the_daemons_own_user_is_answered() -> None:
    assert await ask(None) == "4.2.0"


async def test_another_user_is_refused() -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="serves another user"):
        await ask({os.getuid() + 1})
